import { atomicsAdd, IntrinsicInt32Array } from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { FromScope, SharedCells, ToScope } from '../shared/passage.ts';
import { RecordWriter } from '../shared/record-codec.ts';
import type { ContextKind, FieldsOf, RecordName } from '../shared/records.ts';
import { CONTROL_WORDS, ORDER, Unwrapper } from '../shared/slots.ts';
import { transferring } from '../shared/transferring.ts';
import { SlotBatches } from './slot-batches.ts';
import { SlotWriter } from './slot-writer.ts';

export interface OutletOptions {
  /** Undefined where the page is not cross-origin isolated. */
  readonly shared: SharedCells | undefined;
  /** Whether batches that are under way can come back: not while an offline context renders. */
  readonly kind: ContextKind;
  /** Microseconds since the document’s time origin. */
  readonly micros: () => number;
  readonly send: (message: FromScope, transfer?: Iterable<object>) => void;
  /** `CONTROL.calls` as it is now. */
  readonly calls: () => number;
}

/**
 * How a thread other than the main one gets out what it records: slots through a ring that is shared with the page,
 * or in batches where there is none; records over the private port.
 */
export class ThreadOutlet {
  readonly slots: SlotWriter;
  /** The document’s cells of `ORDER`, or this thread’s own. */
  readonly order: Int32Array;
  readonly control: Int32Array;
  /** Tells what observers hold back. */
  settle: (() => void) | undefined;
  readonly #options: OutletOptions;
  readonly #batches: SlotBatches | undefined;
  readonly #records = new RecordWriter();
  readonly #widen = new Unwrapper();

  constructor(options: OutletOptions) {
    const { shared, kind } = options;
    this.#options = options;
    this.order = int32(shared?.order, ORDER.words);
    this.control = int32(shared?.control, CONTROL_WORDS);
    if (shared?.ring) {
      const ring = { words: new IntrinsicInt32Array(shared.ring), slots: LIMITS.ringSlots };
      this.slots = new SlotWriter(ring, this.control, (slots) => slots.refreshTail());
    } else {
      const batches = new SlotBatches(kind);
      this.#batches = batches;
      this.slots = new SlotWriter(batches.next(), this.control, () => this.ship());
    }
  }

  /** Whether slots leave in batches. */
  get isBatched(): boolean {
    return this.#batches !== undefined;
  }

  /** Takes the next number of the order, doubled. Low 32 bits. */
  next(): number {
    return ((atomicsAdd(this.order, ORDER.last, 1) + 1) << 1) | 0;
  }

  /** The bytes of the records that have not been sent. */
  get heldBytes(): number {
    return this.#records.byteLength;
  }

  /** Writes a record at a place of its own, or at `seq`. It leaves with `sendRecords`. */
  write<N extends RecordName>(
    name: N,
    fields: FieldsOf<N>,
    seq = this.next(),
    at = this.#options.micros(),
  ): void {
    this.slots.settle();
    this.#records.write(name, this.#widen.widen(seq), at, fields);
  }

  sendRecords(): void {
    const { count } = this.#records;
    if (count > 0) this.#options.send({ kind: 'records', bytes: this.#records.take(), count });
  }

  /** Sends the batch that is being filled, unless it is empty, and goes on in the next. */
  ship(): void {
    const batches = this.#batches;
    if (!batches) return;
    this.slots.endRun();
    const buffer = batches.current;
    const slots = this.slots.head;
    if (buffer && slots === 0) return;
    if (buffer) {
      const calls = this.#options.calls();
      this.#options.send({ kind: 'batch', buffer, slots, calls }, transferring(buffer));
    }
    this.slots.use(batches.next());
    this.sendRecords();
  }

  /** Lets out all that is held. */
  flush(): void {
    this.settle?.();
    this.sendRecords();
    if (this.#batches) this.ship();
    else this.slots.publish();
  }

  /** What every thread does alike; the rest is the caller’s. */
  obey(command: ToScope): void {
    if (command.kind === 'flush') {
      this.flush();
      // A thread that stands still from now on would never tell it.
      const lost = this.slots.takeLost();
      this.#options.send({ kind: 'flushed', id: command.id, calls: this.#options.calls(), lost });
    } else if (command.kind === 'batch') this.#batches?.giveBack(command.buffer);
  }
}

/** The words of `buffer`, or so many of our own. */
function int32(buffer: SharedArrayBuffer | undefined, words: number): Int32Array {
  return buffer ? new IntrinsicInt32Array(buffer) : new IntrinsicInt32Array(words);
}
