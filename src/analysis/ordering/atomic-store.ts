import * as LIMITS from '../../shared/limits.ts';
import { ATOMIC } from '../../shared/slots.ts';
import type { CellId, MemoryId, ThreadId } from '../../shared/units.ts';

const MAX_ATOMICS = LIMITS.atomicsPerDocument;
const LOADS = ATOMIC.loads;

/** One `ATOMIC` slot and its end, see `shared/slots.ts`. */
export interface AtomicEntry {
  /** An `ATOMIC` code. */
  readonly code: number;
  /** Places before and after the operation; its own number before where it writes or notifies. */
  readonly before: number;
  readonly after: number;
  /** The value read and the value written (or the number of threads woken), low 32 bits. */
  readonly read: number;
  readonly written: number;
  /** How many operations it stands for. */
  readonly count: number;
  /** The frame in an audio rendering thread, elsewhere microseconds since the time origin. */
  readonly when: number;
}

/** Slots of `thread` between two of its places are missing. */
export interface AtomicLoss {
  readonly thread: ThreadId;
  readonly since: number;
  readonly until: number;
}

/** The atomic operations of one document as they were recorded, by thread and cell. */
export class AtomicStore {
  /** By thread, then by cell; both are small numbers. */
  readonly #threads: (CellColumns | undefined)[][] = [];
  readonly #cells: CellColumns[] = [];
  readonly #losses: AtomicLoss[] = [];
  readonly #all: AtomicColumn[] = [];
  /** By thread. */
  readonly #lastAfter: (number | undefined)[] = [];
  #size = 0;
  #columnChanges = 0;
  #changedFrom = Number.POSITIVE_INFINITY;

  /** Entries kept. */
  get size(): number {
    return this.#size;
  }

  /** Grows when a column appears, or when it becomes known where its cell lies. */
  get columnChanges(): number {
    return this.#columnChanges;
  }

  /** A cell got its number in a thread. False when it has one already. */
  cell(thread: ThreadId, cell: CellId, memory: MemoryId, offset: number, width: number): boolean {
    const columns = this.#columns(thread, cell);
    if (columns === undefined || columns.place.memory !== undefined) return false;
    Object.assign(columns.place, { memory, offset, width });
    this.#columnChanges++;
    return true;
  }

