import * as LIMITS from '../shared/limits.ts';
import { SLOT_FLAG } from '../shared/slots.ts';

/** Where a quantum begins that no slot of has been seen. */
const NO_FRAME = -1;

/**
 * The calls of the last quantum of one audio rendering thread, which an `again` slot repeats: the reader's half
 * of what `SlotWriter` keeps. Trusted from the first clock on, until something is missing.
 */
export class QuantumPattern {
  /** Ordinal and flags of each call. */
  readonly #keys = new Int32Array(LIMITS.patternCalls);
  /** Calls of the quantum that is being read; more than the pattern holds when it cannot be repeated. */
  #calls = 0;
  #frame = NO_FRAME;
  #trusted = false;

  /** A clock was read: the next call begins a quantum. */
  clock(): void {
    this.#trusted = true;
    this.#frame = NO_FRAME;
  }

  /** Slots are missing here. */
  forget(): void {
    this.#trusted = false;
  }

  /** A call that has a slot of its own. */
  called(ordinal: number, flags: number, frame: number): void {
    const first = (this.#keys[0] as number) >>> 8;
    if (frame !== this.#frame || (this.#calls > 0 && ordinal === first)) {
      this.#frame = frame;
      this.#calls = 0;
    }
    if (this.#calls < LIMITS.patternCalls)
      this.#keys[this.#calls] = (ordinal << 8) | (flags & ~SLOT_FLAG.timed);
    this.#calls++;
  }

  /** Visits the first `count` calls of the last quantum, made again at `frame`. False when they are not known. */
  repeat(count: number, frame: number, visit: (ordinal: number, flags: number) => void): boolean {
    if (!this.#trusted || count > this.#calls || count > LIMITS.patternCalls) {
      this.forget();
      return false;
    }
    this.#frame = frame;
    this.#calls = count;
    for (let i = 0; i < count; i++) {
      const key = this.#keys[i] as number;
      visit(key >>> 8, key & 0xff);
    }
    return true;
  }
}
