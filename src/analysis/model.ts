import type { ContextKind, ContextMethod, ContextState, Sender } from '../shared/records.ts';
import type {
  BlockId,
  ContextId,
  Frames,
  Micros,
  ModuleId,
  NodeId,
  Ordinal,
  Seq,
  ThreadId,
} from '../shared/units.ts';

/**
 * The facts of a session: what its records said, joined by entity, nothing judged. Everything here
 * is plain data that only ever grows, except the call columns, which answer queries.
 */

/** A place in time and order. Where two points are both sequenced, `seq` decides, never `at`. */
export interface Point {
  readonly at: Micros;
  /** 0: not sequenced (the page is not isolated). */
  readonly seq: Seq;
  readonly thread: ThreadId;
}

/** Identifies an entity within a session: `<document index>/<kind initial><local id>`. */
export type EntityKey = string;

export interface DocumentFacts {
  readonly index: number;
  /** The content script's name for the document. */
  readonly id: string;
  readonly frameId: number;
  readonly parentFrameId: number;
  url: string;
  /** Microseconds since the Unix epoch. Lays documents (and Chrome traces) side by side. */
  timeOrigin: number;
  isolated: boolean;
  /** Undefined while it lives. */
  goneAt: Micros | undefined;
  lastAt: Micros;
  /** Part of its history never arrived: what is absent here may still have happened. */
  incomplete: boolean;
  readonly threads: Map<ThreadId, ThreadFacts>;
  readonly contexts: Map<ContextId, ContextFacts>;
  /** Worklet nodes and native neighbours. */
  readonly nodes: Map<NodeId, NodeFacts>;
  readonly neighbours: Map<NodeId, NeighbourFacts>;
  readonly modules: Map<ModuleId, ModuleFacts>;
  readonly blocks: Map<BlockId, BlockFacts>;
  readonly refused: RefusedNodeFacts[];
  readonly marks: (Point & { readonly text: string })[];
  readonly losses: LossFacts[];
  readonly coverage: string[];
  readonly pageEvents: (Point & {
    readonly event: 'frozen' | 'resumed' | 'ended' | 'hidden' | 'shown';
  })[];
}

export interface ThreadFacts {
  readonly id: ThreadId;
  readonly document: DocumentFacts;
  readonly kind: 'main' | 'audio' | 'worker';
  readonly context: ContextFacts | undefined;
  readonly name: string;
  readonly started: Point;
  readonly registered: string[];
}

export interface LossFacts extends Point {
  readonly lostThread: ThreadId;
  readonly count: number;
  readonly why: string;
}

export interface ContextFacts {
  readonly id: ContextId;
  readonly key: EntityKey;
  readonly document: DocumentFacts;
  readonly kind: ContextKind;
  readonly sampleRate: number;
  readonly length: Frames;
  readonly quantumFrames: number;
  readonly created: Point;
  readonly createStack: string;
  readonly states: (Point & { readonly state: ContextState; readonly frame: Frames })[];
  readonly calls: ContextCallFacts[];
  /** When `close()` resolved. */
  closed: Point | undefined;
  collected: Point | undefined;
  /** In order of construction; the n-th is the n-th processor of the audio thread. */
  readonly nodes: NodeFacts[];
  audioThread: ThreadFacts | undefined;
  readonly underruns: (Point & { readonly events: number; readonly duration: number })[];
  /** The highest frame that any record or slot of this context has named. */
  readonly lastFrame: Frames;
  readonly quanta: QuantumStats;
  /** Frame ↔ time, from the clock slots of its audio thread; ascending. */
  readonly clock: FrameClock;
}

export interface FrameClock {
  /** The time at which `frame` was rendered, interpolated; undefined before the first anchor. */
  timeOf(frame: number): Micros | undefined;
  readonly anchors: number;
}

/** Timed quanta of a real-time context, a second of context time a bucket. */
export interface QuantumStats {
  readonly seconds: readonly {
    readonly second: number;
    readonly timed: number;
    readonly over: number;
    /** Of all timed quanta together. */
    readonly totalMicros: number;
    readonly worstMicros: number;
    readonly at: Micros;
  }[];
}

export interface ContextCallFacts {
  readonly method: ContextMethod;
  readonly called: Point;
  readonly frame: Frames;
  readonly stack: string;
  settled:
    | (Point & { readonly outcome: 'resolved' | 'rejected'; readonly reason: string })
    | undefined;
}

export interface ModuleFacts {
  readonly id: ModuleId;
  readonly context: ContextFacts;
  readonly url: string;
  readonly requested: Point;
  readonly stack: string;
  settled:
    | (Point & { readonly outcome: 'resolved' | 'rejected'; readonly reason: string })
    | undefined;
}

export interface NeighbourFacts {
  readonly id: NodeId;
  readonly context: ContextFacts | undefined;
  /** Its class, such as `GainNode`. */
  readonly type: string;
  readonly seen: Point;
}

/** How a node was given up, strongest first (problem.md, Words). */
export const DESTROY_SIGNALS = [
  'declared',
  'emscripten',
  'closed',
  'context-closed',
  'collected',
  'detached',
] as const;
export type DestroySignal = (typeof DESTROY_SIGNALS)[number];

export interface Destroyed extends Point {
  readonly signal: DestroySignal;
  /** The context's frame as the page saw it then; -1 when it was not seen (`collected`). */
  readonly frame: Frames;
  readonly stack: string;
}

