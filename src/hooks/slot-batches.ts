import {
  IntrinsicArrayBuffer,
  IntrinsicInt32Array,
  IntrinsicMap,
  mapDelete,
  mapGet,
  mapSet,
} from '../base/intrinsics.ts';
import { BATCH_SLOTS, BATCHES } from '../shared/passage.ts';
import type { ContextKind } from '../shared/records.ts';
import { SLOT_BYTES } from '../shared/slots.ts';
import type { SlotSpace } from './slot-writer.ts';

/** Batches that an offline rendering may have under way; none comes back before it ends. */
const MOST_OFFLINE = 2048;

/**
 * The batches of a scope that shares no memory with the page: one is being filled, some are on their
 * way, the rest wait here. A real-time scope allocates nothing after the start. An offline one renders in
 * a single task, in which no batch can come back; it is in no hurry, and allocates.
 */
export class SlotBatches {
  readonly #free = new IntrinsicMap<number, ArrayBuffer>();
  readonly #none: SlotSpace = { words: new IntrinsicInt32Array(0), slots: 0 };
  readonly #most: number;
  #freeCount = 0;
  #made = 0;
  #current: ArrayBuffer | undefined;

  constructor(kind: ContextKind) {
    this.#most = kind === 'offline' ? MOST_OFFLINE : BATCHES;
    for (let i = 0; kind === 'realtime' && i < BATCHES; i++) this.giveBack(this.#make());
  }

  /** The batch that is being filled. */
  get current(): ArrayBuffer | undefined {
    return this.#current;
  }

  /** Takes a free batch into use; a space without room when there is none. */
  next(): SlotSpace {
    this.#current = this.#takeFree();
    if (!this.#current) return this.#none;
    return { words: new IntrinsicInt32Array(this.#current), slots: BATCH_SLOTS };
  }

  giveBack(buffer: ArrayBuffer): void {
    if (this.#freeCount === BATCHES) this.#made--;
    else mapSet(this.#free, this.#freeCount++, buffer);
  }

  #takeFree(): ArrayBuffer | undefined {
    if (this.#freeCount === 0) return this.#made < this.#most ? this.#make() : undefined;
    const buffer = mapGet(this.#free, --this.#freeCount);
    mapDelete(this.#free, this.#freeCount);
    return buffer;
  }

  #make(): ArrayBuffer {
    this.#made++;
    return new IntrinsicArrayBuffer(BATCH_SLOTS * SLOT_BYTES);
  }
}
