import {
  IntrinsicArrayBuffer,
  IntrinsicInt32Array,
  IntrinsicMap,
  mapDelete,
  mapGet,
  mapSet,
} from '../../base/intrinsics.ts';
import { BATCH_SLOTS, BATCHES } from '../../shared/passage.ts';
import { SLOT_BYTES } from '../../shared/slots.ts';
import type { SlotSpace } from './slot-writer.ts';

/**
 * The batches of a scope that shares no memory with the page: one is being filled, some are on their
 * way, the rest wait here. Nothing is allocated after the start.
 */
export class SlotBatches {
  readonly #free = new IntrinsicMap<number, ArrayBuffer>();
  readonly #none: SlotSpace = { words: new IntrinsicInt32Array(0), slots: 0 };
  #freeCount = 0;
  #current: ArrayBuffer | undefined;

  constructor() {
    for (let i = 0; i < BATCHES; i++) {
      this.giveBack(new IntrinsicArrayBuffer(BATCH_SLOTS * SLOT_BYTES));
    }
  }

  /** The batch that is being filled. */
  get current(): ArrayBuffer | undefined {
    return this.#current;
  }

  /** Takes a free batch into use; a space without room when there is none. */
  next(): SlotSpace {
    this.#current = undefined;
    if (this.#freeCount === 0) return this.#none;
    const buffer = mapGet(this.#free, --this.#freeCount) as ArrayBuffer;
    mapDelete(this.#free, this.#freeCount);
    this.#current = buffer;
    return { words: new IntrinsicInt32Array(buffer), slots: BATCH_SLOTS };
  }

  giveBack(buffer: ArrayBuffer): void {
    mapSet(this.#free, this.#freeCount++, buffer);
  }
}
