import { IntrinsicMap, mapClear, mapForEach, mapSet } from '../base/intrinsics.ts';
import { describeError } from '../shared/describe-error.ts';
import * as LIMITS from '../shared/limits.ts';
import type { EarlyRecord } from '../shared/messages.ts';
import type { FieldsOf, RecordName } from '../shared/records.ts';
import { captureStack } from '../shared/stack.ts';
import type { Micros, Seq } from '../shared/units.ts';
import type { Order } from './order.ts';
import type { PageRealm } from './page-realm.ts';

export interface RecorderOptions {
  readonly realm: PageRealm;
  readonly order: Order;
  /** A part of the URL of our own scripts. */
  readonly ownUrl: string;
  /** Called before the first record. */
  readonly begins: () => void;
  readonly fault: (message: string) => void;
}

/** Where records go once the late part is there. */
export type WriteRecord = <N extends RecordName>(
  name: N,
  seq: Seq,
  at: Micros,
  fields: FieldsOf<N>,
) => void;

/**
 * Makes the records of the main thread. They wait here, as they are, until the late part comes to write them;
 * no more of them than `LIMITS.earlyRecords`.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #waiting = new IntrinsicMap<number, EarlyRecord>();
  readonly #promised = new IntrinsicMap<number, () => void>();
  #write: WriteRecord | undefined;
  /** Records made while none were to be. */
  #paused = 0;
  #made = 0;
  #dropped = 0;
  #faults = 0;
  /** When the first record was made; 0 before. */
  begunAt = 0;
  recording = true;
  /** The stack of a fault, once the late part can tell. */
  stackOf: (error: unknown) => string = () => '';

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** The records that wait for the late part. */
  get waiting(): ReadonlyMap<number, EarlyRecord> {
    return this.#waiting;
  }

  /** The next place in the order of all records, for one that is written later. */
  next(): Seq {
    return this.#options.order.next();
  }

  now(): Micros {
    return this.#options.realm.now() as Micros;
  }

  record<N extends RecordName>(
    name: N,
    fields: FieldsOf<N>,
    seq: Seq = this.next(),
    at: Micros = this.now(),
  ): void {
    if (!this.recording) {
      this.#paused++;
      return;
    }
    this.begin(at);
    if (this.#write) this.#write(name, seq, at, fields);
    else if (this.#made < LIMITS.earlyRecords) {
      mapSet(this.#waiting, this.#made++, { name, seq, at, fields });
    } else this.#dropped++;
  }

  /** There is something in this document that concerns us. */
  begin(at = this.now()): void {
    if (this.begunAt > 0) return;
    this.begunAt = at;
    this.#options.begins();
  }

  /**
   * As `record`, of what exists beside what concerns us: until that has begun, it is kept for then, but does
   * not begin it.
   */
  mention<N extends RecordName>(name: N, fields: FieldsOf<N>, seq: Seq = this.next()): void {
    if (this.begunAt > 0) this.record(name, fields, seq);
    else if (this.#made < LIMITS.mentionedRecords) {
      mapSet(this.#waiting, this.#made++, { name, seq, at: this.now(), fields });
    }
  }

  /** Runs what only the late part can do: at once where it is there, else when it comes. */
  later(run: () => void): void {
    if (this.#write) run();
    else if (this.#made < LIMITS.earlyRecords) mapSet(this.#promised, this.#made++, run);
  }

  /** From now on records go to `write`, those that wait first. Gives how many had no room. */
  handOver(write: WriteRecord): number {
    this.#write = write;
    mapForEach(this.#waiting, ({ name, seq, at, fields }) => write(name, seq, at, fields));
    mapForEach(this.#promised, (run) => this.guard(run));
    mapClear(this.#waiting);
    mapClear(this.#promised);
    return this.#dropped;
  }

  /** Goes on after a pause; gives how many records were not made meanwhile. */
  resume(): number {
    const paused = this.#paused;
    this.recording = true;
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
    this.#options.fault(describeError(error) + this.stackOf(error));
  }

  /** The stack of the page's call that is being recorded. */
  stack(): string {
    return this.recording ? captureStack(this.#options.ownUrl) : '';
  }
}
