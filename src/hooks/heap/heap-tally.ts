/** Between two times that the counts of one heap are told, at least. */
const EVERY_MICROS = 250_000;

/**
 * What one thread counts of the blocks of a heap. All of it only grows, so what lives is the sum over the threads of what
 * they made, less what they gave back.
 */
export class HeapTally {
  made = 0;
  madeBytes = 0;
  freed = 0;
  freedBytes = 0;
  #isTold = true;
  #toldAt = Number.NEGATIVE_INFINITY;

  handedOut(size: number): void {
    this.made++;
    this.madeBytes += size;
    this.#isTold = false;
  }

  /** `size` is 0 where another thread knows it. */
  givenBack(size: number): void {
    this.freed++;
    this.freedBytes += size;
    this.#isTold = false;
  }

  /** A block of this thread is there no more, as it has turned out: who gave it back has counted it, but not its size. */
  gone(size: number): void {
    this.freedBytes += size;
  }

  resized(from: number, to: number): void {
    if (to > from) this.madeBytes += to - from;
    else this.freedBytes += from - to;
    this.#isTold = false;
  }

  /** Whether there is something to tell, and it is time to, or the last time; then it counts as told. */
  takeDue(now: number, isLast: boolean): boolean {
    if (this.#isTold || (!isLast && now - this.#toldAt < EVERY_MICROS)) return false;
    this.#isTold = true;
    this.#toldAt = now;
    return true;
  }
}
