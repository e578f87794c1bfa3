import { ATOMIC } from '../../shared/slots.ts';
import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';
import { atomicPoint } from '../atomic-point.ts';
import { memoryLabel, threadLabel, workerLabel } from '../labels.ts';
import type { DataBlockFacts, DocumentFacts, NodeFacts, Point, ThreadFacts } from '../model.ts';
import type { AtomicColumn } from '../ordering/atomic-store.ts';
import { stateNow } from '../run-state.ts';
import { contextLabel, durationWords, nodeLabel, threadEntity, workerEntity } from '../scene.ts';
import type { Rule } from './rule.ts';

export const stuckWaiter: Rule = {
  id: 'stuck-waiter',
  severity: 'error',
  title: 'A thread waits for somebody who has ended',
  explain:
    'A thread sleeps in Atomics.wait() on a cell of shared memory, and every other thread that could wake it has ended: the worker was terminated, the context closed, the processors that hold the memory are dead. A page that has the memory but was never seen to touch the cell is not taken for one that will, and then it is only likely; one that has touched it may do so again, and the rule is silent.',
  help: 'Wake who waits before its partner ends: write a value that means the end, Atomics.notify(), and only then terminate the worker or close the context. Or wait with a time-out and look whether the partner still lives.',
  link: 'https://tc39.es/ecma262/#sec-atomics.wait',
  *find(scene) {
    for (const document of scene.documents) {
      for (const { told } of document.atomics.cellColumns()) {
        const last = told.length - 1;
        if (last < 0 || told.code(last) !== ATOMIC.waitBegin) continue;
        const waiter = document.threads.get(told.thread);
        if (waiter === undefined || endOfThread(waiter) !== undefined) continue;
        if (mayHaveLost(document, waiter.id)) continue;
        const silentMicros = scene.thresholds.stuckSeconds * 1e6;
        const partner = lastPartner(document, told, silentMicros);
        if (partner === undefined) continue;
        const begun = atomicPoint(document, told, last);
        const since = Math.max(begun.at, partner.ended.at);
        const waited = document.lastAt - since;
        if (waited < silentMicros) continue;
        yield {
          entity: waiter.worker === undefined ? threadEntity(waiter) : workerEntity(waiter.worker),
          certainty: partner.surely ? 'proven' : 'likely',
          count: 1,
          first: scene.time(document, since),
          last: scene.time(document, document.lastAt),
          message: `${threadLabel(document, waiter.id)} has been waiting for ${durationWords(document.lastAt - begun.at)} on a cell of ${memoryLabel(partner.block)} (offset ${told.place.offset}, value ${told.read(last)}), and nobody is left who would wake it: ${partner.words}.`,
          evidence: [
            scene.evidence(document, begun, 'Atomics.wait() began'),
            scene.evidence(document, partner.ended, partner.words),
          ],
          stacks: {},
        };
      }
    }
  },
};

interface Partner {
  readonly block: DataBlockFacts;
  readonly words: string;
  readonly ended: Point;
  /** Whether the page does not even have the memory. */
  readonly surely: boolean;
}

/** The last of those who could wake a waiter to end; undefined while there is one left. */
function lastPartner(
  document: DocumentFacts,
  told: AtomicColumn,
  silentMicros: number,
): Partner | undefined {
  const { thread, memory, offset } = told.place;
  const block = memory === undefined ? undefined : document.memories.find(thread, memory);
  if (block === undefined) return undefined;
  let last: { readonly words: string; readonly ended: Point } | undefined;
  const ends = [...endsOf(document, block, thread, silentMicros)];
  for (const end of ends) {
    if (end === undefined) return undefined;
    if (last === undefined || end.ended.at > last.ended.at) last = end;
  }
  if (last === undefined) return undefined;
  const page = block.locals.some((local) => local.thread === MAIN_THREAD);
  if (page && touches(document, MAIN_THREAD, block, offset)) return undefined;
  return { block, ...last, surely: !page };
}

type End = { readonly words: string; readonly ended: Point } | undefined;

/** Of every other thread but the page’s that has the memory: how it ended. */
function* endsOf(
  document: DocumentFacts,
  block: DataBlockFacts,
  waiter: ThreadId,
  silentMicros: number,
): Iterable<End> {
  const seen = new Set<ThreadId>([waiter, MAIN_THREAD]);
  for (const { thread: id } of block.locals) {
    const thread = document.threads.get(id);
    if (seen.has(id) || thread?.kind === 'audio') continue;
    seen.add(id);
    const ended = thread && endOfThread(thread);
    yield ended && { ended, words: `worker ${threadLabel(document, id)} has ended` };
  }
  for (const node of block.nodes) yield endOfProcessor(node, silentMicros);
  for (const worker of document.workers.values()) {
    // Whether it has the memory nobody can tell.
    if (worker.entered === 'yes' || worker.channel.sides[0]?.ends.every(({ sent }) => sent === 0)) {
      continue;
    }
    yield worker.ended && { ended: worker.ended, words: `${workerLabel(worker)} was terminated` };
  }
}

function endOfThread({ worker, context }: ThreadFacts): Point | undefined {
  return worker?.ended ?? worker?.scope.closing ?? context?.closed;
}

/** What has no calls to come: that answered `false` and, though its context went on running, was not called again. */
function endOfProcessor(node: NodeFacts, silentMicros: number): End {
  const { context, processor, calls, document } = node;
  if (context.closed !== undefined) {
    return { ended: context.closed, words: `${contextLabel(context)} was closed` };
  }
  if (processor?.failed !== undefined) {
    return { ended: processor.failed, words: `process() of ${nodeLabel(node)} threw` };
  }
  if (processor?.collected !== undefined) {
    return { ended: processor.collected, words: `the processor of ${nodeLabel(node)} is gone` };
  }
  const last = calls.at(calls.length - 1);
  if (last?.returned !== 'false' || context.audioThread === undefined) return undefined;
  const ranOnMicros = ((context.lastFrame - last.frame) / context.sampleRate) * 1e6;
  const isSilent = stateNow(context) === 'running' && document.lastAt - last.at >= silentMicros;
  if (ranOnMicros < silentMicros && !isSilent) return undefined;
  const { at, exit: seq } = last;
  const ended = { at, seq, thread: context.audioThread.id, tick: seq };
  return { ended, words: `process() of ${nodeLabel(node)} returned false` };
}

/** Whether a thread was ever seen to operate on a cell. */
function touches(
  document: DocumentFacts,
  thread: ThreadId,
  block: DataBlockFacts,
  offset: number,
): boolean {
  for (const { place, length } of document.atomics.columns(thread)) {
    if (place.offset !== offset || place.memory === undefined || length === 0) continue;
    if (document.memories.find(thread, place.memory) === block) return true;
  }
  return false;
}

function mayHaveLost({ incomplete, losses }: DocumentFacts, thread: ThreadId): boolean {
  return (
    incomplete || losses.some(({ lostThread, why }) => lostThread === thread || why === 'paused')
  );
}
