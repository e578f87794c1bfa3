import { memoryLabel } from '../../../analysis/labels.ts';
import type { DocumentFacts, EntityKey, HeapCountFacts } from '../../../analysis/model.ts';
import * as LIMITS from '../../../shared/limits.ts';
import type { BlockIndexes } from './block-index.ts';
import type { HeapMemory } from './heap-protocol.ts';

type Count = HeapCountFacts['counts'][number];
/** A byte of the shadow is for so many of the heap. */
const SHADOW_SHARE = 8;

interface Sum {
  label: string;
  bytes: number;
  growths: number;
  made: number;
  live: number;
  liveBytes: number;
  readonly counts: HeapCountFacts[];
}

/** What is counted of each memory of a document, by its key. */
export function heapCountsOf(document: DocumentFacts): ReadonlyMap<EntityKey, HeapCountFacts[]> {
  const out = new Map<EntityKey, HeapCountFacts[]>();
  for (const each of document.heapCounts.values()) {
    const { key } = document.memories.find(each.thread, each.memory) ?? {
      key: `${document.index}/m${each.thread}.${each.memory}`,
    };
    const known = out.get(key);
    if (known === undefined) out.set(key, [each]);
    else known.push(each);
  }
  return out;
}

/** The memories in which there are blocks, as they were last seen. Those of pages that are there come first. */
export function buildHeapMemories(
  documents: readonly DocumentFacts[],
  indexes: BlockIndexes,
): readonly HeapMemory[] {
  const shown = documents.flatMap((document) => {
    const sums = new Map<EntityKey, Sum>();
    const sumOf = (key: EntityKey): Sum => {
      let sum = sums.get(key);
      if (sum === undefined) {
        const label = `memory ${key.slice(key.indexOf('/') + 2)}`;
        const none = { bytes: 0, growths: 0, made: 0, live: 0, liveBytes: 0 };
        sum = { label, ...none, counts: [] };
        sums.set(key, sum);
      }
      return sum;
    };
    for (const [key, counts] of heapCountsOf(document)) sumOf(key).counts.push(...counts);
    const index = indexes.of(document);
    const homes = index.homes();
    const own = homes.map(({ key }) => sumOf(key));
    for (let row = 0; row < index.blocks.length; row++) {
      const sum = own[index.home[row] ?? 0];
      if (sum === undefined) continue;
      sum.made++;
      if (index.freed[row] !== Number.POSITIVE_INFINITY) continue;
      sum.live++;
      sum.liveBytes += index.bytes[row] ?? 0;
    }
    for (const memory of document.memories) {
      const sum = sums.get(memory.key);
      if (sum === undefined) continue;
      sum.label = memoryLabel(memory);
      sum.growths = memory.growths.length;
      sum.bytes = memory.growths.reduce((most, { to }) => Math.max(most, to), memory.bytes);
    }
    return [...sums].map(([key, sum]) => showMemory(key, sum, document.goneAt !== undefined));
  });
  return shown.sort((a, b) => Number(a.isGone) - Number(b.isGone));
}

function showMemory(key: EntityKey, sum: Sum, isGone: boolean): HeapMemory {
  let { made, live, liveBytes, bytes } = sum;
  let freed = made - live;
  let last: Count | undefined;
  if (sum.counts.length > 0) {
    made = 0;
    freed = 0;
    live = 0;
    liveBytes = 0;
  }
  for (const { counts } of sum.counts) {
    const count = counts.at(-1);
    if (count === undefined) continue;
    made += count.made;
    freed += count.freed;
    live += count.made - count.freed;
    liveBytes += count.madeBytes - count.freedBytes;
    bytes = Math.max(bytes, count.bytes);
    if (last === undefined || (count.shadow > 0 && count.at >= last.at)) last = count;
  }
  const shadow = last?.shadow ?? 0;
  return {
    key,
    label: sum.label,
    bytes,
    growths: sum.growths,
    isGone,
    made,
    freed,
    live: isGone ? 0 : Math.max(0, live),
    liveBytes: isGone ? 0 : Math.max(0, liveBytes),
    isCounted: sum.counts.length > 0,
    quarantine:
      last === undefined || shadow === 0
        ? undefined
        : {
            blocks: last.resting,
            mostBlocks: LIMITS.quarantineBlocks,
            bytes: last.restingBytes,
            mostBytes: last.restingMost,
          },
    shadow: shadow === 0 ? undefined : { bytes: Math.ceil(bytes / SHADOW_SHARE), reserved: shadow },
  };
}
