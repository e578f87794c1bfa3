import type {
  BlockId,
  CallId,
  CellId,
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
} from './units.ts';

/**
 * What a field may hold: its wire form and its TypeScript type. `docs/wire-format.md` is printed
 * from here. Ids are `uint` on the wire; an id of 0 means "none" or "not known".
 */
export interface FieldTypes {
  readonly uint: number;
  readonly int: number;
  readonly float: number;
  readonly flag: boolean;
  readonly text: string;
  /** A stack trace as the engine prints it, cut to `LIMITS.stackFrames`. May be empty. */
  readonly stack: string;
  readonly frames: Frames;
  readonly context: ContextId;
  readonly node: NodeId;
  readonly module: ModuleId;
  readonly block: BlockId;
  readonly callId: CallId;
  readonly thread: ThreadId;
  readonly ordinal: Ordinal;
  readonly end: EndId;
  readonly worker: WorkerId;
  readonly memoryId: MemoryId;
  readonly cell: CellId;
}

export type FieldType = keyof FieldTypes | readonly string[];
export interface RecordShape {
  readonly op: number;
  /** What the record means, for `docs/wire-format.md`. */
  readonly doc: string;
  readonly fields: { readonly [name: string]: FieldType };
}

const CONTEXT_KIND = ['realtime', 'offline'] as const;
const CONTEXT_STATE = ['suspended', 'running', 'interrupted', 'closed'] as const;
const CONTEXT_METHOD = ['suspend', 'resume', 'close', 'startRendering'] as const;
const OUTCOME = ['resolved', 'rejected'] as const;
/** What a message, or a node's options, carried to another thread. */
const CARGO = ['port', 'memory'] as const;
/** Which function of an allocator handed out a block. */
const HEAP_ALLOCATOR = ['malloc', 'calloc', 'memalign', 'posixMemalign', 'realloc'] as const;
const MISFREE = ['double', 'invalid'] as const;
/** Which side of a node's port sent: the page's `node.port` or the processor's `this.port`. */
const SENDER = ['node', 'processor'] as const;

/**
 * The whole vocabulary of one format. Append only: a shipped `op` keeps its fields, saved sessions
 * hold it. Every record also carries `seq` (its place in the order of all threads, or of its own where the
 * page is not isolated) and `at` (microseconds since the document's time origin).
 *
 * An audio rendering thread knows no node ids: in its records a field of type `node` holds the
 * processor's ordinal + 1. Chunks of a thread are read once its `threadStarted` is known, so either
 * side may arrive first.
 */
