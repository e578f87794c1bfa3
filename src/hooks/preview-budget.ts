import * as LIMITS from '../shared/limits.ts';

/** Which messages are looked into: all, while they are few, and some of a flood. */
export class PreviewBudget {
  #since = 0;
  #asked = 0;
  readonly #most: number;
  readonly #mostOfFlood: number;
  #limit: number;

  constructor(
    most: number = LIMITS.previewsPerSecond,
    mostOfFlood: number = LIMITS.floodPreviewsPerSecond,
  ) {
    this.#most = most;
    this.#mostOfFlood = mostOfFlood;
    this.#limit = most;
  }

  /** Whether one more preview and message stack may be taken. `micros`: now. */
  take(micros: number): boolean {
    if (micros - this.#since >= 1e6) {
      this.#limit = this.#asked > this.#most ? this.#mostOfFlood : this.#most;
      this.#since = micros;
      this.#asked = 0;
    }
    return this.#asked++ < this.#limit;
  }
}
