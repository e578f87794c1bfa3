import { apply, IntrinsicWeakMap, weakMapGet, weakMapSet } from '../../base/intrinsics.ts';
import type { Patches } from '../../base/patch.ts';
import { captureStack } from '../../shared/stack.ts';
import type { Frames, NodeId } from '../../shared/units.ts';
import { currentFrame, listen, OWN_URL, type ScopePort, scope } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

interface PortCounts {
  readonly ordinal: number;
  sent: number;
  received: number;
}

/** Counts the messages on the processors' side of their ports. */
export interface PortObserver {
  /** To be called before the page gets to see `port`, so that our listener is its first. */
  observe(port: ScopePort, ordinal: number): void;
}

export function observePorts(
  patches: Patches,
  recorder: ThreadRecorder,
  platformOf: (processor: unknown) => object | undefined,
): PortObserver {
  const ports = new IntrinsicWeakMap<object, PortCounts>();

  patches.method(scope.MessagePort.prototype, 'postMessage', (native, self, args) => {
    const counts = weakMapGet(ports, self as object);
    if (!counts) return apply(native, self, args);
    const seq = recorder.next();
    let result: unknown;
    try {
      result = apply(native, self, args);
    } catch (error) {
      // A processor cannot be cloned, and the engine names it by its interface.
      const platform = args.length > 0 ? platformOf(args[0]) : undefined;
      if (platform) apply(native, self, [platform]);
      throw error;
    }
    recorder.sent(counts.ordinal, seq, counts.sent++);
    return result;
  });

  patches.method(scope.MessagePort.prototype, 'close', (native, self, args) => {
    const result = apply(native, self, args);
    const counts = weakMapGet(ports, self as object);
    if (counts) {
      recorder.record('portClosed', {
        node: (counts.ordinal + 1) as NodeId,
        by: 'processor',
        frame: currentFrame() as Frames,
        stack: captureStack(OWN_URL),
      });
    }
    return result;
  });

  function onMessage(this: ScopePort): void {
    const counts = weakMapGet(ports, this);
    if (counts) recorder.received(counts.ordinal, false, counts.received++);
  }
  function onFailure(this: ScopePort): void {
    const counts = weakMapGet(ports, this);
    if (counts) recorder.received(counts.ordinal, true, counts.received++);
  }

  return {
    observe(port, ordinal) {
      weakMapSet(ports, port, { ordinal, sent: 0, received: 0 });
      listen(port, 'message', onMessage);
      listen(port, 'messageerror', onFailure);
    },
  };
}
