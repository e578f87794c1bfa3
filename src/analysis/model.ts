import type {
  ContextKind,
  ContextMethod,
  ContextState,
  FieldsOf,
  Misfree,
  Sender,
  WorkerEntered,
} from '../shared/records.ts';
import type {
  BlockId,
  ContextId,
  EndId,
  Frames,
  MemoryId,
  Micros,
  ModuleId,
  NodeId,
  Ordinal,
  Seq,
  ThreadId,
  WorkerId,
} from '../shared/units.ts';
import type { AtomicStore } from './ordering/atomic-store.ts';
import type { EdgeStore } from './ordering/edge-store.ts';

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
  /** The place in the order of its own thread, to be compared with no other's. Where `seq` is not 0, the same. */
  readonly tick: number;
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
  /** Each block as it was allocated, and again whenever it changed: freed, or found to be user data. Only grows. */
  readonly blockChanges: readonly BlockFacts[];
  /** By thread and number. */
  readonly heapSites: Map<string, HeapSiteFacts>;
  /** What threads counted of their heaps, by thread and memory. */
  readonly heapCounts: Map<string, HeapCountFacts>;
  /** What was freed that was no block then. In no order. */
  readonly misfrees: Iterable<MisfreeFacts>;
  /** Accesses to freed blocks, by the number of the hit. */
  readonly touches: Map<number, TouchFacts>;
  /** Dedicated workers by their keys. */
  readonly workers: Map<EntityKey, WorkerFacts>;
  /** Every channel of which anything was seen, ports of worklet nodes among them. In no order. */
  readonly channels: Iterable<ChannelFacts>;
  /** Those with messages that were sent and not received, or that could not be read. Cheap to ask. */
  readonly suspects: readonly ChannelFacts[];
  /** Shared memory that crossed a thread or was named. In no order. */
  readonly memories: DataBlocks;
  /** Who came before whom, as far as messages and lifecycles say. */
  readonly edges: EdgeStore;
  readonly atomics: AtomicStore;
  readonly compilations: CompilationFacts[];
  /** Modules whose atomic instructions are recorded, as the thread that compiled them has said. */
  readonly coveredModules: CoveredModule[];
  /** Where one of them runs all the same as it is. */
  readonly missedModules: (Point & { readonly stack: string })[];
  readonly interventions: InterventionFacts[];
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
  /** The worker that it is. */
  worker: WorkerFacts | undefined;
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
  /** What was compiled or instantiated synchronously on its rendering thread, and took its time. */
  readonly blockings: BlockingFacts[];
  /** By their number. */
  readonly instantiations: Map<number, InstantiationFacts>;
  /** The highest frame that any record or slot of this context has named. */
  readonly lastFrame: Frames;
  readonly quanta: QuantumStats;
  /** Frame ↔ time, from the clock slots of its audio thread; ascending. */
  readonly clock: FrameClock;
}

export interface BlockingFacts extends Point {
  readonly what: FieldsOf<'wasmBlocked'>['what'];
  /** Whose processor was at work. */
  readonly node: NodeFacts | undefined;
  readonly micros: number;
  /** Plus or minus so many microseconds. */
  readonly uncertainty: number;
  /** Whether a processor of the context had been called before. */
  readonly rendered: boolean;
  readonly frame: Frames;
  readonly stack: string;
}

