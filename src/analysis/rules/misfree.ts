import type { ThreadId } from '../../shared/units.ts';
import type { Certainty, FindingEntity } from '../finding.ts';
import { blockEntity } from '../judge-teardowns.ts';
import type { DataBlockFacts, DocumentFacts, MisfreeFacts } from '../model.ts';
import { memoryEntity, type Scene, threadEntity } from '../scene.ts';

/** What was freed wrongly in one block, or else in one memory, in order of time. */
export interface Misfrees {
  readonly document: DocumentFacts;
  readonly memory: DataBlockFacts | undefined;
  readonly entity: FindingEntity;
  readonly certainty: Certainty;
  readonly frees: readonly [MisfreeFacts, ...MisfreeFacts[]];
}

/** Those of which it is known that nobody else can have handed out a block there. */
export function misfreesOf(scene: Scene, what: MisfreeFacts['what']): Iterable<Misfrees> {
  const out = new Map<string, Misfrees & { readonly frees: [MisfreeFacts, ...MisfreeFacts[]] }>();
  for (const document of scene.documents) {
    for (const free of document.misfrees) {
      if (free.what !== what) continue;
      const memory = document.memories.find(free.thread, free.memory);
      if (!isSure(document, free, memory)) continue;
      const entity = entityOf(document, free, memory);
      const known = out.get(entity.id);
      if (known !== undefined) known.frees.push(free);
      else
        out.set(entity.id, {
          document,
          memory,
          entity,
          certainty: certaintyOf(document),
          frees: [free],
        });
    }
  }
  for (const { frees } of out.values()) frees.sort((a, b) => a.at - b.at);
  return out.values();
}

/**
 * A declared block may have been declared in a record that was lost, or in a worker that nobody sees into; the block of a
 * module, by a thread whose modules are not heard.
 */
function isSure(
  document: DocumentFacts,
  { isDeclared }: MisfreeFacts,
  memory: DataBlockFacts | undefined,
): boolean {
  if (!isDeclared) return memory?.hasLeft !== true;
  if (document.incomplete || document.losses.length > 0) return false;
  for (const { entered } of document.workers.values()) if (entered !== 'yes') return false;
  return true;
}

/** Of what rests on all that the threads of a document have said. */
export function certaintyOf({ incomplete, losses }: DocumentFacts): Certainty {
  return incomplete || losses.length > 0 ? 'likely' : 'proven';
}

function entityOf(
  document: DocumentFacts,
  { block, thread }: MisfreeFacts,
  memory: DataBlockFacts | undefined,
): FindingEntity {
  return block === undefined ? heapEntity(document, memory, thread) : blockEntity(document, block);
}

/** The memory of a heap, or, where that is not known, the thread that tells of it. */
export function heapEntity(
  document: DocumentFacts,
  memory: DataBlockFacts | undefined,
  thread: ThreadId,
): FindingEntity {
  if (memory !== undefined) return memoryEntity(memory);
  const known = document.threads.get(thread);
  if (known !== undefined) return threadEntity(known);
  return { kind: 'thread', id: `${document.index}/t${thread}`, label: `thread #${thread}` };
}
