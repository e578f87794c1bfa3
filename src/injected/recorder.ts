import { describeError, stackOfError } from '../shared/describe-error.ts';
import * as LIMITS from '../shared/limits.ts';
import { RecordWriter } from '../shared/record-codec.ts';
import type { FieldsOf, RecordName } from '../shared/records.ts';
import { captureStack } from '../shared/stack.ts';
import type { Seq } from '../shared/units.ts';
import type { Order } from './order.ts';
import type { PageRealm } from './page-realm.ts';

/** Stands in no frame, so that the stack of a fault keeps ours. */
const NOWHERE = '\n';

export interface RecorderOptions {
  readonly realm: PageRealm;
  readonly order: Order;
  /** A part of the URL of our own scripts. */
  readonly ownUrl: string;
  /** Called after each record. */
  readonly recorded: () => void;
  readonly fault: (message: string) => void;
}

/** Writes the records of the main thread. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #writer = new RecordWriter();
  #recording = true;
  #paused = 0;
  #faults = 0;
  #previewSecond = 0;
  #previews = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  get recording(): boolean {
    return this.#recording;
  }

  /** Whether the records at hand are enough for a chunk. */
  get isFull(): boolean {
    return this.#writer.byteLength >= LIMITS.chunkBytes / 2;
  }

  /** The next place in the order of all records, for one that is written later. */
  next(): Seq {
    return this.#options.order.next();
  }

  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq: Seq = this.next()): void {
    if (!this.#recording) {
      this.#paused++;
      return;
    }
    this.#writer.write(name, seq, this.#options.realm.now(), fields);
    this.#options.recorded();
  }

  /** The records so far as a chunk's bytes; undefined when there are none. */
  cut(): Uint8Array<ArrayBuffer> | undefined {
    return this.#writer.count > 0 ? this.#writer.take() : undefined;
  }

  pause(): void {
    this.#recording = false;
  }

  /** Goes on; gives how many records were not made meanwhile. */
  resume(): number {
    const paused = this.#paused;
    this.#recording = true;
    this.#paused = 0;
    return paused;
  }

  /** Runs what is ours inside a call of the page's: nothing it throws gets out. */
  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.fault(error);
    }
  }

  fault(error: unknown): void {
    if (this.#faults++ >= LIMITS.faults) return;
    this.#options.fault(`${describeError(error)}\n${stackOfError(error, NOWHERE)}`);
  }

  /** The stack of the page's call that is being recorded. */
  stack(): string {
    return this.#recording ? captureStack(this.#options.ownUrl) : '';
  }

  /** Whether one more preview or message stack may be taken in this second. */
  mayPreview(): boolean {
    if (!this.#recording) return false;
    const second = this.#options.realm.now() / 1e6;
    if (second - this.#previewSecond >= 1) {
      this.#previewSecond = second;
      this.#previews = 0;
    }
    return this.#previews++ < LIMITS.previewsPerSecond;
  }
}