/** `WebAssembly.instantiate()` on the rendering thread. */
export interface InstantiationFacts {
  readonly begun: Point & { readonly frame: Frames };
  /** Whose processor began it; undefined: the scope itself. */
  readonly node: NodeFacts | undefined;
  readonly isOfScope: boolean;
  readonly stack: string;
  settled:
    | (Point & { readonly outcome: 'resolved' | 'rejected'; readonly frame: Frames })
    | undefined;
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
  /** Both directions of its port. */
  readonly messages: MessageList;
  /** Its port; undefined while nothing was seen of it. */
  readonly channel: ChannelFacts | undefined;
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

/**
 * `new Worker(…)`: the object in the thread that made it, and what is known of its own thread. Where
 * `entered` is not `yes`, nothing that happened inside was seen.
 */
export interface WorkerFacts {
  readonly id: WorkerId;
  readonly key: EntityKey;
  readonly document: DocumentFacts;
  /** The thread that made it. */
  readonly parent: ThreadId;
  readonly url: string;
  readonly name: string;
  readonly type: 'classic' | 'module';
  readonly entered: WorkerEntered;
  readonly created: Point;
  readonly createStack: string;
  /** Its own thread, once known. */
  readonly thread: ThreadFacts | undefined;
  /** Between the `Worker` object and the global scope of its thread. */
  readonly channel: ChannelFacts;
  /** Its first statement, the end of its script’s evaluation, its own call of `close()`. */
  readonly scope: { readonly [state in FieldsOf<'scopeState'>['state']]: Point | undefined };
  /** What its thread is told to be at, which may differ from `url`. */
  readonly scopeUrl: string;
  /** `terminate()`, or its script did not load. Its own `close()` is `scope.closing`. */
  ended: WorkerEnd | undefined;
  /** Errors that nobody handled; it may have gone on. */
  readonly errors: (Point & { readonly reason: string; readonly stack: string })[];
}

export interface WorkerEnd extends Point {
  readonly how: 'terminated' | 'not-loaded';
  readonly reason: string;
  readonly stack: string;
}

export type ChannelKind = 'node' | 'worker' | 'port' | 'broadcast';

/**
 * The two sides of a channel, joined over the transfers of its ports. A broadcast channel has one side
 * for every end of its name.
 */
export interface ChannelFacts {
  readonly key: EntityKey;
  readonly document: DocumentFacts;
  readonly kind: ChannelKind;
  readonly node: NodeFacts | undefined;
  readonly worker: WorkerFacts | undefined;
  /** Of a broadcast channel. */
  readonly name: string;
  /** `new MessageChannel()`; for others undefined. */
  readonly created: Point | undefined;
  readonly createStack: string;
  /** Of a node, the page’s side is the first; of a worker, that of the `Worker` object. */
  readonly sides: readonly SideFacts[];
  readonly messages: MessageList;
  /** What a side sent, by its index. Undefined for broadcasts, whose messages have many receivers. */
  message(side: number, index: number): MessageFacts | undefined;
  /** Blocks that its messages `[from, to)` of a side took along. */
  payload(side: number, from: number, to: number): Iterable<BlockFacts>;
  /** When that was sent. */
  sentAt(side: number, index: number): Point | undefined;
  /** Indexes of messages of a side that came and could not be read (`messageerror`). */
  failed(side: number): readonly number[];
}

export interface SideFacts {
  readonly index: number;
  /** Its ends in the order in which it moved from thread to thread; usually one. */
  readonly ends: readonly EndFacts[];
}

/** One side of a channel in one of the threads that held it. */
export interface EndFacts {
  readonly key: EntityKey;
  readonly thread: ThreadId;
  readonly id: EndId;
  readonly channel: ChannelFacts;
  readonly side: SideFacts;
  /** Its first listener for messages. */
  readonly listened: Point | undefined;
  readonly started: Point | undefined;
  /** `close()` was called on it. */
  readonly closed: (Point & { readonly stack: string }) | undefined;
  /** It heard that the other side is gone. */
  readonly closeEvent: Point | undefined;
  readonly collected: Point | undefined;
  /** A message carried it away. */
  readonly passed: Point | undefined;
  /** Messages sent and received by it, as far as they count. */
  readonly sent: number;
  readonly received: number;
  /** What it sent, by its index among that. */
  sentMessage(index: number): MessageFacts | undefined;
}

/** Messages of a channel, made one by one as they are asked for: columns hold them. */
export interface MessageList extends Iterable<MessageFacts> {
  readonly length: number;
  /** Those that had not been received before `from` and were not sent after `to`. */
  within(from: Micros, to: Micros): Iterable<MessageFacts>;
}

export interface MessageFacts {
  readonly channel: ChannelFacts;
  /** The side that sent it, by its place in `ChannelFacts.sides`; -1 where that is not known (broadcasts). */
  readonly side: number;
  /** Of a node’s port, the same in words. */
  readonly from: Sender;
  /** Its number, from 0, among what that side sent. */
  readonly index: number;
  readonly sent: Point | undefined;
  /** Of a broadcast: by one of those who heard it, who each have a message of their own. */
  readonly received: Point | undefined;
  readonly failed: boolean;
  readonly bytes: number;
  readonly preview: string;
  readonly stack: string;
  /** Blocks of heaps whose addresses it took along, as far as messages are looked into. */
  readonly payload: readonly BlockFacts[];
}

/** A SharedArrayBuffer or the memory of a WebAssembly instance, whatever its objects, wherever they are. */
export interface DataBlockFacts {
  readonly key: EntityKey;
  readonly document: DocumentFacts;
  readonly kind: 'shared' | 'wasm';
  /** The most that any thread has seen. */
  readonly bytes: number;
  /** Its numbers in the threads that know it, by thread and number. */
  readonly locals: readonly LocalMemoryFacts[];
  readonly seen: Point | undefined;
  readonly stack: string;
  /** Nodes to whose processors it was handed. */
  readonly nodes: readonly NodeFacts[];
  /** Whether a thread may have it in which modules are not rewritten: any but the page’s and those of its entered contexts. */
  readonly hasLeft: boolean;
  /** By time: as the thread that grew it tells, and as others noticed. */
  readonly growths: readonly MemoryGrowthFacts[];
  /** Reads of its old buffers, of which views were made most likely. By time. */
  readonly bufferReads: readonly BufferReadFacts[];
  /** By time. */
  readonly staleUses: readonly StaleUseFacts[];
}

/** An object of one thread that stands for a data block. */
export interface LocalMemoryFacts {
  readonly thread: ThreadId;
  readonly memory: MemoryId;
  /** Undefined where nothing but its number is known. */
  readonly seen: (Point & { readonly kind: 'shared' | 'wasm'; readonly stack: string }) | undefined;
}

export interface MemoryGrowthFacts extends Point {
  readonly from: number;
  readonly to: number;
  readonly shared: boolean;
  readonly how: FieldsOf<'memoryGrown'>['how'];
  readonly stack: string;
}

export interface BufferReadFacts extends Point {
  readonly bytes: number;
  /** Whose processor was at work. */
  readonly node: NodeFacts | undefined;
  readonly stack: string;
}

/** A view was used, or is held, that a growth has left behind. */
export interface StaleUseFacts extends Point {
  readonly node: NodeFacts | undefined;
  readonly what: FieldsOf<'staleView'>['what'];
  readonly method: string;
  readonly property: string;
  /** The length of the old buffer; 0: it is detached. */
  readonly bytes: number;
  readonly reach: number;
  readonly threw: boolean;
  readonly stack: string;
}

export interface DataBlocks extends Iterable<DataBlockFacts> {
  /** The data block that a thread knows by this number, as it is joined by now. */
  find(thread: ThreadId, memory: MemoryId): DataBlockFacts | undefined;
  /** Grows whenever two of them turn out to be one. */
  readonly joins: number;
}

export interface CoveredModule {
  readonly thread: ThreadId;
  /** As its `CompilationFacts` has it. */
  readonly bytes: number;
}

export interface CompilationFacts extends Point {
  readonly bytes: number;
  readonly atomics: 'none' | 'some' | 'unknown';
  readonly sync: boolean;
  readonly stack: string;
}

/** What stress teardown did. */
export interface InterventionFacts extends Point {
  readonly action: FieldsOf<'stressed'>['action'];
  readonly node: NodeFacts | undefined;
  readonly context: ContextFacts | undefined;
  readonly seed: number;
  readonly step: number;
  readonly micros: number;
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
  /** The data block it lies in, by the number of the thread that allocated it. */
  readonly memory: number;
  readonly offset: number;
  /** 0: a thread handed it out that did not tell of it; `allocated` is when it was first seen. */
  readonly length: number;
  readonly label: string;
  readonly allocated: Point;
  readonly allocateStack: string;
  freed: (Point & { readonly stack: string }) | undefined;
  /** Nodes whose user data lies in it, where that is known. */
  readonly users: NodeFacts[];
  /** Messages that took its address along: by the end that sent each, and their indexes there. */
  readonly carriers: { readonly end: EndFacts; readonly index: number }[];
  /** Of the handle of an Emscripten fetch whose request has ended. */
  fetch: FetchFacts | undefined;
}

export interface FetchFacts {
  readonly ended: Point;
  /** 0: its handle cannot be closed, unless the program sets another. */
  readonly id: number;
  readonly status: number;
  /** What was loaded, in bytes. */
  readonly bytes: number;
  readonly url: string;
  /** When `emscripten_fetch_close()` refused the handle, in order of time. */
  readonly refused: (Point & { readonly stack: string })[];
}

/** A place of the program that keeps many blocks of heaps. */
export interface HeapSiteFacts {
  readonly thread: ThreadId;
  readonly site: number;
  readonly stack: string;
  /** In order of time. */
  readonly counts: (Point & {
    readonly live: number;
    readonly bytes: number;
    readonly made: number;
  })[];
}

/** What one thread counted of a heap, by the number that it gave to the memory. */
export interface HeapCountFacts {
  readonly thread: ThreadId;
  readonly memory: MemoryId;
  /** In order of time. */
  readonly counts: (Point & Omit<FieldsOf<'heapState'>, 'memory'>)[];
}

/** Something was freed that was no block then. */
export interface MisfreeFacts extends Point {
  readonly what: Misfree;
  /** Whether the page declared the free; otherwise a module of it was heard. */
  readonly isDeclared: boolean;
  /** The data block, by the number of the thread that freed. */
  readonly memory: MemoryId;
  readonly offset: number;
  readonly stack: string;
  /** The block that was freed before, where that is known. */
  readonly block: BlockFacts | undefined;
}

/** An instruction of a WebAssembly module that has touched a freed block. The point is that of the first time. */
export interface TouchFacts extends Point {
  /** The number of the memory in the thread that ran it. */
  readonly memory: number;
  /** Of the block. */
  readonly offset: number;
  readonly length: number;
  /** How far into the block. */
  readonly into: number;
  /** Such as `f32.load`. */
  readonly access: string;
  /** 0 where they are an operand. */
  readonly bytes: number;
  readonly writes: boolean;
  readonly functionIndex: number;
  readonly functionName: string;
  readonly functionOffset: number;
  /** The byte of the original module. */
  readonly site: number;
  readonly frame: Frames;
  readonly stack: string;
  /** At least. */
  times: number;
  last: Point;
}

export interface RefusedNodeFacts extends Point {
  readonly context: ContextFacts;
  readonly processorName: string;
  readonly contextState: ContextState;
  readonly reason: string;
  readonly stack: string;
}

/** One `process()` call. Where the page is not isolated, `enter` and `exit` are ticks of its thread. */
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
