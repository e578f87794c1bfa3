import type { Patches } from '../base/patch.ts';
import type { End, MessageSink } from '../hooks/channels.ts';
import { portCountIn, UNKNOWN_PORT_COUNT } from '../hooks/port-count.ts';
import type { Witness } from '../hooks/witness.ts';
import type { Seq } from '../shared/units.ts';
import type { Order } from './order.ts';
import type { Recorder } from './recorder.ts';

/**
 * The main thread as the observers of every realm see it. Until the recorder has begun, they tell only of what
 * exists, without stacks.
 */
export function mainWitness(recorder: Recorder, patches: Patches, order: Order): Witness {
  const isolated = order.cell !== undefined;
  return {
    patches,
    isolated,
    ports: isolated ? portCountIn(order.words) : UNKNOWN_PORT_COUNT,
    get isActive() {
      return recorder.begunAt > 0;
    },
    next: () => recorder.next(),
    record: (name, fields, seq) => recorder.mention(name, fields, seq as Seq),
    stack: () => (recorder.begunAt > 0 ? recorder.stack() : ''),
    fault: (error) => recorder.fault(error),
  };
}

/** How messages are told while there is nothing yet that could show them. */
export function plainMessages(recorder: Recorder): MessageSink {
  const tell = (end: End, index: number, seq: number, failed?: boolean): void => {
    if (recorder.begunAt === 0 || end.isBroadcast) return;
    const fields = { end: end.id, index, bytes: 0, hash: 0, preview: '', stack: '' };
    if (failed === undefined) recorder.record('portSent', fields, seq as Seq);
    else recorder.record('portReceived', { ...fields, failed }, seq as Seq);
  };
  return {
    sent: (end, seq, index) => tell(end, index, seq),
    received: (end, seq, index, event) => tell(end, index, seq, !event),
    closed: () => false,
  };
}
