import type { ContextKind, FieldsOf, RecordName } from './records.ts';

/**
 * What the page's script and the prelude in an audio rendering thread say to each other. The first
 * node of every scope is of a processor of ours: its options carry a `Passage`, its port is the
 * private channel. The page's code in neither realm can reach that node, its name or its port.
 */
export interface Passage {
  readonly thread: number;
  readonly kind: ContextKind;
  /** Milliseconds since the Unix epoch of the document's time origin, on the clock of `Date.now()`. */
  readonly originMs: number;
  readonly fineClock: boolean;
  /** The seed of stress teardown; 0: nothing is stressed. */
  readonly stress: number;
  /** Undefined where none are rewritten. */
  readonly modules: PassedModules | undefined;
  /** Only where the page is cross-origin isolated. */
  readonly shared: SharedCells | undefined;
}

/** What a thread needs to run modules in their instrumented form. */
export interface PassedModules {
  /** The name of our section in rewritten modules, and of what they import from us. */
  readonly name: string;
  /** Of a `HeapMap`. */
  readonly heaps: SharedArrayBuffer;
  /** The shadows of heaps that the page has made so far; undefined where accesses are not checked. */
  readonly shadows: Map<number, PassedShadow> | undefined;
  /** How many bytes of freed blocks may rest in a heap that the thread has for itself. */
  readonly quarantineBytes: number;
  /** The compiled forms that the page has sent ahead so far, by number. */
  readonly forms: Map<number, object>;
}

/** The shadow of a heap that threads share. */
export interface PassedShadow {
  /** Its number. */
  readonly id: number;
  /** The `WebAssembly.Memory` whose shadow it is. */
  readonly heap: object;
  /** The `WebAssembly.Memory` that it lies in. */
  readonly shadow: object;
  readonly heapPages: number;
  readonly cells: number;
}

/** What a thread tells of an access to memory that may be freed. */
export interface Touch {
  /** The number of the module, and the byte of its original that the instruction begins at. */
  readonly module: number;
  readonly site: number;
  /** Without the constant offset of the instruction. */
  readonly address: number;
  /** The number of the shadow. Those that one thread has for itself are negative. */
  readonly shadow: number;
  /** The number of the memory in that thread. */
  readonly memory: number;
  /** How often since it was told before. */
  readonly times: number;
  /** Blocks that rested there or behind: `NEAR.words` of `hooks/heap/quarantine.ts` each. */
  readonly resting: Int32Array<ArrayBuffer>;
  /** Low 32 bits. */
  readonly seq: number;
  readonly at: number;
  readonly frame: number;
  readonly stack: string;
}

export interface SharedCells {
  /** `ORDER.words` Int32. */
  readonly order: SharedArrayBuffer;
  /** `CONTROL_WORDS` Int32. */
  readonly control: SharedArrayBuffer;
  /**
   * `LIMITS.ringSlots` slots. Real-time contexts only: an offline one renders faster than a busy page reads,
   * but is in no hurry, and sends batches that nothing can crowd out.
   */
  readonly ring: SharedArrayBuffer | undefined;
  /** Workers only: as `MemoryNews` have it, where that is known as the worker is made. */
  modules?: PassedModules | 'none';
}

/** The first message that an entered worker hears, before any of the page’s. */
export interface WorkerPassage {
  /** The random name in the prelude’s URL. */
  readonly name: string;
  /** The private channel. */
  readonly port: object;
  /** Undefined where `begin` is to bring them: in a worker made by one that waited for its own. */
  readonly cells: PassageCells | undefined;
}

/** What a worker may hear later on the page's channel, before the page's own messages from then on. */
export interface WorkerNews {
  readonly name: string;
  readonly data: MemoryNews;
}

export interface PassageCells {
  /** Milliseconds since the Unix epoch of the document’s time origin, as `performance.timeOrigin` has it. */
  readonly timeOrigin: number;
  /** As in `Passage`. */
  readonly shared: SharedCells | undefined;
}

/** What a worker says first on the page’s channel: that it has started. */
export interface FirstWords {
  readonly name: string;
  /** Whether the messages with ports that follow are counted: see `PortCount`. */
  readonly counts?: boolean;
  /** All that was recorded, of one that closes before it could hear its passage. */
  readonly records?: ReadonlyMap<number, UnplacedRecord>;
}

