import type { ThreadId } from '../../shared/units.ts';
import type { CoveredModule, DataBlockFacts, DocumentFacts } from '../model.ts';
import type { CellBlocks } from './atomic-edges.ts';
import { Ordering } from './ordering.ts';

/** The relation over all threads of one document. */
export function orderingOf(document: DocumentFacts): Ordering {
  return new Ordering({
    edges: document.edges,
    atomics: document.atomics,
    blocks: cellBlocks(document),
    isLossy: (thread) => isLossy(document, thread),
  });
}

function cellBlocks(document: DocumentFacts): CellBlocks {
  return {
    blockOf: (thread, memory) => document.memories.find(thread, memory),
    isOpaque: (block) => isOpaque(document, block as DataBlockFacts),
    get version() {
      const { memories, workers } = document;
      let wasm = 0;
      for (const { kind } of memories) if (kind === 'wasm') wasm++;
      const unseen = hasUnseenWorkers(document);
      return `${memories.joins} ${wasm} ${mayHoldAtomics(document)} ${workers.size} ${unseen}`;
    },
  };
}

/**
 * Whether threads may talk through a data block without our seeing it: by atomic instructions of
 * WebAssembly, or in a worker that could not be entered.
 */
export function isOpaque(document: DocumentFacts, { kind }: Pick<DataBlockFacts, 'kind'>): boolean {
  return (kind === 'wasm' && mayHoldAtomics(document)) || hasUnseenWorkers(document);
}

/**
 * Whether a module may have done atomic operations that are not recorded. Where no module was seen at all, it was
 * compiled where nobody looked.
 */
export function mayHoldAtomics({
  compilations,
  coveredModules,
  missedModules,
}: DocumentFacts): boolean {
  if (compilations.length === 0 || missedModules.length > 0) return true;
  const left = new Map<string, number>();
  const like = ({ thread, bytes }: CoveredModule): string => `${thread} ${bytes}`;
  for (const each of coveredModules) left.set(like(each), (left.get(like(each)) ?? 0) + 1);
  for (const each of compilations) {
    if (each.atomics === 'none') continue;
    const covered = left.get(like(each)) ?? 0;
    if (covered === 0) return true;
    left.set(like(each), covered - 1);
  }
  return false;
}

export function hasUnseenWorkers({ workers }: DocumentFacts): boolean {
  for (const { entered, channel } of workers.values()) {
    if (entered === 'yes') continue;
    if (channel.sides[0]?.ends.some(({ sent }) => sent > 0)) return true;
  }
  return false;
}

function isLossy({ incomplete, losses }: DocumentFacts, thread: ThreadId): boolean {
  return (
    incomplete || losses.some(({ lostThread, why }) => lostThread === thread || why === 'paused')
  );
}
