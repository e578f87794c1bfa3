import {
  atomicsLoad,
  atomicsStore,
  copyInt32,
  floor,
  IntrinsicInt32Array,
} from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import { CONTROL, NARROW_MAX, SLOT, SLOT_FLAG } from '../shared/slots.ts';

const HIGH = 0x1_0000_0000;
/** Room that every write asks for: a `LOST` slot and the widest entry after it. */
const MARGIN = 3;
const ALWAYS_ASK = -1;
/** More calls in a quantum than a pattern holds, or some of them lost: it cannot be repeated. */
const NO_PATTERN = LIMITS.patternCalls + 1;

type MessageSlot =
  | typeof SLOT.sent
  | typeof SLOT.received
  | typeof SLOT.portSent
  | typeof SLOT.portReceived;

/** Where slots go: a ring that the collector empties, or batches that are shipped. */
export interface SlotSpace {
  /** Int32 words of a power of two of slots. */
  readonly words: Int32Array;
  readonly slots: number;
}

/**
 * Writes slots, one producer, without allocating. `makeRoom` is called when the space is full; it may
 * hand out another space. What finds no room is counted, and the count written once there is room.
 *
 * A quantum whose calls are those of the quantum before, all at one place in the order, is one `again` slot, written
 * when the next quantum begins or anything else is to be said: an audio rendering thread that streams
 * through memory is slowed by that more than by all the rest (a tenth, measured with fifty mixers).
 */
export class SlotWriter {
  readonly #control: Int32Array;
  readonly #makeRoom: (writer: SlotWriter) => void;
  #words: Int32Array;
  #mask = 0;
  #slots = 0;
  /** Slots that may be unread when another is written without asking. */
  #limit = 0;
  #head = 0;
  #tail = 0;
  #lost = 0;
  #held: (() => void) | undefined;
  /** Ordinal and flags of the calls of the last quantum; those of this one are written over them as they differ. */
  readonly #pattern = new IntrinsicInt32Array(LIMITS.patternCalls);
  /** How many of them may be repeated. */
  #patternCalls = 0;
  /** Calls of this quantum that were the same so far, and are not written yet. */
  #repeated = 0;
  #repeating = false;
  /** Calls of this quantum that are written. */
  #written = NO_PATTERN;
  /** Whether a clock was written, and nothing lost since: who begins to read at a clock knows the pattern. */
  #readable = false;
  #place = 0;
  #frame = 0;

  constructor(space: SlotSpace, control: Int32Array, makeRoom: (writer: SlotWriter) => void) {
    this.#control = control;
    this.#makeRoom = makeRoom;
    this.#words = space.words;
    this.use(space);
  }

  /** Slots written since the space was taken into use, modulo 2^32. */
  get head(): number {
    return this.#head;
  }

  /** Goes on in `space`, from its start; slots still in the old one are the caller's. */
  use(space: SlotSpace): void {
    this.#words = space.words;
    this.#mask = space.slots - 1;
    this.#slots = space.slots;
    this.#limit = space.slots - MARGIN;
    this.#head = 0;
    this.#tail = 0;
  }

  /** Has `tell` write what its caller holds back, before anything else is written or when `settle` is called. */
  hold(tell: () => void): void {
    this.#held = tell;
    this.#limit = ALWAYS_ASK;
  }

  settle(): void {
    const tell = this.#held;
    this.#held = undefined;
    tell?.();
  }

  /** Asks the control block how far the collector has read. */
  refreshTail(): void {
    this.#tail = atomicsLoad(this.#control, CONTROL.tail);
  }

