import type { Micros } from '../shared/units.ts';
import type { AnchoredClock } from './frame-clock.ts';
import type { QuantumStats } from './model.ts';

interface Second {
  readonly second: number;
  readonly at: Micros;
  timed: number;
  over: number;
  totalMicros: number;
  worstMicros: number;
}

/** Steps of `Date.now()`. A time that consists of whole ones may be almost one too long. */
const COARSE_STEP_MICROS = 1000;

/**
 * Adds up the timed calls of each render quantum and counts, per second of context time, how many
 * quanta certainly took longer than they lasted. The quantum being added up is not counted yet.
 */
export class QuantumLedger implements QuantumStats {
  readonly seconds: Second[] = [];
  readonly #sampleRate: number;
  readonly #budgetMicros: number;
  readonly #clock: AnchoredClock;
  #frame = -1;
  #micros = 0;
  #stalled = false;

  constructor(sampleRate: number, quantumFrames: number, clock: AnchoredClock) {
    this.#sampleRate = sampleRate;
    this.#budgetMicros = (quantumFrames * 1e6) / sampleRate;
    this.#clock = clock;
  }

  /**
   * One timed call. Calls of one frame must come together, frames must rise. `again`: the same
   * processor was called at this frame before, so several quanta look like one and none is counted.
   */
  add(frame: number, micros: number, again: boolean): void {
    if (frame !== this.#frame) {
      if (this.#frame >= 0 && !this.#stalled) this.#close();
      this.#frame = frame;
      this.#micros = 0;
      this.#stalled = false;
    }
    this.#micros += micros;
    if (again) this.#stalled = true;
  }

  #close(): void {
    const number = Math.floor(this.#frame / this.#sampleRate);
    let second = this.seconds.at(-1);
    if (second === undefined || number > second.second) {
      const clock = this.#clock;
      const frame = number * this.#sampleRate;
      second = {
        second: number,
        get at() {
          return clock.time(frame);
        },
        timed: 0,
        over: 0,
        totalMicros: 0,
        worstMicros: 0,
      };
      this.seconds.push(second);
    }
    second.timed++;
    second.totalMicros += this.#micros;
    const doubt = this.#micros % COARSE_STEP_MICROS === 0 ? COARSE_STEP_MICROS : 0;
    if (this.#micros - doubt > this.#budgetMicros) second.over++;
    if (this.#micros > second.worstMicros) second.worstMicros = this.#micros;
  }
}
