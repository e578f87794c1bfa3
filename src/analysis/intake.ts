import { ok, type Result } from '../base/result.ts';
import * as LIMITS from '../shared/limits.ts';
import type { Chunk } from '../shared/messages.ts';
import { parseRecords } from '../shared/record-codec.ts';
import type { LifelineRecord } from '../shared/records.ts';
import { parseSlots } from '../shared/slot-reader.ts';
import type { ThreadId } from '../shared/units.ts';
import type { DocumentState } from './document-state.ts';
import { takeRecord } from './handlers/dispatch.ts';
import { SlotCursor, takeSlots } from './handlers/slots.ts';

type Parsed =
  | { readonly form: 'records'; readonly records: readonly LifelineRecord[] }
  | { readonly form: 'slots'; readonly words: Int32Array };

/**
 * The order in which one document's chunks become facts. The main thread makes contexts and nodes, so
 * it is read at once. Another thread is read once it is known which context it renders; until then its
 * chunks wait, so that no arrival order of threads can change a fact.
 */
export class Intake {
  readonly #document: DocumentState;
  readonly #waiting = new Map<ThreadId, Parsed[]>();
  readonly #cursors = new Map<ThreadId, SlotCursor>();
  /** `threadStarted` that a thread says of itself, before the main thread said what it names. */
  readonly #announced: { readonly record: LifelineRecord; readonly thread: ThreadId }[] = [];
  #waitingChunks = 0;
  #number = 0;

  constructor(document: DocumentState) {
    this.#document = document;
  }

  /** Number of the last chunk taken. */
  get number(): number {
    return this.#number;
  }

  /** Chunks up to `number` will never come. */
  skipTo(number: number): void {
    if (number - 1 <= this.#number) return;
    this.#number = number - 1;
    this.#missed();
  }

  /** A chunk that was seen before changes nothing; one that cannot be read changes nothing else. */
  take(chunk: Chunk): Result<void> {
    if (chunk.number <= this.#number) return ok(undefined);
    const document = this.#document;
    if (chunk.number > this.#number + 1) {
      const missing = chunk.number - this.#number - 1;
      document.incomplete = true;
      document.uncovered(`${missing} chunks before number ${chunk.number} are missing`);
      this.#missed();
    }
    this.#number = chunk.number;
    const parsed = parseChunk(chunk);
    if (!parsed.ok) {
      document.invalidChunks++;
      document.incomplete = true;
      document.uncovered(`a chunk could not be read: ${parsed.error}`);
      return parsed;
    }
    const thread = chunk.thread as ThreadId;
    if (this.#isKnown(thread)) this.#read(parsed.value, thread);
    else this.#wait(parsed.value, thread);
    this.#wake();
    document.settle();
    return ok(undefined);
  }

  #missed(): void {
    for (const { pattern } of this.#cursors.values()) pattern.forget();
  }

  #isKnown(thread: ThreadId): boolean {
    return this.#document.facts.threads.has(thread);
  }

  #read(parsed: Parsed, thread: ThreadId): void {
    const document = this.#document;
    if (parsed.form === 'records') {
      for (const record of parsed.records) {
        if (takeRecord(document, record, thread)) continue;
        if (record.record === 'threadStarted') this.#announce(record, thread);
        else document.dropped++;
      }
      return;
    }
    const context = document.byThread.get(thread);
    let cursor = this.#cursors.get(thread);
    if (cursor === undefined) {
      cursor = new SlotCursor();
      this.#cursors.set(thread, cursor);
    }
    takeSlots(document, context, thread, cursor, parsed.words);
  }

  #wait(parsed: Parsed, thread: ThreadId): void {
    if (this.#waitingChunks >= LIMITS.waitingChunks) {
      this.#document.incomplete = true;
      this.#document.uncovered('chunks of threads that nobody announced were dropped');
      return;
    }
    this.#waitingChunks++;
    const waiting = this.#waiting.get(thread);
    if (waiting === undefined) this.#waiting.set(thread, [parsed]);
    else waiting.push(parsed);
    if (parsed.form !== 'records') return;
    for (const record of parsed.records) {
      if (record.record === 'threadStarted') this.#announce(record, thread);
    }
  }

  #announce(record: LifelineRecord, thread: ThreadId): void {
    if (this.#announced.length < LIMITS.threads) this.#announced.push({ record, thread });
  }

  /** Reads the chunks of every thread that has become known. */
  #wake(): void {
    if (this.#announced.length > 0) {
      const announced = this.#announced.splice(0);
      for (const each of announced) {
        if (!takeRecord(this.#document, each.record, each.thread)) this.#announced.push(each);
      }
    }
    for (const [thread, waiting] of this.#waiting) {
      if (!this.#isKnown(thread)) continue;
      this.#waiting.delete(thread);
      this.#waitingChunks -= waiting.length;
      for (const parsed of waiting) this.#read(parsed, thread);
    }
  }
}

function parseChunk(chunk: Chunk): Result<Parsed> {
  if (chunk.form === 'records') {
    const records = parseRecords(chunk.bytes);
    return records.ok ? ok({ form: 'records', records: records.value }) : records;
  }
  const words = parseSlots(chunk.bytes);
  return words.ok ? ok({ form: 'slots', words: words.value }) : words;
}
