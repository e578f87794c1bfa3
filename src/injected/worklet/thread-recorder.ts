import { atomicsAdd, dateNow, floor, IntrinsicInt32Array, max } from '../../base/intrinsics.ts';
import { SlotBatches } from '../../hooks/slot-batches.ts';
import { SlotWriter } from '../../hooks/slot-writer.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { FromScope, Passage, ToScope } from '../../shared/passage.ts';
import { RecordWriter } from '../../shared/record-codec.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import { CONTROL, SLOT, SLOT_FLAG, Unwrapper } from '../../shared/slots.ts';
import { transferring } from '../../shared/transferring.ts';
import { coarseMillis, fineUnits, UNITS_PER_MS } from './clocks.ts';
import { currentFrame, post, type ScopePort, scope } from './scope.ts';

/** Of so many quanta, or of as many as there were calls in the last, one is timed call by call. */
const TIMED_QUANTUM_EVERY = 128;
const CLOCKS_PER_SECOND = 10;
const BATCHES_PER_SECOND = 16;

/**
 * Records what happens in one audio rendering thread. Calls and message events go into slots, and in
 * the steady state nothing is allocated; everything rare is a record, sent over the private port.
 */
export class ThreadRecorder {
  readonly #port: ScopePort;
  readonly #originMicros: number;
  readonly #order: Int32Array;
  readonly #control: Int32Array;
  readonly #isolated: boolean;
  /** Undefined where a ring is shared with the page. */
  readonly #batches: SlotBatches | undefined;
  readonly #slots: SlotWriter;
  readonly #records = new RecordWriter();
  readonly #widen = new Unwrapper();
  readonly #framesPerClock = floor(scope.sampleRate / CLOCKS_PER_SECOND);
  /** Frames after which a batch leaves though it is not full; 0: only full ones leave. */
  #framesPerBatch = 0;
  #fine: boolean;
  #calls = 0;
  #frame = -1;
  #first = -1;
  #nextClock = 0;
  #nextBatch = 0;
  #quantaToTimed = 1;
  /** Calls before this quantum. */
  #callsBefore = 0;
  /** Calls in the quantum before. */
  #callsLast = 0;
  /** True where nobody will ask for what is held back here: each quantum leaves as it ends. */
  #closing = false;
  #timed = false;
  /** Where the timed call that comes next is taken to begin: units where the clock is fine, else milliseconds. */
  #from = 0;
  #inCall = false;

  constructor(passage: Passage, port: ScopePort) {
    const { shared } = passage;
    this.#port = port;
    this.#originMicros = passage.originMs * 1000;
    this.#fine = passage.fineClock;
    this.#isolated = shared !== undefined;
    this.#order = int32(shared?.order, 1);
    this.#control = int32(shared?.control, CONTROL.words);
    if (shared?.ring) {
      const ring = { words: new IntrinsicInt32Array(shared.ring), slots: LIMITS.ringSlots };
      this.#slots = new SlotWriter(ring, this.#control, (slots) => slots.refreshTail());
    } else {
      const batches = new SlotBatches(passage.kind);
      this.#batches = batches;
      this.#slots = new SlotWriter(batches.next(), this.#control, () => this.#ship(batches));
      if (passage.kind === 'realtime') {
        this.#framesPerBatch = floor(scope.sampleRate / BATCHES_PER_SECOND);
      }
    }
  }

  /** The frame whose quantum is being rendered, as far as a call of `process()` has told. */
  get frame(): number {
    return this.#frame;
  }