  /** What was written so far may be read at once. */
  publish(): void {
    this.#endRun();
    atomicsStore(this.#control, CONTROL.head, this.#head);
  }

  /** A quantum begins. `alone`: each of its calls is to have a slot of its own. */
  beginQuantum(alone: boolean): void {
    this.#patternCalls = this.#repeating ? this.#repeated : this.#written;
    if (this.#patternCalls > LIMITS.patternCalls) this.#patternCalls = 0;
    this.#endRun();
    this.#written = 0;
    this.#repeating = !alone && this.#readable && this.#patternCalls > 0;
  }

  /**
   * Whether the last quantum went on as this one would with a call of `ordinal`: then it is the same quantum still,
   * unless of two quanta in a row the first had only the beginning of these calls and the second only the rest.
   */
  expects(ordinal: number): boolean {
    const at = this.#repeated;
    return at > 0 && at < this.#patternCalls && (this.#pattern[at] as number) >>> 8 === ordinal;
  }

  /** Writes the calls of this quantum that only repeat; from here on each has a slot of its own. */
  endRun(): void {
    this.#endRun();
    this.#announce();
  }

  /** A call that was not timed. `enter` and `exit` are the low 32 bits of places in the order. */
  call(ordinal: number, flags: number, enter: number, exit: number, frame: number): void {
    const key = (ordinal << 8) | flags;
    if (this.#repeating) {
      const at = this.#repeated;
      const same = at < this.#patternCalls && this.#pattern[at] === key && !this.#held;
      if (same && enter === exit && (at === 0 || enter === this.#place)) {
        if (at === 0) {
          this.#place = enter;
          this.#frame = frame;
        }
        this.#repeated = at + 1;
        return;
      }
      this.#endRun();
    }
    const head = this.#head;
    const span = exit - enter;
    if (((head - this.#tail) | 0) > this.#limit || span >>> 0 > NARROW_MAX) {
      this.timedCall(ordinal, flags, enter, exit, frame, 0);
      return;
    }
    this.#note(key);
    const words = this.#words;
    const at = (head & this.#mask) << 2;
    words[at] = (ordinal << 16) | (flags << 8) | SLOT.process;
    words[at + 1] = enter;
    words[at + 2] = frame;
    words[at + 3] = span;
    this.#head = (head + 1) | 0;
    this.#control[CONTROL.head] = this.#head;
  }

  /** `duration` counts `DURATION_UNIT_MICROS`. */
  timedCall(
    ordinal: number,
    flags: number,
    enter: number,
    exit: number,
    frame: number,
    duration: number,
  ): void {
    if (!this.#room(enter, frame)) return;
    this.#note((ordinal << 8) | (flags & ~SLOT_FLAG.timed));
    const tag = (ordinal << 16) | (flags << 8);
    const span = (exit - enter) | 0;
    if (span >>> 0 <= NARROW_MAX && duration <= NARROW_MAX) {
      this.#put(tag | SLOT.process, enter, frame, span | (duration << 16));
    } else {
      this.#put(tag | SLOT.processWide, enter, frame, 0);
      this.#put(tag | SLOT.processEnd, exit, frame, duration);
    }
    this.#announce();
  }

  /** `id` is the processor's ordinal; of an odd end half its number. `time` is a frame or a tick, as the thread counts. */
  message(
    op: MessageSlot,
    id: number,
    flags: number,
    seq: number,
    time: number,
    index: number,
  ): void {
    if (!this.#room(seq, time)) return;
    this.#put((id << 16) | (flags << 8) | op, seq, time, index);
    this.#announce();
  }

  /**
   * `count` operations of one kind (of `ATOMIC`) on a cell, all of them between the places `before` and
   * `after`. What was written, or how many were woken, is `written`.
   */
  atomic(
    cell: number,
    kind: number,
    before: number,
    after: number,
    time: number,
    read: number,
    written: number,
    count: number,
  ): void {
    if (!this.#room(before, time)) return;
    this.#put((cell << 16) | (kind << 8) | SLOT.atomic, before, time, after);
    this.#put(SLOT.atomicEnd, read, written, count);
    this.#announce();
  }

  /** Something happened that no slot can say. */
  lose(): void {
    this.#miss(1);
    this.#limit = ALWAYS_ASK;
  }

  /** How many slots had no room and have not been told of: who asks tells it. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** `micros` since the document's time origin. No loss when there is no room: another one follows. */
  clock(frame: number, micros: number): void {
    if (!this.#mayClock()) return;
    this.#put(SLOT.clock, (micros % HIGH) | 0, frame, floor(micros / HIGH));
    this.#announce();
  }

  /** The same in two words, of which `low` holds one. */
  clockWords(frame: number, low: Int32Array, high: number): void {
    if (!this.#mayClock()) return;
    const at = (this.#head & this.#mask) << 2;
    this.#put(SLOT.clock, 0, frame, high);
    copyInt32(this.#words, low, at + 1);
    this.#announce();
  }

  #mayClock(): boolean {
    this.#endRun();
    const has = this.#hasRoom();
    if (has) this.#readable = this.#lost === 0;
    return has;
  }

  #note(key: number): void {
    if (this.#written < LIMITS.patternCalls) this.#pattern[this.#written++] = key;
    else this.#written = NO_PATTERN;
  }

  #endRun(): void {
    if (!this.#repeating) return;
    const calls = this.#repeated;
    this.#repeating = false;
    this.#repeated = 0;
    this.#written = calls;
    if (calls === 0) return;
    if (this.#room(this.#place, this.#frame)) {
      this.#put((calls << 16) | SLOT.again, this.#place, this.#frame, 0);
    } else this.#miss(calls - 1);
  }

  #miss(slots: number): void {
    this.#lost += slots;
    this.#written = NO_PATTERN;
    this.#readable = false;
  }

  #room(seq: number, frame: number): boolean {
    if (this.#held) this.settle();
    this.#endRun();
    if (!this.#hasRoom()) {
      this.#miss(1);
      return false;
    }
    if (this.#lost > 0) {
      this.#put(SLOT.lost, seq, frame, this.#lost);
      this.#lost = 0;
    }
    return true;
  }

  /** While something is lost and not yet told, the limit sends every call this way. */
  #hasRoom(): boolean {
    const limit = this.#slots - MARGIN;
    if (((this.#head - this.#tail) | 0) > limit) this.#makeRoom(this);
    const left = this.#slots - MARGIN;
    const has = ((this.#head - this.#tail) | 0) <= left;
    this.#limit = has ? left : ALWAYS_ASK;
    return has;
  }

  #put(tag: number, second: number, frame: number, fourth: number): void {
    const at = (this.#head & this.#mask) << 2;
    const words = this.#words;
    words[at] = tag;
    words[at + 1] = second;
    words[at + 2] = frame;
    words[at + 3] = fourth;
    this.#head = (this.#head + 1) | 0;
  }

  /** A plain store: the collector waits a while before it reads what this announces. */
  #announce(): void {
    this.#control[CONTROL.head] = this.#head;
  }
}
