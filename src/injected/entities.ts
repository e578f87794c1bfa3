import {
  deref,
  floor,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { ContextKind, ContextState } from '../shared/records.ts';
import type { CallId, ContextId, Frames, ModuleId, NodeId } from '../shared/units.ts';
import type { AudioNatives } from './audio-natives.ts';
import type { AudioThread } from './audio-thread.ts';

/** What is known of a context of the page. Never holds the context itself. */
export interface ContextEntry {
  readonly id: ContextId;
  readonly kind: ContextKind;
  readonly sampleRate: number;
  readonly ref: WeakRef<BaseAudioContext>;
  /** Worklet nodes constructed so far: the ordinal of the next. */
  nodes: number;
  /** Settles, always well, once the prelude stands in the scope or cannot; undefined before the first `addModule`. */
  prelude: Promise<void> | undefined;
  /** Whether it has settled. */
  isReady: boolean;
  thread: AudioThread | undefined;
  /** Whether an Emscripten start-up was seen in it. */
  emscripten: boolean;
}

/** What is known of a node that has an id: a worklet node, or a neighbour of one. */
export interface NodeEntry {
  readonly id: NodeId;
  readonly context: ContextEntry;
  readonly isWorklet: boolean;
  /** The strongest kind of memory handed to its processor so far. */
  memory: 'none' | 'shared' | 'wasm';
  sent: number;
  received: number;
}

/** What an AudioParam belongs to. */
export interface ParamEntry {
  readonly owner: NodeEntry;
  readonly name: string;
}

/** The page's objects by identity, without keeping any of them alive. */
export class Entities {
  readonly natives: AudioNatives;
  readonly contexts = new IntrinsicWeakMap<object, ContextEntry>();
  /** By their `audioWorklet`. */
  readonly worklets = new IntrinsicWeakMap<object, ContextEntry>();
  readonly nodes = new IntrinsicWeakMap<object, NodeEntry>();
  /** Worklet nodes by their port. */
  readonly ports = new IntrinsicWeakMap<object, NodeEntry>();
  readonly params = new IntrinsicWeakMap<object, ParamEntry>();
  #contexts = 0;
  #nodes = 0;
  #modules = 0;
  #calls = 0;

  constructor(natives: AudioNatives) {
    this.natives = natives;
  }

  addContext(context: BaseAudioContext, kind: ContextKind): ContextEntry {
    const entry: ContextEntry = {
      id: ++this.#contexts as ContextId,
      kind,
      sampleRate: this.natives.sampleRate(context),
      ref: new IntrinsicWeakRef(context),
      nodes: 0,
      prelude: undefined,
      isReady: false,
      thread: undefined,
      emscripten: false,
    };
    weakMapSet(this.contexts, context, entry);
    weakMapSet(this.worklets, this.natives.audioWorklet(context), entry);
    return entry;
  }

  addNode(node: AudioNode, context: ContextEntry, isWorklet: boolean): NodeEntry | undefined {
    if (this.#nodes >= LIMITS.ids) return undefined;
    const id = ++this.#nodes as NodeId;
    const entry: NodeEntry = { id, context, isWorklet, memory: 'none', sent: 0, received: 0 };
    weakMapSet(this.nodes, node, entry);
    return entry;
  }

  nextModule(): ModuleId {
    return ++this.#modules as ModuleId;
  }

  nextCall(): CallId {
    return ++this.#calls as CallId;
  }

  /** The frame that the page sees the context at; 0 once the context is gone. */
  frameOf(entry: ContextEntry): Frames {
    const context = deref(entry.ref);
    const time = context ? this.natives.currentTime(context) : 0;
    return floor(time * entry.sampleRate + 0.5) as Frames;
  }

  stateOf(entry: ContextEntry): ContextState {
    const context = deref(entry.ref);
    return context ? (this.natives.state(context) as ContextState) : 'closed';
  }

  /** Any id that `node` has. */
  node(node: unknown): NodeEntry | undefined {
    return weakMapGet(this.nodes, node as object);
  }
}
