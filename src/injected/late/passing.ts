import { IntrinsicSharedArrayBuffer } from '../../base/intrinsics.ts';
import { constructAs } from '../../base/patch.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Passage, SharedCells } from '../../shared/passage.ts';
import type { ContextKind } from '../../shared/records.ts';
import { CONTROL, SLOT_BYTES } from '../../shared/slots.ts';
import type { Late } from '../late-part.ts';
import { AudioThread } from './audio-thread.ts';
import type { LateObservation } from './late-observation.ts';
import { watchUnderruns } from './underruns.ts';

const TOO_MANY = 'Too many contexts: the processors of this one are not seen.';

/** Gives what passes into a scope in which the prelude waits. */
export function preparePassing(observation: LateObservation): Late['pass'] {
  const { collector, entities, nodeConstruction, order, realm, recorder } = observation;
  const { native: WorkletNode } = nodeConstruction;

  const shareCells = (kind: ContextKind): SharedCells | undefined =>
    order.cell && {
      order: order.cell,
      control: new IntrinsicSharedArrayBuffer(CONTROL.words * 4),
      ring:
        kind === 'realtime'
          ? new IntrinsicSharedArrayBuffer(LIMITS.ringSlots * SLOT_BYTES)
          : undefined,
    };

  /** The one node of our own: its options carry everything across, its port stays. */
  return (context, entry, name) => {
    const id = entities.nextThread();
    if (id === undefined) {
      recorder.record('uncovered', { what: 'prelude', detail: TOO_MANY });
      return;
    }
    const shared = shareCells(entry.kind);
    const passage: Passage = {
      thread: id,
      kind: entry.kind,
      originMs: realm.originMs,
      fineClock: collector.fineClock,
      stress: observation.stress.seed,
      shared,
    };
    const options = { __proto__: null, processorOptions: passage };
    const carrier = constructAs(WorkletNode, [context, name, options], WorkletNode);
    const port = entities.natives.port(carrier as AudioWorkletNode);
    const thread = new AudioThread({
      id,
      shared,
      port,
      isRunning: () => entities.stateOf(entry) === 'running',
      poll: watchUnderruns(observation, entry),
      realm,
      sink: collector,
    });
    entry.thread = thread;
    recorder.record('threadStarted', {
      thread: id,
      kind: 'audio',
      context: entry.id,
      name: `audio rendering thread of context ${entry.id}`,
    });
    collector.add(thread);
  };
}