export interface NodeFacts {
  readonly id: NodeId;
  readonly key: EntityKey;
  readonly document: DocumentFacts;
  readonly context: ContextFacts;
  readonly ordinal: Ordinal;
  readonly processorName: string;
  readonly className: string;
  readonly numberOfInputs: number;
  readonly numberOfOutputs: number;
  readonly emscripten: 'no' | 'node' | 'bootstrap';
  readonly userData: number;
  readonly callback: number;
  /** The strongest kind of memory that was ever handed to its processor. */
  memory: 'none' | 'shared' | 'wasm';
  readonly options: string;
  readonly created: Point;
  /** The context's frame as the page saw it then. */
  readonly createdFrame: Frames;
  readonly createStack: string;
  /** Edges that exist now, and every change of them. */
  readonly wires: Wire[];
  readonly wireEvents: WireEvent[];
  /** How often it was connected again after it had been detached. */
  reconnections: number;
  /**
   * The farewells in force, in order of time, explicit ones with their repeats. Reconnecting
   * withdraws `detached` and `closed`; `wireEvents` keep the history.
   */
  readonly farewells: Destroyed[];
  readonly portClosed: (Point & { readonly by: Sender; readonly stack: string })[];
  /** In the order in which either end was first seen, which is not the order of time. */
  readonly messages: MessageFacts[];
  /** Calls that posted, in unbroken runs. */
  readonly posts: PostStats;
  readonly errorEvents: (Point & { readonly reason: string })[];
  collected: Point | undefined;
  processor: ProcessorFacts | undefined;
  readonly calls: CallColumns;
}

export interface Wire {
  readonly direction: 'in' | 'out';
  /** Worklet node or native neighbour. */
  readonly peer: NodeId;
  readonly param: string;
  readonly output: number;
  readonly input: number;
}

export interface WireEvent extends Point {
  readonly kind: 'connected' | 'disconnected';
  /** What changed, in words: `→ GainNode #3`. */
  readonly what: string;
  readonly attachedAfter: boolean;
}

export interface ProcessorFacts {
  readonly ordinal: Ordinal;
  readonly thread: ThreadFacts;
  readonly name: string;
  readonly constructed: Point;
  /** Why its constructor threw; empty when it did not. */
  readonly constructError: string;
  readonly constructStack: string;
  failed: (Point & { readonly reason: string; readonly stack: string }) | undefined;
  collected: Point | undefined;
}

export interface MessageFacts {
  readonly from: Sender;
  readonly index: number;
  sent: Point | undefined;
  received: Point | undefined;
  failed: boolean;
  bytes: number;
  preview: string;
  stack: string;
}

/** How a processor posts from inside `process()`. */
export interface PostStats {
  /** Messages sent from inside a call. */
  readonly count: number;
  /** Length of the longest run of calls, each of which sent something, and where it began. */
  readonly longestRun: number;
  readonly runFrame: Frames;
}

export interface BlockFacts {
  readonly id: BlockId;
  readonly memory: number;
  readonly offset: number;
  readonly length: number;
  readonly label: string;
  readonly allocated: Point;
  readonly allocateStack: string;
  freed: (Point & { readonly stack: string }) | undefined;
}

export interface RefusedNodeFacts extends Point {
  readonly context: ContextFacts;
  readonly processorName: string;
  readonly contextState: ContextState;
  readonly reason: string;
  readonly stack: string;
}

/** One `process()` call. */
export interface Call {
  readonly index: number;
  readonly enter: Seq;
  readonly exit: Seq;
  readonly frame: Frames;
  readonly at: Micros;
  /** Undefined when this call was not timed. */
  readonly duration: Micros | undefined;
  readonly returned: (typeof CALL_RETURNED)[number];
}

/** How a call ended, as `CallVisitor` gives it. */
export const CALL_RETURNED = ['false', 'true', 'threw'] as const;

/** `durationMicros` is -1 when the call was not timed; `returned` indexes `CALL_RETURNED`. */
export type CallVisitor = (
  enter: number,
  exit: number,
  frame: number,
  at: number,
  durationMicros: number,
  returned: number,
) => void;

/**
 * All calls of one processor in order, columnar and delta-coded (a few bytes each). Every query is
 * logarithmic in the number of calls, or linear in what it returns.
 */
export interface CallColumns {
  readonly length: number;
  at(index: number): Call | undefined;
  /** Visits the calls `[from, to)` in order, allocating nothing a call: for export and aggregates. */
  each(from: number, to: number, visit: CallVisitor): void;
  /** Index of the first call whose entry number is above `seq`; `length` when there is none. */
  firstEnteredAfter(seq: Seq): number;
  /** Index of the first call at or after this frame; `length` when there is none. */
  firstFromFrame(frame: Frames): number;
  /** The call that had begun and not returned at `seq`. */
  inFlightAt(seq: Seq): Call | undefined;
  /** Index of the first call that starts at or after `at`. */
  firstFromTime(at: Micros): number;
  /** Calls and their worst duration per bucket of `[from, to)`, for drawing. */
  buckets(from: Micros, to: Micros, count: number): CallBuckets;
  /** How many of the last calls returned `false`. */
  readonly trailingFalse: number;
}

export interface CallBuckets {
  readonly counts: Uint32Array;
  readonly worstMicros: Uint32Array;
}
