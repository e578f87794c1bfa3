/**
 * The fixed form of what a thread says all the time: four 32-bit words, written into a preallocated
 * ring without a string or an allocation.
 *
 *           bits 0–7   8–15     16–31
 *   word 0  op         flags    ordinal        PORT_…: the end’s number >> 1; ATOMIC: the cell; AGAIN: how many calls
 *   word 1  seq (low 32 bits)                  clock: µs since the time origin, low 32 bits
 *   word 2  frame (low 32 bits)                main thread and workers: ticks since the time origin
 *   word 3  PROCESS       span (bits 0–15: exit seq − entry seq) | duration (bits 16–31)
 *           PROCESS_WIDE  0; the slot after it is PROCESS_END
 *           PROCESS_END   duration; word 1 is the exit seq
 *           SENT/RECEIVED message index
 *           CLOCK         µs since the time origin, high bits
 *           LOST          how many slots
 *           AGAIN         0; the calls of this quantum, told so far, were those of the quantum before, in their order and
 *                         with their answers (all of them, or the first so many), untimed, all at one place
 *           PORT_SENT/PORT_RECEIVED message index, of an odd end
 *           ATOMIC        place after the operation (low 32 bits); the slot after it is ATOMIC_END
 *           ATOMIC_END    how many operations the two slots stand for
 *
 * An ATOMIC’s flags are an `ATOMIC` code. Word 1 is a place before the operation: its own number where it
 * writes or notifies, else a place between two records. So the operation itself happened in between, and two
 * of them whose places do not overlap happened in the order of their places. ATOMIC_END: word 1 is the
 * value read, word 2 the value written (low 32 bits), or the number of threads that a notify woke.
 *
 * A tick is `DURATION_UNIT_MICROS`.
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
  portSent: 8,
  portReceived: 9,
  atomic: 10,
  atomicEnd: 11,
  again: 12,
} as const;

/** What an `atomic` slot says happened. Append only. */
export const ATOMIC = {
  load: 1,
  store: 2,
  /** `exchange`, `add`, `sub`, `and`, `or`, `xor`, and a `compareExchange` that exchanged. */
  readModifyWrite: 3,
  failedExchange: 4,
  /** Written before the thread blocks; `read` is the value waited on. */
  waitBegin: 5,
  waitOk: 6,
  waitTimedOut: 7,
  waitNotEqual: 8,
  notify: 9,
  asyncWaitBegin: 10,
  asyncWaitOk: 11,
  asyncWaitTimedOut: 12,
  /**
   * Several loads of one cell after a `load`, `failedExchange` or `loads` of this thread, that all read the same
   * value as that. Other cells may have been touched in between.
   */
  loads: 13,
  /**
   * Several writes of one cell straight after a write of it, with nothing else recorded in between. Only the
   * first value read and the last written are known: what was seen of it in between may be any value.
   */
  writes: 14,
} as const;

export const SLOT_FLAG = { returnedTrue: 1, threw: 2, timed: 4, failed: 8 } as const;

/** Cells that all threads of a document share. */
export const ORDER = {
  /** The last number given to any record. */
  last: 0,
  /** Messages that carry ports, or may: see `PortCount`. */
  ports: 1,
  words: 2,
} as const;

/** Cells of the control block that an audio rendering thread shares with the collector. */
export const CONTROL = {
  /** Slots written, modulo 2^32; written by the audio thread after each slot. */
  head: 0,
  /** Slots read, modulo 2^32; written by the collector. On a cache line of its own. */
  tail: 16,
  /** Calls of `process()` begun, modulo 2^32: exact even when slots are lost. */
  calls: 32,
  /** What stress teardown asks of the thread: two `STRESS_CELLS`, on a cache line of their own. */
  hold: 48,
  delay: 52,
} as const;
/** So many there are. By itself, since who makes the block needs nothing else of it. */
export const CONTROL_WORDS = 64;

/**
 * A question of stress teardown to an audio rendering thread: hold your next call, or the next message you post. Its
 * cells, from `CONTROL.hold` or `CONTROL.delay` on.
 */
export const STRESS_CELLS = {
  /** Of which processor: its ordinal + 1, or `STRESS_TARGET`. Written last by who asks. */
  target: 0,
  millis: 1,
  /** The step of the schedule. */
  step: 2,
} as const;

/** What a target cell may hold beside the number of a processor. Below `any` the thread itself has written it. */
export const STRESS_TARGET = { nobody: 0, any: -1, taken: -2, held: -3 } as const;

/** Widens a counter that is only seen modulo 2^32 and never steps by 2^31 or more. */
export class Unwrapper {
  #last = 0;

  widen(low: number): number {
    const delta = (low - this.#last) | 0;
    this.#last += delta;
    return this.#last;
  }
}
