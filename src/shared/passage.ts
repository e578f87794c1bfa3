import type { ContextKind } from './records.ts';

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
  /** Only where the page is cross-origin isolated. */
  readonly shared: SharedCells | undefined;
}

export interface SharedCells {
  /** One Int32: the last number given to any record of the document. */
  readonly order: SharedArrayBuffer;
  /** `CONTROL.words` Int32. */
  readonly control: SharedArrayBuffer;
  /**
   * `LIMITS.ringSlots` slots. Real-time contexts only: an offline one renders faster than a busy page reads,
   * but is in no hurry, and sends batches that nothing can crowd out.
   */
  readonly ring: SharedArrayBuffer | undefined;
}

export type ToScope =
  /** Send all that is held, then answer `flushed`. */
  | { readonly kind: 'flush'; readonly id: number }
  /** `close()` was called: from now on hold nothing back. */
  | { readonly kind: 'closing' }
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
  | { readonly kind: 'records'; readonly bytes: Uint8Array<ArrayBuffer> }
  /** `calls` of `process()` had begun, modulo 2^32, when this left. */
  | {
      readonly kind: 'batch';
      readonly buffer: ArrayBuffer;
      readonly slots: number;
      readonly calls: number;
    }
  /** A mistake of ours, kept from the page. */
  | { readonly kind: 'fault'; readonly message: string }
  | { readonly kind: 'flushed'; readonly id: number; readonly calls: number };

/** Slots of one batch, and how many batches a scope owns. Not isolated pages only. */
export const BATCH_SLOTS = 4096;
export const BATCHES = 16;
/** The query of the prelude's URL that names the processor of ours. */
export const PASSAGE_NAME = 'name';
