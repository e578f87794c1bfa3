import type { Seq } from '../../shared/units.ts';
import { threadLabel } from '../labels.ts';
import type { ContextFacts, DocumentFacts, NodeFacts, Point } from '../model.ts';
import { callAround, firstWriteOf, type Poll, pollsOf, writersOf } from '../ordering/polls.ts';
import { stateAt } from '../run-state.ts';
import {
  contextLabel,
  counted,
  durationWords,
  nodeEntity,
  nodeLabel,
  type Scene,
  stacksOf,
} from '../scene.ts';
import type { FindingDraft, Rule } from './rule.ts';

interface Spin {
  readonly poll: Poll;
  /** Whose call it waits for. */
  readonly node: NodeFacts;
  /** Whether its page had seen the context stand still when the loop began. */
  readonly stands: boolean;
  /** Whether the next call ended it. */
  readonly ended: boolean;
}

export const spinWait: Rule = {
  id: 'spin-wait',
  severity: 'warning',
  title: 'A thread spins until process() is called again',
  explain:
    'A thread looks at a cell of shared memory again and again in a busy loop, and what it waits for is only written by a later call of process(): one that began after the loop had (or the loop gave up). How long that takes is up to the device, tens of milliseconds are usual; it lasts for ever where the context does not run, and offline where the waiting thread is the one that makes it render. An error where the context was known not to run. To wait out the call that is in flight is right, takes no longer than that call, and is not reported.',
  help: 'Let process() hold a lock (a semaphore) while it works and wait for that only, or wait by Atomics.waitAsync(), or let the processor post a message when it has stopped.',
  link: 'https://github.com/emscripten-core/emscripten/issues/25884',
  *find(scene) {
    for (const document of scene.documents) {
      const byNode = new Map<NodeFacts, Spin[]>();
      for (const spin of spinsOf(document, scene)) {
        const known = byNode.get(spin.node);
        if (known === undefined) byNode.set(spin.node, [spin]);
        else known.push(spin);
      }
      for (const spins of byNode.values()) {
        const finding = findingOf(document, spins, scene);
        if (finding !== undefined) yield finding;
      }
    }
  },
};

function* spinsOf(document: DocumentFacts, scene: Scene): Iterable<Spin> {
  for (const poll of pollsOf(document, scene.thresholds.spinLoads)) {
    const writers = writersOf(document, poll);
    const changedBy = poll.changed < 0 ? undefined : writerOf(document, poll, writers);
    if (poll.changed >= 0) {
      if (changedBy?.late !== true) continue;
      const { node } = changedBy;
      yield { poll, node, stands: stands(node.context, poll), ended: true };
      continue;
    }
    const node = awaited(document, poll, writers);
    if (node === undefined) continue;
    const { context } = node;
    const idle = stands(context, poll);
    // The call in flight may be waited out; which one that is shows once it is over.
    const around = callAround(context, poll.begin);
    if (!idle && around === undefined && !hasCallsAfter(context, poll.begin)) continue;
    const since = Math.max(poll.from, around === undefined ? 0 : endOf(around.call));
    // How long a call took is seldom known: one that was not seen to end before the loop may have outlasted it.
    const untimed = around !== undefined && around.call.duration === undefined;
    if (!idle && untimed && around.call.exit > poll.end) continue;
    const quantum = (context.quantumFrames * 1e6) / context.sampleRate;
    if (poll.to - since < quantum * scene.thresholds.spinQuanta) continue;
    yield { poll, node, stands: idle, ended: false };
  }
}

