import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';
import type { Certainty, Evidence } from '../finding.ts';
import { memoryLabel, nodeLabel, threadLabel } from '../labels.ts';
import type {
  BufferReadFacts,
  DataBlockFacts,
  DocumentFacts,
  MemoryGrowthFacts,
  NodeFacts,
  Point,
  StaleUseFacts,
} from '../model.ts';
import { comparePoints } from '../point.ts';
import { counted, memoryEntity, type Scene, stacksOf } from '../scene.ts';
import type { Rule } from './rule.ts';

/** A use that the growth before it made useless. `times`: what it counts for. */
interface Stale {
  readonly use: StaleUseFacts;
  readonly growth: MemoryGrowthFacts;
  readonly certainty: Certainty;
  readonly times: number;
}

export const staleHeapView: Rule = {
  id: 'stale-heap-view',
  severity: 'error',
  title: 'A view of a memory is used that was made before the memory grew',
  explain:
    'When a WebAssembly.Memory grows that is not shared, its buffer is detached: views made of it have length 0, reads give undefined, writes vanish, and set(), subarray(), DataView and Atomics throw. Views of a shared memory go on being right within their old length, of which nothing is said, but do not reach what was added. Said of calls of set, fill, copyWithin, subarray, slice, the methods of DataView and Atomics; reading and writing of single elements cannot be seen, so a processor that still holds a detached view in a property, when process() was called twice or more after the growth, or threw, is likely to use it. A program that makes its views anew after a growth is right. Uses right after a growth inside a module are seen where they make process() throw; elsewhere only once the growth was noticed, a tenth of a second later at most. Views in closures, module variables and private fields are not found.',
  help: 'Make views anew whenever memory.buffer is another object than before: compare view.buffer with it at the start of process(), and after every call that may allocate. Or let the memory have its full size from the beginning.',
  link: 'https://webassembly.github.io/spec/js-api/#refresh-the-memory-buffer',
  *find(scene) {
    for (const document of scene.documents) {
      for (const block of document.memories) {
        if (block.staleUses.length === 0 || block.growths.length === 0) continue;
        const stale = block.staleUses.flatMap((use) => judged(scene, block, use) ?? []);
        const worst = stale.find(({ certainty }) => certainty === 'proven') ?? stale[0];
        const last = stale.at(-1);
        if (worst === undefined || stale[0] === undefined || last === undefined) continue;
        const read = madeBy(block, worst);
        yield {
          entity: memoryEntity(block),
          certainty: worst.certainty,
          count: stale.reduce((sum, { times }) => sum + times, 0),
          first: scene.time(document, stale[0].use.at),
          last: scene.time(document, last.use.at),
          message: messageOf(block, worst),
          evidence: evidenceOf(scene, document, worst, read),
          stacks: stacksOf({
            create: read?.stack,
            growth: worst.growth.stack,
            access: worst.use.stack,
          }),
        };
      }
    }
  },
};

function judged(scene: Scene, block: DataBlockFacts, use: StaleUseFacts): Stale | undefined {
  const growth = growthBefore(block, use);
  if (growth === undefined) return undefined;
  if (use.what === 'used') return { use, growth, certainty: 'proven', times: 1 };
  const { node } = use;
  if (node === undefined) return undefined;
  const times = callsBetween(node, growth, use);
  // The first of two calls may have been the one that was to renew it.
  if (use.threw ? failedOf(node) === undefined : times < scene.thresholds.staleCalls) {
    return undefined;
  }
  return { use, growth, certainty: 'likely', times: Math.max(times, 1) };
}

/** The last growth of the block that the thread of the use knew of. */
function growthBefore({ growths }: DataBlockFacts, use: Point): MemoryGrowthFacts | undefined {
  return growths.findLast(
    (growth) => growth.thread === use.thread && comparePoints(growth, use) <= 0,
  );
}

/** Both are of the thread that calls. */
function callsBetween({ calls, document }: NodeFacts, from: Point, to: Point): number {
  const first = document.isolated
    ? calls.firstEnteredAfter(from.seq)
    : calls.firstFromTime(from.at);
  const last = document.isolated ? calls.firstEnteredAfter(to.seq) : calls.firstFromTime(to.at);
  return last - first;
}

/** Why its processor failed, if that was due to a detached buffer. */
function failedOf({ errorEvents, processor }: NodeFacts): string | undefined {
  const reason = processor?.failed?.reason ?? errorEvents[0]?.reason;
  return reason !== undefined && /detached/.test(reason) ? reason : undefined;
}

/** The read of the old buffer that the view was made of, as far as it can be told. */
function madeBy(
  { bufferReads }: DataBlockFacts,
  { growth, use }: Stale,
): BufferReadFacts | undefined {
  const reads = bufferReads.filter(
    (read) =>
      read.thread === use.thread && read.bytes === growth.from && comparePoints(read, growth) < 0,
  );
  const own = use.node && reads.find(({ node }) => node === use.node);
  return own ?? reads.at(-1);
}

function messageOf(block: DataBlockFacts, { use, growth, times }: Stale): string {
  const { document } = block;
  const memory = memoryLabel(block);
  const who = use.node === undefined ? threadWords(document, use.thread) : nodeLabel(use.node);
  const grew = `${memory} grew from ${growth.from} to ${growth.to} bytes`;
  if (use.what === 'held') {
    const ended = use.threw ? 'its process() threw' : `was called ${counted(times, 'time')}`;
    return `${grew}, which detached its views. ${who} ${ended} after that and still holds one in ${use.property}: what it reads there is undefined, what it writes is lost.`;
  }
  if (use.bytes === 0) {
    return `${grew}, which detached its views. ${who} called ${use.method}() on one that was made before.`;
  }
  return `${grew}. ${who} called ${use.method}() for bytes up to ${use.reach} on a view that was made before and ends at ${use.bytes}.`;
}

function threadWords(document: DocumentFacts, thread: ThreadId): string {
  return thread === MAIN_THREAD ? 'The page' : threadLabel(document, thread);
}

function evidenceOf(
  scene: Scene,
  document: DocumentFacts,
  { use, growth }: Stale,
  read: BufferReadFacts | undefined,
): readonly Evidence[] {
  const grown =
    growth.how === 'called' ? 'grow() was called' : 'it was noticed that the memory had grown';
  const used =
    use.what === 'held'
      ? `${use.property} was found to be a view of the old buffer`
      : `${use.method}() was called on a view of the old buffer`;
  return [
    ...(read === undefined
      ? []
      : [scene.evidence(document, read, 'the buffer was read of which views are made')]),
    scene.evidence(document, growth, `${grown}: ${growth.from} → ${growth.to} bytes`),
    scene.evidence(document, use, used),
  ];
}
