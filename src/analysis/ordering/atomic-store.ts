import * as LIMITS from '../../shared/limits.ts';
import { ATOMIC } from '../../shared/slots.ts';
import type { CellId, MemoryId, ThreadId } from '../../shared/units.ts';

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

/** The atomic operations of one document as they were recorded, by thread and cell. */
export class AtomicStore {
  readonly #threads = new Map<ThreadId, Map<CellId, AtomicColumn>>();
  readonly #losses: {
    readonly thread: ThreadId;
    readonly since: number;
    readonly until: number;
  }[] = [];
  readonly #lastAfter = new Map<ThreadId, number>();
  #size = 0;
  #changedFrom = Number.POSITIVE_INFINITY;

  /** Entries kept. */
  get size(): number {
    return this.#size;
  }

  /** A cell got its number in a thread. False when it has one already. */
  cell(thread: ThreadId, cell: CellId, memory: MemoryId, offset: number, width: number): boolean {
    let cells = this.#threads.get(thread);
    if (cells === undefined) {
      cells = new Map();
      this.#threads.set(thread, cells);
    }
    const known = cells.get(cell);
    if (known?.memory !== undefined) return false;
    if (known === undefined && cells.size >= LIMITS.cells) return false;
    const column = known ?? new AtomicColumn(thread, cell);
    column.memory = memory;
    column.offset = offset;
    column.width = width;
    cells.set(cell, column);
    this.#changedFrom = 0;
    return true;
  }

  /**
   * Operations of one thread come in their order. The cell may be named later (`cellSeen` travels by
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
    let cells = this.#threads.get(thread);
    if (cells === undefined) {
      cells = new Map();
      this.#threads.set(thread, cells);
    }
    let column = cells.get(cell);
    if (column === undefined) {
      if (cells.size >= LIMITS.cells) return false;
      column = new AtomicColumn(thread, cell);
      cells.set(cell, column);
    }
    if (this.#size >= LIMITS.atomicsPerDocument) {
      this.lost(thread, after);
      return false;
    }
    if (!column.add(code, before, after, read, written, count, when)) return false;
    this.#size++;
    this.#lastAfter.set(thread, after);
    if (before < this.#changedFrom) this.#changedFrom = before;
    return true;
  }

  /** Slots of this thread were lost up to `tick`: there may have been writes of any value among them. */
  lost(thread: ThreadId, tick: number): void {
    const since = this.#lastAfter.get(thread) ?? 0;
    const last = this.#losses.at(-1);
    if (last?.thread === thread && last.since === since) this.#losses.pop();
    this.#losses.push({ thread, since, until: tick });
    if (since < this.#changedFrom) this.#changedFrom = since;
  }

  /** What may be missing: operations of `thread` between two places. */
  get losses(): readonly {
    readonly thread: ThreadId;
    readonly since: number;
    readonly until: number;
  }[] {
    return this.#losses;
  }

  columns(thread: ThreadId): Iterable<AtomicColumn> {
    return this.#threads.get(thread)?.values() ?? [];
  }

  *allColumns(): Iterable<AtomicColumn> {
    for (const cells of this.#threads.values()) yield* cells.values();
  }

  /** The lowest place that anything new since the last call of this may have touched. */
  takeChanges(): number {
    const changed = this.#changedFrom;
    this.#changedFrom = Number.POSITIVE_INFINITY;
    return changed;
  }
}

const FIRST_CAPACITY = 8;

/** The operations of one thread on one cell, in its order; both places rise. 33 bytes an entry. */
export class AtomicColumn {
  readonly thread: ThreadId;
  readonly cell: CellId;
  /** Undefined until `cellSeen` of that thread came. */
  memory: MemoryId | undefined;
  offset = 0;
  width = 4;
  #length = 0;
  #before = new Float64Array(FIRST_CAPACITY);
  #span = new Uint32Array(FIRST_CAPACITY);
  #read = new Int32Array(FIRST_CAPACITY);
  #written = new Int32Array(FIRST_CAPACITY);
  #code = new Uint8Array(FIRST_CAPACITY);
  #count = new Uint32Array(FIRST_CAPACITY);
  #when = new Float64Array(FIRST_CAPACITY);

  constructor(thread: ThreadId, cell: CellId) {
    this.thread = thread;
    this.cell = cell;
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
    if (after < before || (at > 0 && before < this.before(at - 1))) return false;
    if (at === this.#before.length) this.#grow();
    this.#before[at] = before;
    this.#span[at] = after - before;
    this.#read[at] = read;
    this.#written[at] = written;
    this.#code[at] = code;
    this.#count[at] = count;
    this.#when[at] = when;
    this.#length++;
    return true;
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

  /** Index of the first entry whose place before it is at or after `tick`. */
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

export function isWrite(code: number): boolean {
  return code === ATOMIC.store || code === ATOMIC.readModifyWrite || code === ATOMIC.writes;
}

/** Whether the entry tells of a value that was read of the cell. */
export function isRead(code: number): boolean {
  switch (code) {
    case ATOMIC.load:
    case ATOMIC.loads:
    case ATOMIC.readModifyWrite:
    case ATOMIC.failedExchange:
    case ATOMIC.waitOk:
    case ATOMIC.waitTimedOut:
    case ATOMIC.asyncWaitBegin:
      return true;
    default:
      return false;
  }
}