/** The call whose write ended a loop, and whether it had begun after the loop. */
function writerOf(
  document: DocumentFacts,
  { place, changed, begin }: Poll,
  writers: ReturnType<typeof writersOf>,
): { readonly node: NodeFacts; readonly late: boolean } | undefined {
  const told = toldColumn(document, place);
  if (told === undefined) return undefined;
  const value = told.read(changed);
  for (const [thread, columns] of writers) {
    const context = document.threads.get(thread)?.context;
    for (const column of columns) {
      const tick = firstWriteOf(column, value, begin, told.after(changed));
      if (tick < 0 || context === undefined) continue;
      const around = callAround(context, tick);
      // By a message handler, or a call that is not over: nothing to be blamed.
      if (around === undefined) return undefined;
      return { node: around.node, late: around.call.enter > begin };
    }
  }
  return undefined;
}

function toldColumn(document: DocumentFacts, { thread, cell }: Poll['place']) {
  for (const column of document.atomics.columns(thread)) {
    if (column.cell === cell) return column;
  }
  return undefined;
}

/** Whose calls a loop must have been waiting for: no other thread is seen to write the cell. */
function awaited(
  document: DocumentFacts,
  { place }: Poll,
  writers: ReturnType<typeof writersOf>,
): NodeFacts | undefined {
  for (const thread of writers.keys()) {
    if (document.threads.get(thread)?.kind !== 'audio') return undefined;
  }
  const block =
    place.memory === undefined ? undefined : document.memories.find(place.thread, place.memory);
  if (block === undefined) return undefined;
  const [writer] = writers.keys();
  if (writer !== undefined) {
    const context = document.threads.get(writer)?.context;
    return block.nodes.find((node) => node.context === context);
  }
  for (const { thread } of block.locals) {
    const known = document.threads.get(thread);
    if (known?.kind === 'worker' && thread !== place.thread) return undefined;
  }
  return block.nodes[0];
}

function stands(context: ContextFacts, poll: Poll): boolean {
  const point: Point = {
    at: poll.from,
    seq: poll.begin as Seq,
    thread: poll.place.thread,
    tick: poll.begin,
  };
  return stateAt(context, point) !== 'running';
}

function hasCallsAfter({ nodes }: ContextFacts, tick: number): boolean {
  return nodes.some(({ calls }) => (calls.at(calls.length - 1)?.enter ?? -1) > tick);
}

function endOf({ at, duration }: { readonly at: number; readonly duration: number | undefined }) {
  return at + (duration ?? 0);
}

function findingOf(
  document: DocumentFacts,
  spins: readonly Spin[],
  scene: Scene,
): FindingDraft | undefined {
  const length = ({ poll }: Spin) => poll.to - poll.from;
  const worst = spins.reduce((most, each) => (length(each) > length(most) ? each : most));
  const thread = document.threads.get(worst.poll.place.thread);
  const [first] = spins;
  const last = spins.at(-1);
  if (thread === undefined || first === undefined || last === undefined) return undefined;
  const { poll, node, ended } = worst;
  const { context } = node;
  const idle = spins.some((each) => each.stands);
  const who = threadLabel(document, thread.id);
  const what = `${counted(poll.loads, 'look')} at the cell at offset ${poll.place.offset} in ${durationWords(length(worst))}`;
  const end = ended
    ? 'until a later call of process() wrote it'
    : 'and what it waited for did not come';
  const still = idle ? `, while ${contextLabel(context)} did not run` : '';
  const point = { at: poll.from, seq: poll.begin as Seq, thread: thread.id, tick: poll.begin };
  return {
    entity: nodeEntity(node),
    severity: idle ? 'error' : 'warning',
    certainty: ended || idle ? 'proven' : 'likely',
    count: spins.length,
    first: scene.time(document, first.poll.from),
    last: scene.time(document, last.poll.to),
    message: `${who} spun for the next process() of ${nodeLabel(node)}: ${what}, ${end}${still}.`,
    evidence: [
      scene.evidence(document, point, `began to look at the cell, which held ${poll.value}`),
      scene.evidence(
        document,
        { ...point, at: poll.to },
        ended ? 'found another value there' : 'looked for the last time, in vain',
      ),
    ],
    stacks: stacksOf({ create: node.createStack }),
  };
}
