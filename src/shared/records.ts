import type {
  BlockId,
  CallId,
  ContextId,
  Frames,
  Micros,
  ModuleId,
  NodeId,
  Ordinal,
  Seq,
  ThreadId,
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
/** Which side of a node's port sent: the page's `node.port` or the processor's `this.port`. */
const SENDER = ['node', 'processor'] as const;

/**
 * The whole vocabulary of one format. Append only: a shipped `op` keeps its fields, saved sessions
 * hold it. Every record also carries `seq` (its place in the order of all threads; 0 when the page
 * is not isolated) and `at` (microseconds since the document's time origin).
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
