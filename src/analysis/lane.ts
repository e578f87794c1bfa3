import * as LIMITS from '../shared/limits.ts';
import type { Sender } from '../shared/records.ts';
import type { Frames, Micros, Ordinal, Seq, ThreadId } from '../shared/units.ts';
import { CallStore } from './call-columns.ts';
import type { AnchoredClock } from './frame-clock.ts';
import type {
  Destroyed,
  MessageFacts,
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
  readonly messages: MessageFacts[] = [];
  readonly portClosed: (Point & { readonly by: Sender; readonly stack: string })[] = [];
  readonly posts = new PostLedger();
  node: NodeFacts | undefined;
  processor: ProcessorFacts | undefined;
  /** `processorFailed` arrived; it may do so before `processorConstructed`. */
  failed: ProcessorFacts['failed'];
  processorCollected: Point | undefined;
  detached = false;
  portClosedByNode = false;
  /** Messages beyond `LIMITS.messagesPerNode`. */
  messagesDropped = 0;
  /** Made with the first message: most of a page's many short-lived nodes have none. */
  #byIndex: { readonly [from in Sender]: Map<number, MessageFacts> } | undefined;

  constructor(ordinal: Ordinal, clock: AnchoredClock) {
    this.ordinal = ordinal;
    this.calls = new CallStore(clock);
  }

  /** The `index`-th message of one side; undefined when this node has more than we keep. */
  message(from: Sender, index: number): MessageFacts | undefined {
    this.#byIndex ??= { node: new Map(), processor: new Map() };
    const known = this.#byIndex[from].get(index);
    if (known !== undefined) return known;
    if (this.messages.length >= LIMITS.messagesPerNode) {
      this.messagesDropped++;
      return undefined;
    }
    const message: MessageFacts = {
      from,
      index,
      sent: undefined,
      received: undefined,
      failed: false,
      bytes: 0,
      preview: '',
      stack: '',
    };
    this.#byIndex[from].set(index, message);
    this.messages.push(message);
    return message;
  }
}

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

/** A point whose time is read off the clock, which grows truer as anchors arrive. */
export class ClockedPoint implements Point {
  readonly seq: Seq;
  readonly thread: ThreadId;
  readonly frame: Frames;
  readonly #clock: AnchoredClock;

  constructor(seq: number, thread: ThreadId, frame: number, clock: AnchoredClock) {
    this.seq = seq as Seq;
    this.thread = thread;
    this.frame = frame as Frames;
    this.#clock = clock;
  }

  get at(): Micros {
    return this.#clock.time(this.frame);
  }
}
