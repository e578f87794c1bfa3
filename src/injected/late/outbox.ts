import { IntrinsicMap, mapDelete, mapForEach, mapSet, max } from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { PageMessage } from '../../shared/messages.ts';
import type { History } from './history.ts';

/**
 * Sends the history to whoever watches, in order, at most `LIMITS.chunksInFlight` chunks ahead of the
 * acknowledgements. What the history has lost is said where it is missing.
 */
export class Outbox {
  readonly #history: History;
  readonly #send: (message: PageMessage) => void;
  /** Answers to `flush`: the id, and the number of the chunk that must have been sent before. */
  readonly #flushes = new IntrinsicMap<number, number>();
  #watching = false;
  #next = 1;
  /** The number of the chunk sent last. */
  #sent = 0;
  /** Everything up to this number has arrived, or is lost and nothing before it is under way. */
  #acknowledged = 0;

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
    this.#acknowledged = this.#next - 1;
    this.#sent = 0;
    this.pump();
  }

  unwatch(): void {
    this.#watching = false;
  }

  /** Sends everything without having been asked, once. */
  offer(): void {
    this.watch(1);
    this.pump(true);
    this.unwatch();
  }

  /** Chunks up to `number` have arrived. */
  acknowledge(number: number): void {
    this.#acknowledged = number < this.#sent ? max(this.#acknowledged, number) : this.#next - 1;
    this.pump();
  }

  /** Answers `flushed` once all that the history holds now has been sent. */
  answerFlush(id: number): void {
    mapSet(this.#flushes, id, this.#history.last);
    this.pump();
  }

  /** Sends what may be sent. `all`: whatever is left, for there will be no later. */
  pump(all = false): void {
    while (this.#watching && this.#next <= this.#history.last) {
      if (!all && this.#next - this.#acknowledged > LIMITS.chunksInFlight) break;
      const entry = this.#history.at(this.#next);
      if (entry.form === 'gap') {
        this.#next = entry.last + 1;
        if (this.#acknowledged >= this.#sent) this.#acknowledged = entry.last;
        this.#send({ kind: 'forgotten', number: this.#next, bytes: entry.bytes });
      } else {
        this.#sent = this.#next++;
        this.#send({ kind: 'chunk', ...entry });
      }
    }
    mapForEach(this.#flushes, (after, id) => {
      if (this.#watching && this.#next <= after) return;
      mapDelete(this.#flushes, id);
      this.#send({ kind: 'flushed', id });
    });
  }
}