  /**
   * Operations of one thread come in its order. The cell may be named later (`cellSeen` travels by
   * another way). False when it is not kept: places that go back, or more than is kept.
   */
  add(
    thread: ThreadId,
    cell: CellId,
    code: number,
    before: number,
    after: number,
    read: number,
    written: number,
    count: number,
    when: number,
  ): boolean {
    const columns = this.#columns(thread, cell);
    if (columns === undefined) return false;
    if (this.#size >= MAX_ATOMICS) {
      this.lost(thread, after);
      return false;
    }
    let column = columns.told;
    if (code === LOADS) {
      if (columns.repeated === undefined) {
        columns.repeated = new AtomicColumn(columns.place);
        this.#all.push(columns.repeated);
        this.#columnChanges++;
      }
      column = columns.repeated;
    }
    if (!column.add(code, before, after, read, written, count, when)) return false;
    this.#size++;
    if (after > (this.#lastAfter[thread] ?? 0)) this.#lastAfter[thread] = after;
    if (before < this.#changedFrom) this.#changedFrom = before;
    return true;
  }

  /** Slots of this thread were lost up to `tick`: there may have been writes of any value among them. */
  lost(thread: ThreadId, tick: number): void {
    const since = this.#lastAfter[thread] ?? 0;
    const known = this.#losses.findIndex((loss) => loss.thread === thread && loss.since === since);
    if (known >= 0) this.#losses.splice(known, 1);
    const after = this.#losses.findLastIndex(({ until }) => until <= tick) + 1;
    this.#losses.splice(after, 0, { thread, since, until: tick });
    if (since < this.#changedFrom) this.#changedFrom = since;
  }

  /** By `until`. */
  get losses(): readonly AtomicLoss[] {
    return this.#losses;
  }

  /** Of one thread, in no order. */
  *columns(thread: ThreadId): Iterable<AtomicColumn> {
    for (const columns of this.#threads[thread] ?? []) {
      if (columns === undefined) continue;
      yield columns.told;
      if (columns.repeated !== undefined) yield columns.repeated;
    }
  }

  /** Of all threads, in no order. */
  cellColumns(): readonly CellColumns[] {
    return this.#cells;
  }

  allColumns(): readonly AtomicColumn[] {
    return this.#all;
  }

  /** The lowest place that anything new since the last call of this may have touched. */
  takeChanges(): number {
    const changed = this.#changedFrom;
    this.#changedFrom = Number.POSITIVE_INFINITY;
    return changed;
  }

  #columns(thread: ThreadId, cell: CellId): CellColumns | undefined {
    let cells = this.#threads[thread];
    if (cells === undefined) {
      if (!(thread < LIMITS.threads)) return undefined;
      cells = [];
      this.#threads[thread] = cells;
    }
    const known = cells[cell];
    if (known !== undefined) return known;
    if (!(cell <= LIMITS.cells)) return undefined;
    const place = { thread, cell, memory: undefined, offset: 0, width: 4 };
    const columns = { place, told: new AtomicColumn(place), repeated: undefined };
    cells[cell] = columns;
    this.#cells.push(columns);
    this.#all.push(columns.told);
    this.#columnChanges++;
    return columns;
  }
}

/** A cell as one thread knows it. */
export interface CellPlace {
  readonly thread: ThreadId;
  readonly cell: CellId;
  /** Undefined until `cellSeen` of that thread came. */
  readonly memory: MemoryId | undefined;
  readonly offset: number;
  readonly width: number;
}

/** What one thread did to one cell. */
export interface CellColumns {
  readonly place: CellPlace;
  readonly told: AtomicColumn;
  /** `loads`, which are told late: their places overlap those of the others. */
  repeated: AtomicColumn | undefined;
}

const FIRST_CAPACITY = 8;
const UINT32_MAX = 0xffff_ffff;
/** As many as make a loop of it. */
const HEAVY = 8;

/** Operations of one thread on one cell, in its order; both places rise. 33 bytes an entry. */
export class AtomicColumn {
  readonly place: CellPlace;
  /** Entries that stand for many operations. */
  readonly heavy: number[] = [];
  #firstRead = Number.POSITIVE_INFINITY;
  #acquires = false;
  /** The entries that write, by index. */
  #writes = new Uint32Array(FIRST_CAPACITY);
  #writeCount = 0;
  #length = 0;
  #before = new Float64Array(FIRST_CAPACITY);
  #span = new Uint32Array(FIRST_CAPACITY);
  #read = new Int32Array(FIRST_CAPACITY);
  #written = new Int32Array(FIRST_CAPACITY);
  #code = new Uint8Array(FIRST_CAPACITY);
  #count = new Uint32Array(FIRST_CAPACITY);
  #when = new Float64Array(FIRST_CAPACITY);

  constructor(place: CellPlace) {
    this.place = place;
  }

  get thread(): ThreadId {
    return this.place.thread;
  }

  get cell(): CellId {
    return this.place.cell;
  }

  get length(): number {
    return this.#length;
  }

  add(
    code: number,
    before: number,
    after: number,
    read: number,
    written: number,
    count: number,
    when: number,
  ): boolean {
    const at = this.#length;
    if (after < before || after - before > UINT32_MAX) return false;
    if (at > 0 && (before < this.before(at - 1) || after < this.after(at - 1))) return false;
    if (at === this.#before.length) this.#grow();
    this.#before[at] = before;
    this.#span[at] = after - before;
    this.#read[at] = read;
    this.#written[at] = written;
    this.#code[at] = code;
    this.#count[at] = count;
    this.#when[at] = when;
    if (MUTE[code] !== 1) this.#acquires = true;
    if (isRead(code)) this.#firstRead = Math.min(this.#firstRead, at);
    if (isWrite(code)) {
      if (this.#writeCount === this.#writes.length) {
        this.#writes = grown(this.#writes, new Uint32Array(this.#writeCount * 2));
      }
      this.#writes[this.#writeCount++] = at;
    }
    if (count >= HEAVY) this.heavy.push(at);
    this.#length++;
    return true;
  }

  /** Whether any entry may have seen what another thread wrote, or have been woken by one. */
  get acquires(): boolean {
    return this.#acquires;
  }

  /** The index of the first entry that tells of a value that was read; ∞ when there is none. */
  get firstRead(): number {
    return this.#firstRead;
  }

  /** −1 when there is none. */
  get firstWrite(): number {
    return this.#writeCount > 0 ? (this.#writes[0] as number) : -1;
  }

  get writeCount(): number {
    return this.#writeCount;
  }

  /** The index of the `nth` entry that writes, counted from 0. */
  write(nth: number): number {
    return this.#writes[nth] as number;
  }

  /** How many of the writes began before `tick`. */
  writesBegunBefore(tick: number): number {
    let low = 0;
    let high = this.#writeCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.before(this.write(middle)) < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many of the writes were over before `tick`. */
  writesOverBefore(tick: number): number {
    let low = 0;
    let high = this.#writeCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.after(this.write(middle)) < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  before(index: number): number {
    return this.#before[index] as number;
  }

  after(index: number): number {
    return (this.#before[index] as number) + (this.#span[index] as number);
  }

  code(index: number): number {
    return this.#code[index] as number;
  }

  read(index: number): number {
    return this.#read[index] as number;
  }

  written(index: number): number {
    return this.#written[index] as number;
  }

  count(index: number): number {
    return this.#count[index] as number;
  }

  when(index: number): number {
    return this.#when[index] as number;
  }

  at(index: number): AtomicEntry {
    return {
      code: this.code(index),
      before: this.before(index),
      after: this.after(index),
      read: this.read(index),
      written: this.written(index),
      count: this.count(index),
      when: this.when(index),
    };
  }

  /** Index of the first entry that began at `tick` or later. */
  firstFrom(tick: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.before(middle) >= tick) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Index of the first entry that had not ended before `tick`. */
  firstEndingFrom(tick: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.after(middle) >= tick) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #grow(): void {
    const capacity = this.#before.length * 2;
    this.#before = grown(this.#before, new Float64Array(capacity));
    this.#span = grown(this.#span, new Uint32Array(capacity));
    this.#read = grown(this.#read, new Int32Array(capacity));
    this.#written = grown(this.#written, new Int32Array(capacity));
    this.#code = grown(this.#code, new Uint8Array(capacity));
    this.#count = grown(this.#count, new Uint32Array(capacity));
    this.#when = grown(this.#when, new Float64Array(capacity));
  }
}

function grown<T extends Float64Array | Uint32Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

const WRITES = table([ATOMIC.store, ATOMIC.readModifyWrite, ATOMIC.writes]);
const READS = table([
  ATOMIC.load,
  ATOMIC.loads,
  ATOMIC.readModifyWrite,
  ATOMIC.failedExchange,
  ATOMIC.waitOk,
  ATOMIC.waitTimedOut,
  ATOMIC.asyncWaitBegin,
]);
const MUTE = table([ATOMIC.store, ATOMIC.notify, ATOMIC.waitBegin]);

export function isWrite(code: number): boolean {
  return WRITES[code] === 1;
}

/** Whether the entry tells of a value that was read of the cell. */
export function isRead(code: number): boolean {
  return READS[code] === 1;
}

function table(codes: readonly number[]): Uint8Array {
  const out = new Uint8Array(256);
  for (const code of codes) out[code] = 1;
  return out;
}
