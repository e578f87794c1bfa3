import {
  deref,
  floor,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  weakMapSet,
} from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { ToScope } from '../shared/passage.ts';
import type { ContextKind, ContextMethod, ContextState } from '../shared/records.ts';
import type { CallId, ContextId, Frames, ModuleId, ThreadId } from '../shared/units.ts';
import type { Natives } from './natives.ts';

/** What is known of a context of the page. Never holds the context itself. */
export interface ContextEntry {
  readonly id: ContextId;
  readonly kind: ContextKind;
  readonly sampleRate: number;
  readonly ref: WeakRef<BaseAudioContext>;
  /** Worklet nodes constructed so far: the ordinal of the next. */
  nodes: number;
  /** Settles, always well, once the scope is observed or cannot be; undefined before the first `addModule`. */
  prelude: Promise<void> | undefined;
  /** Whether it has settled. */
  isReady: boolean;
  thread: ContextThread | undefined;
  /** Whether an Emscripten start-up was seen in it. */
  emscripten: boolean;
  /** To be called before a call of the page's goes on that changes its state. */
  called: ((method: ContextMethod) => void) | undefined;
}

/** The audio rendering thread of a context, once it is observed. */
export interface ContextThread {
  /** The `CONTROL` words, where they are shared. */
  readonly control: Int32Array | undefined;
  tell(command: ToScope): void;
  drain(settled: boolean): number;
  ask(): void;
  /** The context has closed or is gone. */
  retire(): void;
}

/** The page's contexts by identity, without keeping any of them alive, and the ids of a document. */
export class Entities {
  readonly natives: Natives;
  readonly contexts = new IntrinsicWeakMap<object, ContextEntry>();
  /** By their `audioWorklet`. */
  readonly worklets = new IntrinsicWeakMap<object, ContextEntry>();
  #contexts = 0;
  #modules = 0;
  #calls = 0;
  #threads = 0;

  constructor(natives: Natives) {
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
      called: undefined,
    };
    weakMapSet(this.contexts, context, entry);
    weakMapSet(this.worklets, this.natives.audioWorklet(context), entry);
    return entry;
  }

  nextModule(): ModuleId {
    return ++this.#modules as ModuleId;
  }

  nextCall(): CallId {
    return ++this.#calls as CallId;
  }

  /** Undefined when there are no ids left. */
  nextThread(): ThreadId | undefined {
    return this.#threads + 1 < LIMITS.threads ? (++this.#threads as ThreadId) : undefined;
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
}
