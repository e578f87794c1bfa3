import { apply } from '../../base/intrinsics.ts';
import { Channels, type End } from '../../hooks/channels.ts';
import { leanMemories, type Memories } from '../../hooks/memories.ts';
import { MessageHandlers } from '../../hooks/message-handlers.ts';
import type { EndId, Frames, NodeId } from '../../shared/units.ts';
import { currentFrame } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** The messages and memories of this scope, on the processors’ side. */
export interface PortObserver {
  readonly channels: Channels;
  readonly memories: Memories;
  /** Of the processor whose port it is; undefined for any other object. */
  ordinalOf(port: unknown): number | undefined;
  /** To be called before the page gets to see `port`, so that our listener is its first. */
  observe(port: object, ordinal: number): void;
  /** To be called before the constructor of a processor gets to see its options. */
  observeOptions(options: unknown, ordinal: number): void;
}

export function observePorts(
  recorder: ThreadRecorder,
  platformOf: (processor: unknown) => object | undefined,
): PortObserver {
  const memories = leanMemories(recorder);
  const channels = new Channels({
    witness: recorder,
    memories,
    firstEnd: 1,
    sink: {
      sent: (end, seq, index) => recorder.sent(end, seq, index),
      received: (end, seq, index, event) => recorder.received(end, seq, index, event),
      closed: (end) => {
        if (isOdd(end)) return false;
        recorder.record('portClosed', {
          node: (end.id / 2) as NodeId,
          by: 'processor',
          frame: currentFrame() as Frames,
          stack: recorder.stack(),
        });
        return true;
      },
      refused: (native, self, args) => {
        // A processor cannot be cloned, and the engine names it by its interface.
        const platform = args.length > 0 ? platformOf(args[0]) : undefined;
        if (platform) apply(native, self, [platform]);
      },
    },
  });
  new MessageHandlers(channels, globalThis);
  return {
    channels,
    memories,
    ordinalOf(port) {
      const end = channels.of(port);
      return end && !isOdd(end) ? end.id / 2 - 1 : undefined;
    },
    observe(port, ordinal) {
      const end = channels.adoptPort(port, endOf(ordinal));
      if (end) end.isCounted = true;
    },
    observeOptions(options, ordinal) {
      if (typeof options !== 'object' || options === null) return;
      memories.carried('arrived', endOf(ordinal), 0, options, recorder.next());
    },
  };
}

function isOdd({ id }: End): boolean {
  return id % 2 === 1;
}

/** Of a processor’s port. */
function endOf(ordinal: number): EndId {
  return (2 * (ordinal + 1)) as EndId;
}
