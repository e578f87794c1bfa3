import { bufferOf, ceil, dateNow, floor, max, min } from '../../base/intrinsics.ts';
import type { Patches } from '../../base/patch.ts';
import type { AtomicsSink } from '../../hooks/atomics.ts';
import type { End } from '../../hooks/channels.ts';
import { type PortCount, portCountIn, UNKNOWN_PORT_COUNT } from '../../hooks/port-count.ts';
import type { SlotWriter } from '../../hooks/slot-writer.ts';
import { ThreadOutlet } from '../../hooks/thread-outlet.ts';
import type { ShadowMessage } from '../../hooks/wasm/passed-modules.ts';
import type { Witness } from '../../hooks/witness.ts';
import { WordClock } from '../../hooks/word-clock.ts';
import { describeError } from '../../shared/describe-error.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { FromScope, Passage, ToScope } from '../../shared/passage.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import { CONTROL, ORDER, SLOT, SLOT_FLAG } from '../../shared/slots.ts';
import { captureStack } from '../../shared/stack.ts';
import { transferring } from '../../shared/transferring.ts';
import { coarseMillis, fineUnits, started, UNITS_PER_MS } from './clocks.ts';
import { currentFrame, OWN_URL, post, SAMPLE_RATE, type ScopePort } from './scope.ts';

/**
 * Of so many quanta, or of as many as there were calls in the last, one is timed call by call: the second number while
 * that takes no time and rendering keeps up, because each reading of the clock allocates a number. Then of
 * `IDLE_FULL_EVERY` such quanta only one is. Of the others it is asked whether they take time as a whole; if
 * so, the next is timed call by call.
 */
const TIMED_QUANTUM_EVERY = 128;
const IDLE_TIMED_QUANTUM_EVERY = 512;
const IDLE_FULL_EVERY = 8;
/** Rendering that takes so much longer than what it renders lasts is late. */
const LATE = 1.25;
/** Whole, as all that is reckoned with while nothing happens. */
const FRAMES_PER_LATE_MS = ceil(SAMPLE_RATE / 1000 / LATE);
const CLOCKS_PER_SECOND = 10;
const BATCHES_PER_SECOND = 16;

/**
 * Whether a finalizer has heard it. The thread lives on with the scopes of other documents, and what is finalized on it
 * when this scope is gone crashes Chromium (156) if it posts a message.
 */
function isFinalization(name: RecordName, fields: object): boolean {
  if (name === 'processorCollected') return true;
  return name === 'endState' && (fields as FieldsOf<'endState'>).state === 'collected';
}

interface Finalized {
  readonly write: () => void;
  readonly before: Finalized | undefined;
}

/**
 * Records what happens in one audio rendering thread. Calls and message events go into slots, and in
 * the steady state nothing is allocated; everything rare is a record, sent over the private port.
 */
export class ThreadRecorder implements Witness {
  readonly patches: Patches;
  readonly isActive = true;
  readonly isolated: boolean;
  readonly ports: PortCount;
  readonly #port: ScopePort;
  readonly #originMicros: number;
  readonly #outlet: ThreadOutlet;
  readonly #order: Int32Array;
  readonly control: Int32Array;
  readonly #slots: SlotWriter;
  readonly #framesPerClock = floor(SAMPLE_RATE / CLOCKS_PER_SECOND);
  /** Frames after which a batch leaves though it is not full; 0: only full ones leave. */
  #framesPerBatch = 0;
  #fine: boolean;
  #calls = 0;
  #frame = -1;
  /** The processor that was called first in this quantum. */
  #first = -1;
  #nextClock = 0;
  #nextBatch = 0;
  #quantaToTimed = 1;
  #timedEvery = TIMED_QUANTUM_EVERY;
  /** Whether the clock went on during a timed call of the quantum. */
  #tookTime = false;
  #clockMillis = 0;
  readonly #clock: WordClock;
  /** Calls before this quantum. */
  #callsBefore = 0;
  /** Calls in the quantum before. */
  #callsLast = 0;
  /** True where nobody will ask for what is held back here: each quantum leaves as it ends. */
  #closing = false;
  #timed = false;
  /** Whether it is asked of this quantum if it takes time. */
  #probing = false;
  /** Quanta since one was timed call by call, while none takes time. */
  #probed = 0;
  /** Whether anything is to be done at the end of each call. */
  #watchful = false;
  /** Where the timed call that comes next is taken to begin: units where the clock is fine, else milliseconds. */
  #from = 0;
  #inCall = false;
  /** What finalizers have heard, last first; told with the next clock or command. */
  #finalized: Finalized | undefined;
  #ordinal = 0;
  #eachClock: ((frame: number) => void) | undefined;
  /** The frame at which observers are to tell what they hold back; none while they hold nothing. */
  #settleAt = Number.POSITIVE_INFINITY;

