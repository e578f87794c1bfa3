import type { Sender } from '../shared/records.ts';
import type { Frames, Ordinal } from '../shared/units.ts';
import { CallStore } from './call-columns.ts';
import type { ChannelState, EndState } from './channel-state.ts';
import type { AnchoredClock } from './frame-clock.ts';
import type {
  Destroyed,
  MessageFacts,
  MessageList,
  NodeFacts,
  Point,
  PostStats,
  ProcessorFacts,
} from './model.ts';

/**
 * What is known of the n-th processor of a context, whichever of its two sides spoke first: the
 * audio thread names it by its ordinal, the page by its node.
 */
export class Lane {
  readonly ordinal: Ordinal;
  readonly calls: CallStore;
  readonly farewells: Destroyed[] = [];
  readonly portClosed: (Point & { readonly by: Sender; readonly stack: string })[] = [];
  readonly posts = new PostLedger();
  node: NodeFacts | undefined;
  processor: ProcessorFacts | undefined;
  /** `processorFailed` arrived; it may do so before `processorConstructed`. */
  failed: ProcessorFacts['failed'];
  processorCollected: Point | undefined;
  detached = false;
  /** Its processor was constructed by a node that is not known yet. */
  awaitsNode = false;
  portClosedByNode = false;
  /** Its port, made with the first that is seen of it: most of a page’s many short-lived nodes have none. */
  channel: ChannelState | undefined;
  nodeEnd: EndState | undefined;
  processorEnd: EndState | undefined;

  constructor(ordinal: Ordinal, clock: AnchoredClock) {
    this.ordinal = ordinal;
    this.calls = new CallStore(clock);
  }

  get messages(): MessageList {
    return this.channel?.messages ?? NO_MESSAGES;
  }
}

const NO_MESSAGES: MessageList = {
  length: 0,
  *[Symbol.iterator](): Iterator<MessageFacts> {
    yield* [];
  },
  within: () => [],
};

/** Finds the runs of calls that each sent something: a message's number lies inside its call's. */
class PostLedger implements PostStats {
  count = 0;
  longestRun = 0;
  runFrame = 0 as Frames;
  #sentSeq = -1;
  #pending = 0;
  #run = 0;
  #begin = 0;

  sent(seq: number): void {
    this.#sentSeq = seq;
    this.#pending++;
  }

  called(enter: number, frame: number): void {
    if (this.#pending === 0) {
      this.#run = 0;
      return;
    }
    if (this.#sentSeq <= enter) this.#run = 0;
    else {
      if (this.#run === 0) this.#begin = frame;
      this.#run++;
      this.count += this.#pending;
      if (this.#run > this.longestRun) {
        this.longestRun = this.#run;
        this.runFrame = this.#begin as Frames;
      }
    }
    this.#pending = 0;
  }
}
