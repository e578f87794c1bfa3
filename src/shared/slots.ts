/**
 * The fixed form of what an audio rendering thread says all the time: four 32-bit words, written
 * into a preallocated ring without a string or an allocation.
 *
 *           bits 0–7   8–15     16–31
 *   word 0  op         flags    ordinal
 *   word 1  seq (low 32 bits)                  clock: µs since the time origin, low 32 bits
 *   word 2  frame (low 32 bits)
 *   word 3  PROCESS       span (bits 0–15: exit seq − entry seq) | duration (bits 16–31)
 *           PROCESS_WIDE  0; the slot after it is PROCESS_END
 *           PROCESS_END   duration; word 1 is the exit seq
 *           SENT/RECEIVED message index
 *           CLOCK         µs since the time origin, high bits
 *           LOST          how many slots
 *
 * Durations count `DURATION_UNIT_MICROS`. A span or a duration that does not fit its 16 bits takes
 * the wide form. Low words are widened again by the reader (`Unwrapper`), which may do so because
 * each of them only ever grows within a thread.
 */
export const SLOT_WORDS = 4;
export const SLOT_BYTES = 16;
export const DURATION_UNIT_MICROS = 10;
export const NARROW_MAX = 0xffff;

export const SLOT = {
  process: 1,
  processWide: 2,
  processEnd: 3,
  clock: 4,
  sent: 5,
  received: 6,
  lost: 7,
} as const;

export const SLOT_FLAG = { returnedTrue: 1, threw: 2, timed: 4, failed: 8 } as const;

/** Cells of the control block that an audio rendering thread shares with the collector. */
export const CONTROL = {
  /** Slots written, modulo 2^32; written by the audio thread after each slot. */
  head: 0,
  /** Slots read, modulo 2^32; written by the collector. On a cache line of its own. */
  tail: 16,
  /** Calls of `process()` begun, modulo 2^32: exact even when slots are lost. */
  calls: 32,
  words: 64,
} as const;

/** Widens a counter that is only seen modulo 2^32 and never steps by 2^31 or more. */
export class Unwrapper {
  #last = 0;

  widen(low: number): number {
    const delta = (low - this.#last) | 0;
    this.#last += delta;
    return this.#last;
  }
}