  constructor(patches: Patches, passage: Passage, port: ScopePort) {
    const { shared, kind } = passage;
    this.patches = patches;
    this.isolated = shared !== undefined;
    this.#port = port;
    this.#originMicros = passage.originMs * 1000;
    this.#clock = new WordClock(started * 1000 - this.#originMicros);
    this.#fine = passage.fineClock;
    this.#outlet = new ThreadOutlet({
      shared,
      kind,
      micros: () => this.#micros(),
      send: (message, transfer) => this.#send(message, transfer),
      calls: () => this.#calls,
    });
    this.#order = this.#outlet.order;
    this.ports = shared ? portCountIn(this.#order) : UNKNOWN_PORT_COUNT;
    this.control = this.#outlet.control;
    this.#slots = this.#outlet.slots;
    if (this.#outlet.isBatched && kind === 'realtime') {
      this.#framesPerBatch = floor(SAMPLE_RATE / BATCHES_PER_SECOND);
    }
  }

  /** Where atomic operations are told. */
  get atomicsSink(): AtomicsSink {
    return {
      order: this.#order,
      slots: this.#slots,
      // The engine lets no audio rendering thread wait.
      mayBlock: false,
      // It takes no numbers that nobody needs: who spins there is not judged.
      numbersLoops: false,
      time: () => (this.#inCall ? this.#frame : currentFrame()),
      record: (name, fields) => this.record(name, fields),
      publish: () => this.#outlet.flush(),
      soon: () => {
        this.#settleAt = currentFrame() + SAMPLE_RATE;
      },
    };
  }

  /** `settle` tells what an observer holds back. */
  settleWith(settle: () => void): void {
    this.#outlet.settle = () => {
      this.#settleAt = Number.POSITIVE_INFINITY;
      settle();
    };
  }

  /** The processor whose call is in flight. */
  get calling(): number | undefined {
    return this.#inCall ? this.#ordinal : undefined;
  }

  /** Whether any processor was called so far. */
  get hasCalled(): boolean {
    return this.#calls !== 0;
  }

  /** Takes the next order number: the document's, or this thread's where not isolated. Low 32 bits. */
  next(): number {
    return this.#outlet.next();
  }

  /** Has `run` called at each clock slot: ten times a second of context time. */
  eachClock(run: (frame: number) => void): void {
    const before = this.#eachClock;
    this.#eachClock = (frame) => {
      before?.(frame);
      run(frame);
    };
  }

  /** Since the document's time origin. */
  now(): number {
    return this.#micros();
  }

  #micros(): number {
    return dateNow() * 1000 - this.#originMicros;
  }

  /** Where this thread stands: right after the last number that was given to anybody. */
  #here(): number {
    return ((this.#order[ORDER.last] as number) << 1) | 1;
  }

  #look(ordinal: number): void {
    const frame = currentFrame();
    // The frame may stand still: Chromium does not count quanta while the page holds the lock of its graph.
    if (frame !== this.#frame || ordinal === this.#first) this.#beginQuantum(frame, ordinal);
  }

  /** A call of `process()` has shown that a new quantum began. */
  #beginQuantum(frame: number, first: number): void {
    this.#frame = frame;
    this.#first = first;
    const calls = this.#calls - this.#callsBefore;
    this.#callsBefore = this.#calls;
    this.#callsLast = calls;
    if (this.#timed) {
      this.#timedEvery = this.#tookTime
        ? TIMED_QUANTUM_EVERY
        : min(this.#timedEvery * 2, IDLE_TIMED_QUANTUM_EVERY);
      this.#tookTime = false;
    }
    const isDue = this.#fine || --this.#quantaToTimed <= 0;
    this.#timed = isDue;
    if (isDue) this.#mayProbe(calls);
    this.#watchful = this.#closing || this.#probing;
    const clock = frame >= this.#nextClock;
    this.#slots.beginQuantum(clock || this.#timed || this.#closing);
    if (clock) {
      this.#readClock(frame);
      if (frame >= this.#settleAt) this.#outlet.settle?.();
      this.#tellFinalized();
      this.#eachClock?.(frame);
    }
    if (this.#framesPerBatch > 0 && frame >= this.#nextBatch) {
      this.#nextBatch = frame + this.#framesPerBatch;
      this.#outlet.ship();
    }
    if (!isDue) return;
    this.#quantaToTimed = max(calls, this.#timedEvery);
    if (!this.#fine) this.#from = coarseMillis();
  }

  /** A quantum is due. `calls` of the last. */
  #mayProbe(calls: number): void {
    this.#probing = false;
    if (this.#fine || calls < 2 || this.#timedEvery < IDLE_TIMED_QUANTUM_EVERY) this.#probed = 0;
    else if (++this.#probed < IDLE_FULL_EVERY) {
      this.#probing = true;
      this.#timed = false;
    } else this.#probed = 0;
  }

  /** A call of a quantum has ended of which it is asked whether it takes time. */
  #probe(): void {
    if (this.#calls - this.#callsBefore < this.#callsLast) return;
    this.#probing = false;
    this.#watchful = this.#closing;
    if (coarseMillis() <= this.#from) return;
    this.#timedEvery = TIMED_QUANTUM_EVERY;
    this.#quantaToTimed = 1;
  }

  #readClock(frame: number): void {
    const millis = coarseMillis();
    const rendered = frame - (this.#nextClock - this.#framesPerClock);
    if ((millis - this.#clockMillis) * FRAMES_PER_LATE_MS > rendered) {
      this.#timedEvery = TIMED_QUANTUM_EVERY;
      this.#quantaToTimed = min(this.#quantaToTimed, TIMED_QUANTUM_EVERY);
    }
    this.#clockMillis = millis;
    this.#nextClock = frame + this.#framesPerClock;
    const clock = this.#clock;
    clock.read(millis);
    this.#slots.clockWords(frame, clock.low, clock.high);
  }

  /** A call of `process()` begins; gives its place in the order. */
  enter(ordinal: number): number {
    // Asking for the frame costs more than all the rest of what is done for a call.
    if (!this.#slots.expects(ordinal)) this.#look(ordinal);
    this.#inCall = true;
    this.#ordinal = ordinal;
    this.#calls = (this.#calls + 1) | 0;
    this.control[CONTROL.calls] = this.#calls;
    if (this.#fine) this.#from = fineUnits();
    return this.#here();
  }

  /** So much of the time of the call in flight was not the page’s. */
  excuse(millis: number): void {
    this.#from += this.#fine ? millis * UNITS_PER_MS : millis;
  }

  /** The call that began at `enter` has ended. `flags` are of `SLOT_FLAG`. */
  leave(ordinal: number, enter: number, flags: number): void {
    const exit = this.#here();
    this.#inCall = false;
    if (!this.#timed) {
      this.#slots.call(ordinal, flags, enter, exit, this.#frame);
      if (this.#watchful) this.#called();
      return;
    }
    const end = this.#fine ? fineUnits() : coarseMillis();
    const passed = end > this.#from ? end - this.#from : 0;
    const duration = this.#fine ? passed : passed * UNITS_PER_MS;
    if (passed > 0) this.#tookTime = true;
    this.#from = end;
    this.#slots.timedCall(ordinal, flags | SLOT_FLAG.timed, enter, exit, this.#frame, duration);
    if (this.#closing) this.#shipWholeQuantum();
  }

  #called(): void {
    if (this.#probing) this.#probe();
    if (this.#closing) this.#shipWholeQuantum();
  }

  /** The messages of a processor’s own port and of all others differ in their slot. */
  sent({ id }: End, seq: number, index: number): void {
    const slots = this.#slots;
    if (id & 1) slots.message(SLOT.portSent, id >> 1, 0, seq, currentFrame(), index);
    else slots.message(SLOT.sent, (id >> 1) - 1, 0, seq, currentFrame(), index);
  }

  received({ id }: End, seq: number, index: number, event: object | undefined): void {
    const slots = this.#slots;
    const flags = event ? 0 : SLOT_FLAG.failed;
    if (id & 1) slots.message(SLOT.portReceived, id >> 1, flags, seq, currentFrame(), index);
    else slots.message(SLOT.received, (id >> 1) - 1, flags, seq, currentFrame(), index);
  }

  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number, at?: number): void {
    if (isFinalization(name, fields)) {
      const write = (): void => this.#outlet.write(name, fields);
      this.#finalized = { write, before: this.#finalized };
      return;
    }
    this.#outlet.write(name, fields, seq, at);
    const full = this.#outlet.heldBytes > LIMITS.chunkBytes / 4;
    if (!this.#inCall || full) this.#outlet.sendRecords();
  }

  #tellFinalized(): void {
    let told = this.#finalized;
    if (!told) return;
    this.#finalized = undefined;
    for (; told; told = told.before) told.write();
    this.#outlet.sendRecords();
  }

  /** Lets out the records that are held, also while a call is in flight. */
  sendRecords(): void {
    this.#outlet.sendRecords();
  }

  stack(): string {
    return captureStack(OWN_URL);
  }

  /** Says to the page what is no record. */
  say(message: ShadowMessage | Extract<FromScope, { kind: 'rewrite' }>): void {
    this.#send(message, 'bytes' in message ? transferring(bufferOf(message.bytes)) : undefined);
  }

  fault(error: unknown): void {
    this.#send({ kind: 'fault', message: describeError(error) });
  }

  obey(command: ToScope): void {
    this.#tellFinalized();
    switch (command.kind) {
      case 'closing':
        this.#outlet.settle?.();
        this.#closing = true;
        this.#watchful = true;
        if (this.#outlet.isBatched) this.#outlet.ship();
        else this.#slots.publish();
        return;
      case 'configure':
        this.#fine = command.fineClock;
        return;
      default:
        this.#outlet.obey(command);
    }
  }

  /** Whether this call is the quantum's last can only be told from the quantum before. */
  #shipWholeQuantum(): void {
    if (!this.#outlet.isBatched) return;
    if (this.#calls - this.#callsBefore >= this.#callsLast) this.#outlet.ship();
  }

  #send(message: FromScope, transfer?: Iterable<object>): void {
    if (transfer) post(this.#port, message, transfer);
    else post(this.#port, message);
  }
}
