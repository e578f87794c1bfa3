import {
  DURATION_UNIT_MICROS,
  NARROW_MAX,
  SLOT,
  SLOT_FLAG,
  SLOT_WORDS,
} from '../../src/shared/slots.ts';

export interface SlotCall {
  readonly ordinal: number;
  readonly enter: number;
  readonly exit: number;
  readonly frame: number;
  readonly returned: 'false' | 'true' | 'threw';
  /** Undefined: not timed. */
  readonly durationMicros?: number | undefined;
}

export interface SlotAtomic {
  readonly before: number;
  readonly after: number;
  readonly time: number;
  readonly read?: number | undefined;
  readonly written?: number | undefined;
  readonly count?: number | undefined;
}

/** Writes the words of `shared/slots.ts` as an audio rendering thread does. */
export class SlotWriter {
  #words: number[] = [];

  get slots(): number {
    return this.#words.length / SLOT_WORDS;
  }

  take(): Uint8Array<ArrayBuffer> {
    const words = Int32Array.from(this.#words);
    this.#words = [];
    return new Uint8Array(words.buffer);
  }

  process({ ordinal, enter, exit, frame, returned, durationMicros }: SlotCall): void {
    const units =
      durationMicros === undefined ? 0 : Math.round(durationMicros / DURATION_UNIT_MICROS);
    const flags =
      (returned === 'true' ? SLOT_FLAG.returnedTrue : 0) |
      (returned === 'threw' ? SLOT_FLAG.threw : 0) |
      (durationMicros === undefined ? 0 : SLOT_FLAG.timed);
    const span = exit - enter;
    if (span <= NARROW_MAX && units <= NARROW_MAX) {
      this.#slot(SLOT.process, flags, ordinal, enter, frame, span | (units << 16));
      return;
    }
    this.#slot(SLOT.processWide, flags, ordinal, enter, frame, 0);
    this.#slot(SLOT.processEnd, flags, ordinal, exit, frame, units);
  }

  clock(frame: number, micros: number): void {
    const whole = Math.floor(micros);
    this.#slot(SLOT.clock, 0, 0, whole % 2 ** 32, frame, Math.floor(whole / 2 ** 32));
  }

  sent(ordinal: number, seq: number, frame: number, index: number): void {
    this.#slot(SLOT.sent, 0, ordinal, seq, frame, index);
  }

  received(ordinal: number, seq: number, frame: number, index: number, failed = false): void {
    this.#slot(SLOT.received, failed ? SLOT_FLAG.failed : 0, ordinal, seq, frame, index);
  }

  /** Of an odd end. `time` is a frame or a tick, as the thread counts. */
  port(
    way: 'portSent' | 'portReceived',
    end: number,
    seq: number,
    time: number,
    index: number,
  ): void {
    this.#slot(SLOT[way], 0, end >> 1, seq, time, index);
  }

  atomic(cell: number, code: number, entry: SlotAtomic): void {
    const { before, after, time, read = 0, written = 0, count = 1 } = entry;
    this.#slot(SLOT.atomic, code, cell, before, time, after);
    this.#words.push(SLOT.atomicEnd, read | 0, written | 0, count | 0);
  }

  lost(seq: number, frame: number, count: number): void {
    this.#slot(SLOT.lost, 0, 0, seq, frame, count);
  }

  #slot(
    op: number,
    flags: number,
    ordinal: number,
    seq: number,
    frame: number,
    last: number,
  ): void {
    this.#words.push(op | (flags << 8) | (ordinal << 16), seq | 0, frame | 0, last | 0);
  }
}
