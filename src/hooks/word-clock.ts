import { floor, IntrinsicInt32Array } from '../base/intrinsics.ts';

const BITS = 20;
const PART = 1 << BITS;
const word = new IntrinsicInt32Array(1);
const halves = new Uint16Array(word.buffer);

/**
 * Microseconds since the document's time origin in two words. Reckoned in parts of twenty bits, for the engine allocates for every
 * number in between that is no small integer, until it has compiled what is only called ten times a second.
 */
export class WordClock {
  readonly #parts: readonly [number, number, number];
  /** The low word, which may be no small integer. */
  readonly low: Int32Array = word;
  high = 0;

  /** `startMicros` is the time of the document at 0 milliseconds. */
  constructor(startMicros: number) {
    const base = floor(startMicros);
    this.#parts = [base % PART, floor(base / PART) % PART, floor(base / PART / PART)];
  }

  /** Sets the words to the time `millis` later, of less than thirty bits. */
  read(millis: number): void {
    const parts = this.#parts;
    const thousands = (millis >> 10) * 1000;
    const first = parts[0] + ((thousands & 1023) << 10) + (millis & 1023) * 1000;
    const second = parts[1] + (thousands >> 10) + (first >> BITS);
    halves[0] = first & 0xffff;
    halves[1] = ((first >> 16) & 15) | ((second & 0xfff) << 4);
    this.high = ((second >> 12) & 255) | ((parts[2] + (second >> BITS)) << 8);
  }
}