/** A record that has no place in the order yet. */
export interface UnplacedRecord<N extends RecordName = RecordName> {
  readonly name: N;
  /** Microseconds since the Unix epoch. */
  readonly at: number;
  readonly fields: FieldsOf<N>;
}

/**
 * What all threads hear of rewritten modules and their heaps. Workers hear it on the page's channel, in `WorkerNews`, and say
 * it to workers of their own in the same way: so it comes before what the page posts from then on.
 */
export type MemoryNews =
  /** Workers only: there may be rewritten modules from now on, or there never will be. */
  | { readonly kind: 'modules'; readonly modules: PassedModules | 'none' }
  /** A form that comes ahead of its module, and one that the page has no more. */
  | { readonly kind: 'form'; readonly id: number; readonly form: object }
  | { readonly kind: 'form-gone'; readonly id: number }
  | { readonly kind: 'shadow'; readonly shadow: PassedShadow }
  /** Tell what is known of the block that began there and was freed at that place in the order. */
  | {
      readonly kind: 'tell-freed';
      readonly shadow: number;
      readonly offset: number;
      readonly place: number;
    };

export type ToScope =
  /** Send all that is held, then answer `flushed`. */
  | { readonly kind: 'flush'; readonly id: number }
  /** `close()` was called: from now on hold nothing back. */
  | { readonly kind: 'closing' }
  | ({ readonly kind: 'begin' } & PassageCells)
  /** The number of this thread. */
  | { readonly kind: 'thread'; readonly id: number }
  | MemoryNews
  /** The module that the scope has sent, with its form behind it; undefined: it runs as it is. */
  | { readonly kind: 'rewritten'; readonly id: number; readonly module: object | undefined }
  | { readonly kind: 'configure'; readonly fineClock: boolean }
  /** What `STRESS_CELLS` say where they are shared. A target of nobody takes the question of that step back. */
  | {
      readonly kind: 'stress';
      readonly what: 'hold' | 'delay';
      readonly target: number;
      readonly millis: number;
      readonly step: number;
    }
  /** A batch comes back to be filled again. */
  | { readonly kind: 'batch'; readonly buffer: ArrayBuffer };

export type FromScope =
  | {
      readonly kind: 'records';
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** How many records. */
      readonly count: number;
    }
  /** A worker has made a worker: `port` is the private channel of that. */
  | {
      readonly kind: 'worker';
      readonly worker: number;
      readonly url: string;
      readonly port: object;
      readonly shared: SharedCells | undefined;
    }
  | { readonly kind: 'last-words'; readonly worker: number; readonly words: unknown }
  /** The worker that `worker` is has been terminated, or did not load. */
  | { readonly kind: 'worker-ended'; readonly worker: number }
  /** `calls` of `process()` had begun, modulo 2^32, when this left. */
  | {
      readonly kind: 'batch';
      readonly buffer: ArrayBuffer;
      readonly slots: number;
      readonly calls: number;
    }
  | { readonly kind: 'touched'; readonly touch: Touch }
  /** A module runs here on shared memory whose shadow is not known: nothing may rest in any heap from now on. */
  | { readonly kind: 'unshadowed' }
  /** The bytes of a module that was rewritten here with checks, by its number. */
  | {
      readonly kind: 'original';
      readonly module: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  /** Rewrite a module that this scope compiles. */
  | { readonly kind: 'rewrite'; readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** This worker was closed from inside. */
  | { readonly kind: 'closing' }
  /** A mistake of ours, kept from the page. */
  | { readonly kind: 'fault'; readonly message: string }
  | {
      readonly kind: 'flushed';
      readonly id: number;
      readonly calls: number;
      /** Slots that had no room and that no slot has told of, nor will. */
      readonly lost: number;
    };

/** Slots of one batch, and how many batches a scope owns. Not isolated pages only. */
export const BATCH_SLOTS = 4096;
export const BATCHES = 16;
/** The query of the prelude's URL that names the processor of ours. */
export const PASSAGE_NAME = 'name';

/** The name in the URL of one of our modules, which runs before the page's own. */
export function passageNameIn(url: string): string | undefined {
  return new RegExp(`[?&]${PASSAGE_NAME}=([^&]*)`).exec(url)?.[1];
}
