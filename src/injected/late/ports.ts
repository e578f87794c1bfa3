import { apply, weakMapGet, weakMapSet } from '../../base/intrinsics.ts';
import type { LateObservation } from './late-observation.ts';
import type { NodeEntry } from './node-entries.ts';
import { digestValue, type HandedMemory, type ValueDigest } from './value-digest.ts';

const NO_DIGEST: ValueDigest = { bytes: 0, preview: '', memory: 'none' };

/** Watches the page's side of worklet nodes' ports. */
export interface PortObserver {
  /** To be called before the page gets to see `port`, so that our listener is its first. */
  observe(port: MessagePort, node: NodeEntry): void;
}

export function observePorts({
  stubs,
  entities,
  nodes,
  recorder,
  realm,
}: LateObservation): PortObserver {
  /** The words for kinds of memory rise in strength as they do in the alphabet. */
  const handedOver = (node: NodeEntry, memory: HandedMemory): void => {
    if (memory <= node.memory) return;
    node.memory = memory;
    recorder.record('memoryPassed', { node: node.id, memory: memory as 'shared' | 'wasm' });
  };

  stubs.postMessage.trap = (native, self, args) => {
    const node = weakMapGet(nodes.ports, self as object);
    if (!node) return apply(native, self, args);
    const seq = recorder.next();
    const result = apply(native, self, args);
    recorder.guard(() => {
      const index = node.sent++;
      const seen = recorder.mayPreview();
      const { bytes, preview, memory } = seen && args.length > 0 ? digestValue(args[0]) : NO_DIGEST;
      const stack = seen ? recorder.stack() : '';
      const fields = { node: node.id, from: 'node', index, bytes, preview, stack } as const;
      recorder.record('messageSent', fields, seq);
      handedOver(node, memory);
    });
    return result;
  };

  stubs.closePort.trap = (native, self, args) => {
    const result = apply(native, self, args);
    const node = weakMapGet(nodes.ports, self as object);
    if (node) {
      recorder.guard(() => {
        const frame = entities.frameOf(node.context);
        recorder.record('portClosed', {
          node: node.id,
          by: 'node',
          frame,
          stack: recorder.stack(),
        });
      });
    }
    return result;
  };

  const received = (port: object, event: Event, failed: boolean): void => {
    const node = weakMapGet(nodes.ports, port);
    if (!node) return;
    recorder.guard(() => {
      const index = node.received++;
      const seq = recorder.next();
      const { bytes, preview } =
        !failed && recorder.mayPreview() ? digestValue(realm.dataOf(event)) : NO_DIGEST;
      const fields = { node: node.id, from: 'processor', index, failed, bytes, preview } as const;
      recorder.record('messageReceived', fields, seq);
    });
  };
  function onMessage(this: unknown, event: Event): void {
    received(this as object, event, false);
  }
  function onFailure(this: unknown, event: Event): void {
    received(this as object, event, true);
  }

  return {
    observe(port, node) {
      weakMapSet(nodes.ports, port, node);
      realm.listen(port, 'message', onMessage);
      realm.listen(port, 'messageerror', onFailure);
    },
  };
}