  /** Takes the next order number: the document's, or this thread's where not isolated. Low 32 bits. */
  next(): number {
    return ((atomicsAdd(this.#order, 0, 1) + 1) << 1) | 0;
  }

  /** Since the document's time origin. */
  #micros(): number {
    return dateNow() * 1000 - this.#originMicros;
  }

  /** Where this thread stands: right after the last number that was given to anybody. */
  #here(): number {
    return ((this.#order[0] as number) << 1) | 1;
  }

  /**
   * The processor that was called first in this quantum. Its next call begins another one, also where the
   * frame stands still: Chromium does not count quanta while the page holds the lock of its graph.
   */
  get first(): number {
    return this.#first;
  }

  /** A call of `process()` has shown that a new quantum began. */
  beginQuantum(frame: number, first: number): void {
    this.#frame = frame;
    this.#first = first;
    const calls = this.#calls - this.#callsBefore;
    this.#callsBefore = this.#calls;
    this.#callsLast = calls;
    this.#timed = this.#fine || --this.#quantaToTimed <= 0;
    const clock = frame >= this.#nextClock;
    this.#slots.beginQuantum(clock || this.#timed || this.#closing);
    if (clock) {
      this.#nextClock = frame + this.#framesPerClock;
      this.#slots.clock(frame, this.#micros());
    }
    if (this.#batches && this.#framesPerBatch > 0 && frame >= this.#nextBatch) {
      this.#nextBatch = frame + this.#framesPerBatch;
      this.#ship(this.#batches);
    }
    if (!this.#timed) return;
    this.#quantaToTimed = max(calls, TIMED_QUANTUM_EVERY);
    if (!this.#fine) this.#from = coarseMillis();
  }

  /** A call of `process()` begins; gives its place in the order. */
  enter(): number {
    this.#inCall = true;
    this.#calls = (this.#calls + 1) | 0;
    this.#control[CONTROL.calls] = this.#calls;
    if (this.#fine) this.#from = fineUnits();
    return this.#here();
  }

  /** The call that began at `enter` has ended. `flags` are of `SLOT_FLAG`. */
  leave(ordinal: number, enter: number, flags: number): void {
    const exit = this.#here();
    this.#inCall = false;
    if (!this.#timed) {
      this.#slots.call(ordinal, flags, enter, exit, this.#frame);
      if (this.#closing) this.#shipWholeQuantum();
      return;
    }
    const end = this.#fine ? fineUnits() : coarseMillis();
    const passed = end > this.#from ? end - this.#from : 0;
    const duration = this.#fine ? passed : passed * UNITS_PER_MS;
    this.#from = end;
    this.#slots.timedCall(ordinal, flags | SLOT_FLAG.timed, enter, exit, this.#frame, duration);
    if (this.#closing) this.#shipWholeQuantum();
  }

  sent(ordinal: number, seq: number, index: number): void {
    this.#slots.message(SLOT.sent, ordinal, 0, seq, currentFrame(), index);
  }

  received(ordinal: number, failed: boolean, index: number): void {
    const flags = failed ? SLOT_FLAG.failed : 0;
    this.#slots.message(SLOT.received, ordinal, flags, this.next(), currentFrame(), index);
  }

  record<N extends RecordName>(name: N, fields: FieldsOf<N>): void {
    const seq = this.#isolated ? this.#widen.widen(this.next()) : 0;
    this.#records.write(name, seq, this.#micros(), fields);
    const full = this.#records.byteLength > LIMITS.chunkBytes / 4;
    if (!this.#inCall || full) this.sendRecords();
  }

  sendRecords(): void {
    if (this.#records.count > 0) this.#send({ kind: 'records', bytes: this.#records.take() });
  }

  obey(command: ToScope): void {
    switch (command.kind) {
      case 'flush':
        this.sendRecords();
        if (this.#batches) this.#ship(this.#batches);
        else this.#slots.publish();
        this.#send({ kind: 'flushed', id: command.id, calls: this.#calls });
        return;
      case 'closing':
        this.#closing = true;
        if (this.#batches) this.#ship(this.#batches);
        else this.#slots.publish();
        return;
      case 'configure':
        this.#fine = command.fineClock;
        return;
      case 'batch':
        this.#batches?.giveBack(command.buffer);
    }
  }

  /** Whether this call is the quantum's last can only be told from the quantum before. */
  #shipWholeQuantum(): void {
    if (this.#batches && this.#calls - this.#callsBefore >= this.#callsLast)
      this.#ship(this.#batches);
  }

  /** Sends the batch that is being filled, unless it is empty, and goes on in the next. */
  #ship(batches: SlotBatches): void {
    this.#slots.endRun();
    const buffer = batches.current;
    const slots = this.#slots.head;
    if (buffer && slots === 0) return;
    if (buffer) {
      this.#send({ kind: 'batch', buffer, slots, calls: this.#calls }, transferring(buffer));
    }
    this.#slots.use(batches.next());
    this.sendRecords();
  }

  #send(message: FromScope, transfer?: Iterable<object>): void {
    if (transfer) post(this.#port, message, transfer);
    else post(this.#port, message);
  }
}

/** The words of `buffer`, or so many of our own. */
function int32(buffer: SharedArrayBuffer | undefined, words: number): Int32Array {
  return buffer ? new IntrinsicInt32Array(buffer) : new IntrinsicInt32Array(words);
}