export const RECORDS = {
  threadStarted: {
    op: 1,
    doc: 'A thread is known: the main thread, an audio rendering thread, a worker.',
    fields: {
      thread: 'thread',
      kind: ['main', 'audio', 'worker'],
      context: 'context',
      name: 'text',
    },
  },
  contextCreated: {
    op: 2,
    doc: 'An AudioContext or OfflineAudioContext was constructed. `length` is 0 for real-time ones.',
    fields: {
      context: 'context',
      kind: CONTEXT_KIND,
      state: CONTEXT_STATE,
      sampleRate: 'float',
      length: 'frames',
      quantumFrames: 'frames',
      stack: 'stack',
    },
  },
  contextState: {
    op: 3,
    doc: '`statechange` was seen. `frame` is `currentTime` in frames as the page saw it.',
    fields: { context: 'context', state: CONTEXT_STATE, frame: 'frames' },
  },
  contextCall: {
    op: 4,
    doc: 'The page called a method that changes the state of a context.',
    fields: {
      context: 'context',
      call: 'callId',
      method: CONTEXT_METHOD,
      frame: 'frames',
      stack: 'stack',
    },
  },
  contextSettled: {
    op: 5,
    doc: 'The promise of such a call settled.',
    fields: {
      context: 'context',
      call: 'callId',
      method: CONTEXT_METHOD,
      outcome: OUTCOME,
      reason: 'text',
      frame: 'frames',
    },
  },
  contextCollected: {
    op: 6,
    doc: 'The context object was garbage-collected.',
    fields: { context: 'context' },
  },
  moduleRequested: {
    op: 7,
    doc: '`audioWorklet.addModule(url)` was called.',
    fields: { context: 'context', module: 'module', url: 'text', stack: 'stack' },
  },
  moduleSettled: {
    op: 8,
    doc: 'The promise of `addModule` settled.',
    fields: { module: 'module', outcome: OUTCOME, reason: 'text' },
  },
  processorRegistered: {
    op: 9,
    doc: '`registerProcessor(name, …)` was called in an audio rendering thread.',
    fields: { name: 'text' },
  },
  nodeCreated: {
    op: 10,
    doc: 'An AudioWorkletNode was constructed. `memory` says what its options or messages handed over; `userData` is the heap address that Emscripten glue gave, else 0.',
    fields: {
      context: 'context',
      node: 'node',
      ordinal: 'ordinal',
      processorName: 'text',
      className: 'text',
      numberOfInputs: 'uint',
      numberOfOutputs: 'uint',
      emscripten: ['no', 'node', 'bootstrap'],
      userData: 'uint',
      callback: 'uint',
      memory: ['none', 'shared', 'wasm'],
      options: 'text',
      frame: 'frames',
      stack: 'stack',
    },
  },
  nodeRefused: {
    op: 11,
    doc: '`new AudioWorkletNode` threw.',
    fields: {
      context: 'context',
      processorName: 'text',
      contextState: CONTEXT_STATE,
      reason: 'text',
      stack: 'stack',
    },
  },
  neighbourSeen: {
    op: 12,
    doc: 'A native node (or the owner of an AudioParam) beside a worklet node got an id.',
    fields: { context: 'context', node: 'node', type: 'text' },
  },
  connected: {
    op: 13,
    doc: '`source.connect(…)` with a worklet node on either side. `param` names an AudioParam of `target`, or is empty.',
    fields: {
      source: 'node',
      target: 'node',
      param: 'text',
      output: 'uint',
      input: 'uint',
      frame: 'frames',
    },
  },
  disconnected: {
    op: 14,
    doc: '`source.disconnect(…)` with a worklet node on either side. `what` is the overload; `target`, `param`, `output` and `input` hold what it names.',
    fields: {
      source: 'node',
      what: ['all', 'output', 'target', 'target-output', 'target-output-input'],
      target: 'node',
      param: 'text',
      output: 'uint',
      input: 'uint',
      frame: 'frames',
      stack: 'stack',
    },
  },
  messageSent: {
    op: 15,
    doc: '`postMessage` on one side of a worklet node’s port returned. `index` counts the messages of that side from 0; `bytes` is an estimate.',
    fields: {
      node: 'node',
      from: SENDER,
      index: 'uint',
      bytes: 'uint',
      preview: 'text',
      stack: 'stack',
    },
  },
  messageReceived: {
    op: 16,
    doc: 'A message event was dispatched on the other side of a worklet node’s port.',
    fields: {
      node: 'node',
      from: SENDER,
      index: 'uint',
      failed: 'flag',
      bytes: 'uint',
      preview: 'text',
    },
  },
  portClosed: {
    op: 17,
    doc: '`close()` was called on one side of a worklet node’s port.',
    fields: { node: 'node', by: SENDER, frame: 'frames', stack: 'stack' },
  },
  processorConstructed: {
    op: 18,
    doc: 'The constructor of a processor returned (or threw; then `reason` says what). Its `at` is the end.',
    fields: { ordinal: 'ordinal', name: 'text', outcome: OUTCOME, reason: 'text', stack: 'stack' },
  },
  process: {
    op: 19,
    doc: 'One `process()` call; `seq` at entry, `exit` at exit. Travels as a slot.',
    fields: {
      ordinal: 'ordinal',
      exit: 'uint',
      frame: 'frames',
      returned: ['false', 'true', 'threw'],
      timed: 'flag',
      duration: 'uint',
    },
  },
  clock: {
    op: 20,
    doc: 'At this time the audio rendering thread was at `frame`. Travels as a slot.',
    fields: { frame: 'frames' },
  },
  processorFailed: {
    op: 21,
    doc: '`process()` threw; the processor is silent from now on.',
    fields: { ordinal: 'ordinal', frame: 'frames', reason: 'text', stack: 'stack' },
  },
  processorErrorEvent: {
    op: 22,
    doc: 'The page’s node got its processor error event.',
    fields: { node: 'node', reason: 'text' },
  },
  nodeCollected: {
    op: 23,
    doc: 'The AudioWorkletNode object was garbage-collected.',
    fields: { node: 'node' },
  },
  processorCollected: {
    op: 24,
    doc: 'The processor object was garbage-collected.',
    fields: { ordinal: 'ordinal' },
  },
  declaredDestroyed: {
    op: 25,
    doc: '`__lifeline__.destroy(node)` or a `lifeline:destroy` mark.',
    fields: { node: 'node', frame: 'frames', stack: 'stack' },
  },
  blockAllocated: {
    op: 26,
    doc: '`__lifeline__.alloc(…)`: a part of a buffer became a block.',
    fields: {
      block: 'block',
      memory: 'uint',
      offset: 'uint',
      length: 'uint',
      label: 'text',
      stack: 'stack',
    },
  },
  blockFreed: {
    op: 27,
    doc: '`__lifeline__.free(…)`. `block` is 0 when no live block starts there.',
    fields: { block: 'block', memory: 'uint', offset: 'uint', stack: 'stack' },
  },
  mark: {
    op: 28,
    doc: '`performance.mark("lifeline:…")` other than a destroy mark.',
    fields: { text: 'text' },
  },
  underrun: {
    op: 29,
    doc: 'The device reported underruns since the record before it.',
    fields: { context: 'context', events: 'uint', duration: 'uint' },
  },
  lost: {
    op: 30,
    doc: 'Records of a thread were lost, drawn as a gap that ends here.',
    fields: {
      thread: 'thread',
      count: 'uint',
      why: ['ring-full', 'thread-ended', 'history-limit', 'invalid', 'paused'],
    },
  },
  uncovered: {
    op: 31,
    doc: 'Something could not be observed. `detail` says what in words.',
    fields: {
      what: ['prelude', 'not-isolated', 'cross-realm', 'limit', 'other'],
      detail: 'text',
    },
  },
  page: {
    op: 32,
    doc: 'The document went into the back-forward cache, came back, ended, or was hidden or shown.',
    fields: { event: ['frozen', 'resumed', 'ended', 'hidden', 'shown'] },
  },
  memoryPassed: {
    op: 33,
    doc: 'A message handed shared or WebAssembly memory to a node’s processor.',
    fields: { node: 'node', memory: ['shared', 'wasm'] },
  },
  workerCreated: {
    op: 34,
    doc: '`new Worker(url)` returned. `end` is the end of the channel that the object is. `entered`: whether our recorder runs in it, and if not why.',
    fields: {
      worker: 'worker',
      end: 'end',
      url: 'text',
      name: 'text',
      type: ['classic', 'module'],
      entered: ['yes', 'forbidden', 'foreign', 'limit', 'not-isolated'],
      stack: 'stack',
    },
  },
  workerThread: {
    op: 35,
    doc: 'Said by the main thread: worker number `worker` of thread `parent` is thread `thread`. Its `threadStarted` comes just before.',
    fields: { thread: 'thread', parent: 'thread', worker: 'worker' },
  },
  workerEnded: {
    op: 36,
    doc: 'Said by the thread that made the worker: `terminate()` was called; or its script did not load; or it stopped with an error that nobody handled (it may go on).',
    fields: {
      worker: 'worker',
      how: ['terminated', 'not-loaded', 'error'],
      reason: 'text',
      stack: 'stack',
    },
  },
  scopeState: {
    op: 37,
    doc: 'Said by a worker: its first statement; the end of its script’s evaluation; `close()` was called.',
    fields: { state: ['started', 'evaluated', 'closing'], url: 'text' },
  },
  channelCreated: {
    op: 38,
    doc: '`new MessageChannel()`: its two ends.',
    fields: { first: 'end', second: 'end', stack: 'stack' },
  },
  broadcastOpened: {
    op: 39,
    doc: '`new BroadcastChannel(name)`. What one end of a name sends, all others of that name receive.',
    fields: { end: 'end', name: 'text' },
  },
  endState: {
    op: 40,
    doc: 'An end of a channel got its first listener for messages; was started; was closed by this thread; heard that the other end is gone; was garbage-collected. `messageerror` is no listener.',
    fields: {
      end: 'end',
      state: ['listened', 'started', 'closed', 'close-event', 'collected'],
      stack: 'stack',
    },
  },
  portSent: {
    op: 41,
    doc: '`postMessage` of an end other than a worklet node’s port returned. `index` counts what this thread sent by it, from 0. `hash` is of the content, for broadcasts, else 0. Without a preview it may travel as a slot.',
    fields: {
      end: 'end',
      index: 'uint',
      bytes: 'uint',
      hash: 'uint',
      preview: 'text',
      stack: 'stack',
    },
  },
  portReceived: {
    op: 42,
    doc: 'A message event was dispatched at such an end. `index` counts what this thread received by it, from 0.',
    fields: {
      end: 'end',
      index: 'uint',
      failed: 'flag',
      bytes: 'uint',
      hash: 'uint',
      preview: 'text',
    },
  },
  passed: {
    op: 43,
    doc: 'A message sent by `end` carried a port (an end) or shared memory, which this thread knows as `local`. `message` is its index + 1, or 0: the options of the node whose port `end` is. `place` counts ports in the transfer list, memories in the order of the walk (wire-format, below), from 0. Written before the message itself.',
    fields: { end: 'end', message: 'uint', what: CARGO, place: 'uint', local: 'uint' },
  },
  arrived: {
    op: 44,
    doc: 'The same on the receiving side, written before the message’s own record: what came is known here as `local`.',
    fields: { end: 'end', message: 'uint', what: CARGO, place: 'uint', local: 'uint' },
  },
  memorySeen: {
    op: 45,
    doc: 'A data block got its number in this thread.',
    fields: { memory: 'memoryId', kind: ['shared', 'wasm'], bytes: 'uint', stack: 'stack' },
  },
  cellSeen: {
    op: 46,
    doc: 'A cell that atomic operations of this thread touch got its number: `width` bytes at `offset` of a data block.',
    fields: { cell: 'cell', memory: 'memoryId', offset: 'uint', width: 'uint' },
  },
  wasmCompiled: {
    op: 47,
    doc: 'A WebAssembly module was compiled. `atomics`: whether its code may hold atomic instructions, which are not recorded unless `atomicsCovered` says so.',
    fields: { bytes: 'uint', atomics: ['none', 'some', 'unknown'], sync: 'flag', stack: 'stack' },
  },
  stressed: {
    op: 48,
    doc: 'Stress teardown intervened: step `step` of the schedule of `seed`, for `micros` microseconds. `node` as in other records of this thread.',
    fields: {
      action: ['hold', 'delay', 'suspend', 'resume', 'drop', 'nothing'],
      node: 'node',
      context: 'context',
      seed: 'uint',
      step: 'uint',
      micros: 'uint',
    },
  },
  heapAllocated: {
    op: 49,
    doc: 'The allocator of a WebAssembly module has handed out a block: as `blockAllocated`, of a module that was rewritten to tell. Only blocks that somebody is known to use are told, with the place and time at which they were allocated.',
    fields: {
      block: 'block',
      memory: 'uint',
      offset: 'uint',
      length: 'uint',
      by: HEAP_ALLOCATOR,
      stack: 'stack',
    },
  },
  userDataIn: {
    op: 50,
    doc: 'When the node was made, its user data lay in this block.',
    fields: { node: 'node', block: 'block' },
  },
  heapFound: {
    op: 51,
    doc: 'A block of a heap that somebody is known to use, and that a thread has handed out which did not tell of it: when, how large it is and by which function is not known.',
    fields: { block: 'block', memory: 'uint', offset: 'uint' },
  },
  heapFreed: {
    op: 52,
    doc: 'A block that was told of, by `heapAllocated` or `heapFound`, was freed by a thread that had not handed it out.',
    fields: { memory: 'uint', offset: 'uint', stack: 'stack' },
  },
  heapMisfreed: {
    op: 53,
    doc: 'A module freed, or moved, what was no block: a block that had been freed (`double`), or an address that was never handed out. `block` is the one that was freed before, where this thread handed it out, else 0.',
    fields: { what: MISFREE, block: 'block', memory: 'uint', offset: 'uint', stack: 'stack' },
  },
  heapSite: {
    op: 54,
    doc: 'Of the blocks of heaps that this thread allocated at `stack`, as far as stacks were taken: how many it made, and how many are there, with so many bytes. Told of places that keep many, once a second at most, when they are more or fewer.',
    fields: { site: 'uint', live: 'uint', bytes: 'uint', made: 'uint', stack: 'stack' },
  },
  memoryGrown: {
    op: 55,
    doc: 'A `WebAssembly.Memory` grew from `from` bytes to `to`: by `grow()` of this thread, or it was noticed later that it had grown, inside a module or in another thread.',
    fields: {
      memory: 'memoryId',
      from: 'uint',
      to: 'uint',
      shared: 'flag',
      how: ['called', 'noticed'],
      stack: 'stack',
    },
  },
  bufferRead: {
    op: 56,
    doc: 'The `buffer` of a memory that has grown since had been read, with the place and time of that: to make a view, most likely. `bytes` is its length. `node`: whose processor was at work, as in other records of this thread; 0: none.',
    fields: { memory: 'memoryId', bytes: 'uint', node: 'node', stack: 'stack' },
  },
  staleView: {
    op: 57,
    doc: 'After a growth a view made before it was used where it no longer reaches, by `method`, up to byte `reach` of the memory (0: its buffer is detached); or a processor held one that is detached, at `property`. `threw`: the call of `process()` that held it threw. `bytes` is the length of the old buffer. `node` as in `bufferRead`.',
    fields: {
      memory: 'memoryId',
      node: 'node',
      what: ['used', 'held'],
      method: 'text',
      property: 'text',
      bytes: 'uint',
      reach: 'uint',
      threw: 'flag',
      stack: 'stack',
    },
  },
  wasmBlocked: {
    op: 58,
    doc: 'An audio rendering thread compiled or instantiated a module synchronously, for `micros` microseconds, give or take `uncertainty`, that end here. `rendered`: whether a processor had been called before. `node` as in `bufferRead`.',
    fields: {
      what: ['compile', 'instantiate'],
      node: 'node',
      micros: 'uint',
      uncertainty: 'uint',
      rendered: 'flag',
      frame: 'frames',
      stack: 'stack',
    },
  },
  instantiationBegun: {
    op: 59,
    doc: '`WebAssembly.instantiate()` was called in an audio rendering thread. `node`: whose processor was at work; 0: the scope itself.',
    fields: { instantiation: 'uint', node: 'node', frame: 'frames', stack: 'stack' },
  },
  instantiationSettled: {
    op: 60,
    doc: 'Its promise settled.',
    fields: { instantiation: 'uint', outcome: OUTCOME, frame: 'frames' },
  },
  atomicsCovered: {
    op: 61,
    doc: 'Of a module that this thread compiles or has compiled, with `bytes` as in its `wasmCompiled`: its atomic instructions are recorded wherever it is instantiated in a thread that is seen, or there are none after all.',
    fields: { bytes: 'uint', how: ['recorded', 'none'] },
  },
  atomicsMissed: {
    op: 62,
    doc: 'A module of which `atomicsCovered` tells runs in this thread as it is: its atomic instructions are not recorded here.',
    fields: { stack: 'stack' },
  },
  freedTouched: {
    op: 63,
    doc: 'Said by the main thread: an instruction of a WebAssembly module, run by `thread`, has touched a block that was freed and rested, `into` bytes from its beginning. `memory` is the number of the memory in that thread; `site` the byte of the original module at which the instruction begins, `functionOffset` the same from the beginning of its function’s body. `bytes` is 0 where they are an operand. `frame` is 0 but for audio rendering threads. Once for each instruction, block and thread.',
    fields: {
      hit: 'uint',
      thread: 'thread',
      memory: 'uint',
      offset: 'uint',
      length: 'uint',
      into: 'uint',
      access: 'text',
      bytes: 'uint',
      writes: 'flag',
      functionIndex: 'uint',
      functionName: 'text',
      functionOffset: 'uint',
      site: 'uint',
      times: 'uint',
      frame: 'frames',
      stack: 'stack',
    },
  },
  freedTouchedAgain: {
    op: 64,
    doc: 'By now that has happened so often, at least.',
    fields: { hit: 'uint', times: 'uint', frame: 'frames' },
  },
  heapState: {
    op: 65,
    doc: 'What this thread has counted by now of the blocks of a heap, at most four times a second: how many it made and gave back, whoever made them, and their bytes, as far as it knows their size. `bytes` is the size of the memory. Where freed blocks rest in quarantine: how many do, with so many bytes of at most `restingMost`, whoever freed them; `shadow` is what the shadow takes, with all that is kept beside it, when the heap is as large as it can get; else these are 0.',
    fields: {
      memory: 'uint',
      bytes: 'uint',
      made: 'uint',
      madeBytes: 'uint',
      freed: 'uint',
      freedBytes: 'uint',
      resting: 'uint',
      restingBytes: 'uint',
      restingMost: 'uint',
      shadow: 'uint',
    },
  },
  formCompiled: {
    op: 66,
    doc: 'The instrumented form of a module was compiled in this thread once more, for `micros` microseconds, since the compiled one had not come ahead of the module. The time is ours.',
    fields: { micros: 'uint' },
  },
  heapsHeard: {
    op: 67,
    doc: 'This worker tells of the blocks of heaps that threads share as the page does, and knows those of the others. `checked`: and of accesses to freed ones.',
    fields: { checked: 'flag' },
  },
  fetchEnded: {
    op: 68,
    doc: 'The handle of an Emscripten fetch lies in the block, and says that its request has ended. `id` is what it holds by then; 0: none was given, so it cannot be closed. `bytes` were loaded.',
    fields: { block: 'block', id: 'uint', status: 'uint', bytes: 'uint', url: 'text' },
  },
  fetchRefused: {
    op: 69,
    doc: '`emscripten_fetch_close()` was called with that handle and refused it: nothing was freed.',
    fields: { block: 'block', stack: 'stack' },
  },
  payloadIn: {
    op: 70,
    doc: 'A call that a message of `end` posts to another thread, in the way of Emscripten’s Wasm Workers, has the address of this block among its arguments. `message` is its index + 1.',
    fields: { end: 'end', message: 'uint', block: 'block' },
  },
} as const satisfies { readonly [name: string]: RecordShape };

export type RecordName = keyof typeof RECORDS;

type FieldValue<F> = F extends keyof FieldTypes
  ? FieldTypes[F]
  : F extends readonly (infer Word)[]
    ? Word
    : never;

export type FieldsOf<N extends RecordName> = {
  readonly [K in keyof (typeof RECORDS)[N]['fields']]: FieldValue<(typeof RECORDS)[N]['fields'][K]>;
};

/** One record of one thread, as everything past the door sees it. No field may be called `record`. */
export type LifelineRecord<N extends RecordName = RecordName> = {
  [K in N]: { readonly record: K; readonly seq: Seq; readonly at: Micros } & FieldsOf<K>;
}[N];

export type ContextState = (typeof CONTEXT_STATE)[number];
export type ContextKind = (typeof CONTEXT_KIND)[number];
export type ContextMethod = (typeof CONTEXT_METHOD)[number];
export type Sender = (typeof SENDER)[number];
export type WorkerEntered = FieldsOf<'workerCreated'>['entered'];
export type EndState = FieldsOf<'endState'>['state'];
export type HeapAllocator = (typeof HEAP_ALLOCATOR)[number];
export type Misfree = (typeof MISFREE)[number];
export type Cargo = (typeof CARGO)[number];
