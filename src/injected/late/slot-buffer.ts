import {
  bufferOf,
  byteOffsetOf,
  copyInt32,
  IntrinsicInt32Array,
  IntrinsicUint8Array,
  min,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import { SLOT, SLOT_BYTES, SLOT_WORDS } from '../../shared/slots.ts';

const CAPACITY = LIMITS.chunkBytes / SLOT_BYTES;
const FIRST_CAPACITY = 1024;

/** Gathers the slots of one thread until they are cut into a chunk. */
export class SlotBuffer {
  #words = new IntrinsicInt32Array(FIRST_CAPACITY * SLOT_WORDS);
  #capacity = FIRST_CAPACITY;
  #slots = 0;
  /** Calls among all slots that ever passed, and slots that the thread said it had lost. */
  #calls = 0;
  #lost = 0;
  /** Slots were dropped since the last that was taken. */
  #dropped = false;

  get calls(): number {
    return this.#calls;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Time to cut. Never between the two slots of one entry. */
  get isFull(): boolean {
    if (this.#slots < CAPACITY - 1) return false;
    return !isTorn(this.#words, this.#slots);
  }

  /** Takes up to `slots` slots from slot `from` of `source`; gives how many, at least one. */
  take(source: Int32Array, from: number, slots: number): number {
    if (this.#dropped) this.#tellDropped(source, from);
    const room = CAPACITY - this.#slots;
    let taken = min(slots, room);
    if (taken === room && isTorn(source, from + taken)) taken--;
    this.#reserve(this.#slots + taken);
    const part = new IntrinsicInt32Array(
      bufferOf(source),
      byteOffsetOf(source) + from * SLOT_BYTES,
      taken * SLOT_WORDS,
    );
    copyInt32(this.#words, part, this.#slots * SLOT_WORDS);
    this.#slots += taken;
    this.#tally(part, taken);
    return taken;
  }

  /** The slots so far as a chunk's bytes; undefined when there are none. */
  cut(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#slots === 0) return undefined;
    const length = this.#slots * SLOT_WORDS;
    const words = new IntrinsicInt32Array(length);
    copyInt32(words, new IntrinsicInt32Array(bufferOf(this.#words), 0, length), 0);
    this.#slots = 0;
    return new IntrinsicUint8Array(bufferOf(words));
  }

  /** Drops the slots so far; gives how many there were. */
  drop(): number {
    const slots = this.#slots;
    this.#slots = 0;
    if (slots > 0) this.#dropped = true;
    return slots;
  }

  /** A loss of nothing, so that who reads on does not take what comes for a repetition of what was dropped. */
  #tellDropped(source: Int32Array, from: number): void {
    this.#dropped = false;
    const next = from * SLOT_WORDS;
    const words = this.#words;
    words[0] = SLOT.lost;
    words[1] = source[next + 1] as number;
    words[2] = source[next + 2] as number;
    words[3] = 0;
    this.#slots = 1;
  }

  #reserve(slots: number): void {
    if (slots <= this.#capacity) return;
    while (this.#capacity < slots) this.#capacity *= 2;
    const grown = new IntrinsicInt32Array(this.#capacity * SLOT_WORDS);
    copyInt32(grown, this.#words, 0);
    this.#words = grown;
  }

  #tally(words: Int32Array, slots: number): void {
    for (let i = 0; i < slots * SLOT_WORDS; i += SLOT_WORDS) {
      const op = (words[i] as number) & 0xff;
      if (op === SLOT.process || op === SLOT.processWide) this.#calls++;
      else if (op === SLOT.again) this.#calls += (words[i] as number) >>> 16;
      else if (op === SLOT.lost) this.#lost += words[i + 3] as number;
    }
  }
}

/** Whether an entry of two slots begins in the last of so many. */
function isTorn(words: Int32Array, slots: number): boolean {
  const op = (words[(slots - 1) * SLOT_WORDS] as number) & 0xff;
  return op === SLOT.processWide || op === SLOT.atomic;
}
