import type { Seq } from '../../shared/units.ts';
import { threadLabel } from '../labels.ts';
import type { ContextFacts, DocumentFacts, Point } from '../model.ts';
import { callAround, firstWriteOf, type Poll, pollsOf, writersOf } from '../ordering/polls.ts';
import { stateAt } from '../run-state.ts';
import { contextLabel, counted, durationWords, type Scene, threadEntity } from '../scene.ts';
import type { FindingDraft, Rule } from './rule.ts';

interface Spin {
  readonly poll: Poll;
  readonly context: ContextFacts;
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
      const byThread = new Map<number, Spin[]>();
      for (const spin of spinsOf(document, scene)) {
        const known = byThread.get(spin.poll.place.thread);
        if (known === undefined) byThread.set(spin.poll.place.thread, [spin]);
        else known.push(spin);
      }
      for (const spins of byThread.values()) {
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
      yield {
        poll,
        context: changedBy.context,
        stands: stands(changedBy.context, poll),
        ended: true,
      };
      continue;
    }
    const context = awaited(document, poll, writers);
    if (context === undefined) continue;
    const idle = stands(context, poll);
    // The call in flight may be waited out; which one that is shows once it is over.
    const around = callAround(context, poll.begin);
    if (!idle && around === undefined && !hasCallsAfter(context, poll.begin)) continue;
    const since = Math.max(poll.from, around === undefined ? 0 : endOf(around.call));
    const quantum = (context.quantumFrames * 1e6) / context.sampleRate;
    if (poll.to - since < quantum * scene.thresholds.spinQuanta) continue;
    yield { poll, context, stands: idle, ended: false };
  }
}

/** The call whose write ended a loop, and whether it had begun after the loop. */
function writerOf(
  document: DocumentFacts,
  { place, changed, begin }: Poll,
  writers: ReturnType<typeof writersOf>,
): { readonly context: ContextFacts; readonly late: boolean } | undefined {
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
      return { context, late: around.call.enter > begin };
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

/** Whose calls a loop must have been waiting for: nobody else is seen to write the cell. */
function awaited(
  document: DocumentFacts,
  { place }: Poll,
  writers: ReturnType<typeof writersOf>,
): ContextFacts | undefined {
  for (const thread of writers.keys()) {
    if (document.threads.get(thread)?.kind !== 'audio') return undefined;
  }
  const [writer] = writers.keys();
  if (writer !== undefined) return document.threads.get(writer)?.context;
  const block =
    place.memory === undefined ? undefined : document.memories.find(place.thread, place.memory);
  const locals = block?.locals ?? [];
  for (const { thread } of locals) {
    const known = document.threads.get(thread);
    if (known?.kind === 'worker' && thread !== place.thread) return undefined;
  }
  return block?.nodes[0]?.context;
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
  const { poll, context, ended } = worst;
  const idle = spins.some((each) => each.stands);
  const who = threadLabel(document, thread.id);
  const what = `${counted(poll.loads, 'look')} at the cell at offset ${poll.place.offset} in ${durationWords(length(worst))}`;
  const end = ended
    ? 'until a later call of process() wrote it'
    : 'and what it waited for did not come';
  const still = idle ? `, while ${contextLabel(context)} did not run` : '';
  const point = { at: poll.from, seq: poll.begin as Seq, thread: thread.id, tick: poll.begin };
  return {
    entity: threadEntity(thread),
    severity: idle ? 'error' : 'warning',
    certainty: ended ? 'proven' : 'likely',
    count: spins.length,
    first: scene.time(document, first.poll.from),
    last: scene.time(document, last.poll.to),
    message: `${who} spun for the next process() of ${contextLabel(context)}: ${what}, ${end}${still}.`,
    evidence: [
      scene.evidence(document, point, `began to look at the cell, which held ${poll.value}`),
      scene.evidence(
        document,
        { ...point, at: poll.to },
        ended ? 'found another value there' : 'looked for the last time, in vain',
      ),
    ],
    stacks: {},
  };
}
