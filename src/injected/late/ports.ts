import { dateNow, IntrinsicWeakMap, weakMapGet, weakMapSet } from '../../base/intrinsics.ts';
import type { End } from '../../hooks/channels.ts';
import { hashContent } from '../../hooks/content-hash.ts';
import { MessageHandlers } from '../../hooks/message-handlers.ts';
import { PreviewBudget } from '../../hooks/preview-budget.ts';
import { sendClock } from '../../hooks/send-clock.ts';
import { digestValue, type HandedMemory, type ValueDigest } from '../../hooks/value-digest.ts';
import { DURATION_UNIT_MICROS, SLOT, SLOT_FLAG } from '../../shared/slots.ts';
import type { EndId, Micros, Seq } from '../../shared/units.ts';
import type { LateObservation } from './late-observation.ts';
import type { NodeEntry } from './node-entries.ts';

const NO_DIGEST: ValueDigest = { bytes: 0, preview: '', memory: 'none' };

/** Watches the page's side of worklet nodes' ports. */
export interface PortObserver {
  /** To be called before the page gets to see `port`, so that our listener is its first. */
  observe(port: MessagePort, node: NodeEntry): void;
  /** Tells what memory the options of a node have handed over. */
  observeOptions(node: NodeEntry, options: unknown, seq: Seq): void;
}

export function observePorts({
  channels,
  collector,
  memories,
  entities,
  nodes,
  recorder,
  realm,
}: LateObservation): PortObserver {
  const previews = new PreviewBudget();
  const sentAt = sendClock(realm.now, dateNow) as () => Micros;
  const byEnd = new IntrinsicWeakMap<End, NodeEntry>();

  /** The words for kinds of memory rise in strength as they do in the alphabet. */
  const handedOver = (node: NodeEntry, memory: HandedMemory): void => {
    if (memory <= node.memory) return;
    node.memory = memory;
    recorder.record('memoryPassed', { node: node.id, memory: memory as 'shared' | 'wasm' });
  };

  /** A message that takes no preview. */
  const tell = (
    op: typeof SLOT.portSent | typeof SLOT.portReceived,
    { id }: End,
    flags: number,
    seq: number,
    index: number,
    at: Micros,
  ): void => {
    const tick = (at / DURATION_UNIT_MICROS) | 0;
    collector.main.writer.message(op, id >> 1, flags, seq | 0, tick, index);
    collector.stirred();
  };

  channels.sink = {
    sent(end, seq, index, value) {
      const at = sentAt();
      const seen = recorder.recording && previews.take(at);
      const { bytes, preview, memory } = seen ? digestValue(value) : NO_DIGEST;
      const stack = seen ? recorder.stack() : '';
      const node = weakMapGet(byEnd, end);
      if (node) {
        const fields = { node: node.id, from: 'node', index, bytes, preview, stack } as const;
        recorder.record('messageSent', fields, seq as Seq, at);
        handedOver(node, memory);
      } else if (!seen && !end.isBroadcast) {
        tell(SLOT.portSent, end, 0, seq, index, at);
      } else {
        const hash = end.isBroadcast ? hashContent(value) : 0;
        const fields = { end: end.id, index, bytes, hash, preview, stack };
        recorder.record('portSent', fields, seq as Seq, at);
      }
    },
    received(end, seq, index, event) {
      const failed = event === undefined;
      const at = (failed ? recorder.now() : realm.timeOf(event)) as Micros;
      const seen = !failed && recorder.recording && previews.take(at);
      const value = seen || (end.isBroadcast && !failed) ? realm.dataOf(event as Event) : undefined;
      const { bytes, preview } = seen ? digestValue(value) : NO_DIGEST;
      const node = weakMapGet(byEnd, end);
      if (node) {
        const fields = { node: node.id, from: 'processor', index, failed, bytes, preview } as const;
        recorder.record('messageReceived', fields, seq as Seq, at);
      } else if (!seen && !end.isBroadcast) {
        tell(SLOT.portReceived, end, failed ? SLOT_FLAG.failed : 0, seq, index, at);
      } else {
        const hash = end.isBroadcast && !failed ? hashContent(value) : 0;
        const fields = { end: end.id, index, failed, bytes, hash, preview };
        recorder.record('portReceived', fields, seq as Seq, at);
      }
    },
    closed(end) {
      const node = weakMapGet(byEnd, end);
      if (!node) return false;
      const frame = entities.frameOf(node.context);
      const fields = { node: node.id, by: 'node', frame, stack: recorder.stack() } as const;
      recorder.record('portClosed', fields);
      return true;
    },
  };

  new MessageHandlers(channels, realm.window);

  return {
    observe(port, node) {
      const end = channels.adoptPort(port, endOf(node));
      weakMapSet(nodes.ports, port, node);
      if (!end) return;
      end.isCounted = realm.isolated;
      weakMapSet(byEnd, end, node);
    },
    observeOptions(node, options, seq) {
      memories.carried('passed', endOf(node), 0, options, seq);
    },
  };
}

function endOf(node: NodeEntry): EndId {
  return (2 * node.id) as EndId;
}
