import { IntrinsicMap, lengthOf, mapDelete, mapGet, mapSet } from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Chunk } from '../../shared/messages.ts';

/** What stands at a number: the chunk, or the end of a run of forgotten ones. */
export type HistoryEntry =
  | Chunk
  /** Everything from the number asked for up to and including `last` is gone. */
  | { readonly form: 'gap'; readonly last: number; readonly bytes: number };

/**
 * The chunks of this document, numbered from 1, within `LIMITS.historySlotBytes` and
 * `LIMITS.historyRecordBytes`: the oldest slots go first, records last.
 */
export class History {
  /** A chunk, or at the end of a run of forgotten ones how many bytes they had. */
  readonly #entries = new IntrinsicMap<number, Chunk | number>();
  readonly #bytes = { slots: 0, records: 0 };
  readonly #oldest = { slots: 1, records: 1 };
  #last = 0;

  /** The number of the newest chunk; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(form: Chunk['form'], thread: number, bytes: Uint8Array<ArrayBuffer>): void {
    const number = ++this.#last;
    mapSet(this.#entries, number, { number, thread, form, bytes });
    this.#bytes[form] += lengthOf(bytes) + LIMITS.chunkOverheadBytes;
    this.#forgetWhile(form, form === 'slots' ? LIMITS.historySlotBytes : LIMITS.historyRecordBytes);
  }

  /** What stands at `number`, which lies in 1 … `last`. */
  at(number: number): HistoryEntry {
    let bytes = 0;
    for (let last = number; ; last++) {
      const entry = mapGet(this.#entries, last);
      if (typeof entry === 'object' || last > this.#last) {
        return entry && last === number ? (entry as Chunk) : { form: 'gap', last: last - 1, bytes };
      }
      bytes += entry ?? 0;
    }
  }

  /** Forgets the slots, uncounted, for it was asked to; the lifecycles stay, so that what lives goes on having a name. */
  clear(): void {
    this.#forgetWhile('slots', 0, 0);
  }

  #forgetWhile(form: Chunk['form'], limit: number, weight = 1): void {
    while (this.#bytes[form] > limit && this.#oldest[form] <= this.#last) {
      const number = this.#oldest[form]++;
      const entry = mapGet(this.#entries, number);
      if (typeof entry !== 'object' || entry.form !== form) continue;
      const bytes = lengthOf(entry.bytes);
      const before = mapGet(this.#entries, number - 1);
      this.#bytes[form] -= bytes + LIMITS.chunkOverheadBytes;
      if (typeof before === 'number') mapDelete(this.#entries, number - 1);
      mapSet(this.#entries, number, bytes * weight + (typeof before === 'number' ? before : 0));
    }
  }
}
