import * as LIMITS from '../shared/limits.ts';

/** Which messages are looked into: all, while they are few, and some of a flood. */
export class PreviewBudget {
  #since = 0;
  #asked = 0;
  #limit: number = LIMITS.previewsPerSecond;

  /** Whether one more preview and message stack may be taken. `micros`: now. */
  take(micros: number): boolean {
    if (micros - this.#since >= 1e6) {
      const isFlood = this.#asked > LIMITS.previewsPerSecond;
      this.#limit = isFlood ? LIMITS.floodPreviewsPerSecond : LIMITS.previewsPerSecond;
      this.#since = micros;
      this.#asked = 0;
    }
    return this.#asked++ < this.#limit;
  }
}
