import { dateNow, mapDelete, mapSet, promiseThen } from '../../base/intrinsics.ts';
import { constructAs } from '../../base/patch.ts';
import { shareCells } from '../../hooks/share-cells.ts';
import type { Passage } from '../../shared/passage.ts';
import type { ContextEntry } from '../entities.ts';
import { AudioThread, type MemoryMessage } from './audio-thread.ts';
import type { LateObservation } from './late-observation.ts';
import { hearChecked, passedModules } from './rewriter.ts';
import { watchUnderruns } from './underruns.ts';

/** How long messages that are under way may take when a context has closed. */
const LINGER_MS = 250;
const TOO_MANY = 'Too many contexts: the processors of this one are not seen.';

type RewriteMessage = Extract<MemoryMessage, { kind: 'rewrite' }>;

/** Gives what passes into a scope in which the prelude waits. */
export function preparePassing(
  observation: LateObservation,
): (context: BaseAudioContext, entry: ContextEntry, name: string) => void {
  const { collector, entities, heaps, nodeConstruction, order, realm, recorder, threads } =
    observation;
  const { native: WorkletNode } = nodeConstruction;

  /** Rewrites a module that a thread compiles. */
  const rewriteFor = (thread: AudioThread, { id, bytes }: RewriteMessage): void => {
    const answer = (module?: object): void => thread.tell({ kind: 'rewritten', id, module });
    if (!heaps.rewriteFor) answer();
    else void promiseThen(heaps.rewriteFor(bytes), answer, () => answer());
  };

  /** The one node of our own: its options carry everything across, its port stays. */
  return (context, entry, name) => {
    const id = entities.nextThread();
    if (id === undefined) {
      recorder.record('uncovered', { what: 'prelude', detail: TOO_MANY });
      heaps.blocks?.exposeAll();
      heaps.checks?.shadows.stop();
      return;
    }
    const shared = shareCells(order.cell, entry.kind === 'realtime');
    const passage: Passage = {
      thread: id,
      kind: entry.kind,
      originMs: dateNow() - realm.now() / 1000,
      fineClock: collector.fineClock,
      stress: observation.stress.seed,
      modules: passedModules(heaps),
      shared,
    };
    const options = { __proto__: null, processorOptions: passage };
    const carrier = constructAs(WorkletNode, [context, name, options], WorkletNode);
    const port = entities.natives.port(carrier as AudioWorkletNode);
    const thread: AudioThread = new AudioThread({
      heard: undefined,
      ended: () => mapDelete(threads, id),
      memory(message) {
        if (message.kind !== 'rewrite') hearChecked(heaps, message, id);
        else rewriteFor(thread, message);
      },
      id,
      kind: 'audio',
      shared,
      port,
      isRunning: () => entities.stateOf(entry) === 'running',
      poll: watchUnderruns(observation, entry),
      realm,
      sink: collector,
      lingerMs: LINGER_MS,
    });
    entry.thread = thread;
    mapSet(threads, id, thread);
    recorder.record('threadStarted', {
      thread: id,
      kind: 'audio',
      context: entry.id,
      name: `audio rendering thread of context ${entry.id}`,
    });
    collector.add(thread);
  };
}
