import { IntrinsicMap, mapDelete, mapGet, mapSet, max } from '../base/intrinsics.ts';
import { LIMITS } from '../shared/limits.ts';
import type { PageMessage } from '../shared/messages.ts';
import type { History } from './history.ts';

/**
 * Sends the history to whoever watches, in order, at most `LIMITS.chunksInFlight` chunks ahead of the
 * acknowledgements. What the history has lost is said where it is missing.
 */
export class Outbox {
  readonly #history: History;
  readonly #send: (message: PageMessage) => void;
  /** Numbers of chunks that are on their way, by their order of sending. */
  readonly #inFlight = new IntrinsicMap<number, number>();
  /** Answers to `flush`, by the number of the chunk that must have been sent before. */
  readonly #flushes = new IntrinsicMap<number, { readonly after: number; readonly id: number }>();
  #watching = false;
  #next = 1;
  #sentCount = 0;
  #ackedCount = 0;
  #flushAsked = 0;
  #flushAnswered = 0;

  constructor(history: History, send: (message: PageMessage) => void) {
    this.#history = history;
    this.#send = send;
  }

  get watching(): boolean {
    return this.#watching;
  }

  /** Sends from chunk `from` on, however much of it was sent before. */
  watch(from: number): void {
    this.#watching = true;
    this.#next = max(from, 1);
    this.#ackedCount = this.#sentCount;
    this.pump();
  }

  unwatch(): void {
    this.#watching = false;
  }

  /** Chunks up to `number` have arrived. */
  acknowledge(number: number): void {
    while (this.#ackedCount < this.#sentCount) {
      const oldest = mapGet(this.#inFlight, this.#ackedCount) ?? 0;
      if (oldest > number) break;
      mapDelete(this.#inFlight, this.#ackedCount++);
    }
    this.pump();
  }

  /** Answers `flushed` once all that the history holds now has been sent. */
  answerFlush(id: number): void {
    mapSet(this.#flushes, this.#flushAsked++, { after: this.#history.last, id });
    this.pump();
  }

  /** Sends what may be sent. `all`: whatever is left, for there will be no later. */
  pump(all = false): void {
    while (this.#watching && this.#next <= this.#history.last) {
      if (!all && this.#sentCount - this.#ackedCount >= LIMITS.chunksInFlight) return;
      const entry = this.#history.at(this.#next);
      if (entry.kind === 'gap') {
        this.#next = entry.last + 1;
        this.#send({ kind: 'forgotten', number: this.#next, bytes: entry.bytes });
      } else {
        this.#next++;
        mapSet(this.#inFlight, this.#sentCount++, entry.chunk.number);
        this.#send({ kind: 'chunk', ...entry.chunk });
      }
      this.#answerFlushes();
    }
    this.#answerFlushes();
  }

  #answerFlushes(): void {
    while (this.#flushAnswered < this.#flushAsked) {
      const flush = mapGet(this.#flushes, this.#flushAnswered);
      if (flush && this.#watching && this.#next <= flush.after) return;
      mapDelete(this.#flushes, this.#flushAnswered++);
      if (flush) this.#send({ kind: 'flushed', id: flush.id });
    }
  }
}
