import { IntrinsicMap, lengthOf, mapDelete, mapGet, mapSet } from '../base/intrinsics.ts';
import { LIMITS } from '../shared/limits.ts';
import type { Chunk } from '../shared/messages.ts';

const CHUNK_OVERHEAD = LIMITS.chunkOverheadBytes;

/** What stands at a number: the chunk, or the end of a run of forgotten ones. */
export type HistoryEntry =
  | { readonly kind: 'chunk'; readonly chunk: Chunk }
  /** Everything from the number asked for up to and including `last` is gone. */
  | { readonly kind: 'gap'; readonly last: number; readonly bytes: number };

interface Gap {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
}

/**
 * The chunks of this document, numbered from 1, within `LIMITS.historySlotBytes` and
 * `LIMITS.historyRecordBytes`: the oldest slots go first, records last.
 */
export class History {
  readonly #chunks = new IntrinsicMap<number, Chunk>();
  /** Runs of forgotten chunks, by their first and by their last number. */
  readonly #gapsByFirst = new IntrinsicMap<number, Gap>();
  readonly #gapsByLast = new IntrinsicMap<number, Gap>();
  readonly #bytes = { slots: 0, records: 0 };
  readonly #oldest = { slots: 1, records: 1 };
  #last = 0;

  /** The number of the newest chunk; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  add(form: Chunk['form'], thread: number, bytes: Uint8Array<ArrayBuffer>): void {
    const number = ++this.#last;
    mapSet(this.#chunks, number, { number, thread, form, bytes });
    this.#bytes[form] += lengthOf(bytes) + CHUNK_OVERHEAD;
    this.#forgetWhile(form, form === 'slots' ? LIMITS.historySlotBytes : LIMITS.historyRecordBytes);
  }

  /** What stands at `number`, which lies in 1 … `last`. */
  at(number: number): HistoryEntry {
    const chunk = mapGet(this.#chunks, number);
    if (chunk) return { kind: 'chunk', chunk };
    let last = number;
    let bytes = 0;
    while (last <= this.#last && !mapGet(this.#chunks, last)) {
      const gap = mapGet(this.#gapsByFirst, last);
      bytes += gap?.bytes ?? 0;
      last = gap ? gap.last + 1 : last + 1;
    }
    return { kind: 'gap', last: last - 1, bytes };
  }

  /** Forgets the slots; the lifecycles stay, so that what lives goes on having a name. */
  clear(): void {
    this.#forgetWhile('slots', 0);
  }

  #forgetWhile(form: Chunk['form'], limit: number): void {
    while (this.#bytes[form] > limit && this.#oldest[form] <= this.#last) {
      const number = this.#oldest[form]++;
      const chunk = mapGet(this.#chunks, number);
      if (chunk?.form === form) this.#forget(chunk);
    }
  }

  #forget({ number, form, bytes }: Chunk): void {
    mapDelete(this.#chunks, number);
    this.#bytes[form] -= lengthOf(bytes) + CHUNK_OVERHEAD;
    const before = mapGet(this.#gapsByLast, number - 1);
    const after = mapGet(this.#gapsByFirst, number + 1);
    if (before) {
      mapDelete(this.#gapsByFirst, before.first);
      mapDelete(this.#gapsByLast, before.last);
    }
    if (after) {
      mapDelete(this.#gapsByFirst, after.first);
      mapDelete(this.#gapsByLast, after.last);
    }
    const gap = {
      first: before?.first ?? number,
      last: after?.last ?? number,
      bytes: (before?.bytes ?? 0) + (after?.bytes ?? 0) + lengthOf(bytes),
    };
    mapSet(this.#gapsByFirst, gap.first, gap);
    mapSet(this.#gapsByLast, gap.last, gap);
  }
}
