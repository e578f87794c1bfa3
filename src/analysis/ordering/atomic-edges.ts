import { ATOMIC } from '../../shared/slots.ts';
import type { MemoryId, ThreadId } from '../../shared/units.ts';
import { type AtomicColumn, type AtomicLoss, type AtomicStore, isRead } from './atomic-store.ts';
import { EdgeStore } from './edge-store.ts';

const { load: LOAD, loads: LOADS, writes: WRITES, readModifyWrite: READ_MODIFY_WRITE } = ATOMIC;
const { waitOk: WAIT_OK, waitTimedOut: WAIT_TIMED_OUT, waitNotEqual: WAIT_NOT_EQUAL } = ATOMIC;
const ASYNC_WAIT_OK = ATOMIC.asyncWaitOk;

/** Which memory a thread's number means, as far as is known by now. */
export interface CellBlocks {
  /** The same object for every number of the same data block; undefined for a number nobody knows. */
  blockOf(thread: ThreadId, memory: MemoryId): object | undefined;
  /** Whether somebody may write to it by operations that are not recorded. */
  isOpaque(block: object): boolean;
  /** Another one when an answer may be another one. */
  readonly version: string;
}

/**
 * Which write each atomic read saw, and so what is before it.
 *
 * An operation and its record are two steps. A writer takes its number, writes, and looks at the counter; a
 * reader looks, reads, and looks again. So an operation lies somewhere between its two places:
 *
 *     write    ├──×─────┤
 *     read          ├────×──┤         may have seen it or not: the value tells
 *     write                   ├─×──┤  began after the read had ended: not this one
 *
 * Of all writes of the value that was read, one is a candidate unless it began after the read had ended, or is
 * certainly overwritten: it had ended before another write began that certainly came before the read. Those
 * are the writes that had ended before the read began, those of the reader's own past, and what its reads before
 * this one saw (a thread never sees a cell go back). Only one candidate: an edge. Several of one thread: what
 * is before the first of them. Of several threads: what is before all of them. Where something may be missing (losses, or
 * what the cell held before anything was recorded) there may be none, and so no edge, only a `maybe`.
 *
 * All but what is new is kept between two updates: a read is judged by operations that began before it ended, so
 * those that ended before the first new operation began stand.
 */
export class AtomicEdges {
  readonly edges = new EdgeStore();
  readonly #floors = new Map<AtomicColumn, number[]>();
  #groups: readonly CellGroup[] = [];
  readonly #groupOf = new Map<AtomicColumn, CellGroup>();
  #columnChanges = 0;
  #version = '';

  update(store: AtomicStore, blocks: CellBlocks): void {
    let from = store.takeChanges();
    if (store.size === 0) return;
    if (store.columnChanges !== this.#columnChanges || blocks.version !== this.#version) {
      this.#columnChanges = store.columnChanges;
      this.#version = blocks.version;
      if (this.#regroup(groupCells(store, blocks))) from = 0;
    }
    if (from === Number.POSITIVE_INFINITY) return;
    // Whatever was not over when the first of the new operations began is judged anew, and so is
    // what those reads might be acquired as.
    let first = from;
    const threads = new Set<ThreadId>();
    for (const column of store.allColumns()) {
      threads.add(column.thread);
      const index = column.firstEndingFrom(from);
      if (index < column.length) first = Math.min(first, column.before(index));
    }
    for (const thread of threads) this.edges.truncate(thread, first);
    for (const group of this.#groups) {
      const initial = initialOf(group);
      for (const reader of group.columns) this.#derive(reader, group, initial, store, first);
    }
  }

  /** Whether columns that have been judged turned out to be of one cell, or to be written unseen. */
  #regroup(groups: readonly CellGroup[]): boolean {
    let changed = false;
    for (const group of groups) {
      let known: CellGroup | undefined;
      for (const column of group.columns) {
        const before = this.#groupOf.get(column);
        if (before === undefined) continue;
        known ??= before;
        if (before !== known || before.opaque !== group.opaque) changed = true;
      }
    }
    this.#groups = groups;
    for (const group of groups) {
      for (const column of group.columns) this.#groupOf.set(column, group);
    }
    return changed;
  }

  #derive(
    reader: AtomicColumn,
    group: CellGroup,
    initial: number | undefined,
    store: AtomicStore,
    first: number,
  ): void {
    if (!reader.acquires) return;
    const start = reader.firstEndingFrom(first - 1);
    if (start >= reader.length) return;
    if (group.opaque) {
      for (let i = start; i < reader.length; i++) {
        if (soughtBy(reader.code(i)) !== undefined) this.#acquireUnseen(reader, i, first);
      }
      return;
    }
    let floors = this.#floors.get(reader);
    if (floors === undefined) {
      floors = [];
      this.#floors.set(reader, floors);
    }
    const checkpoint = Math.min(Math.floor(start / CHECKPOINT), Math.max(floors.length - 1, 0));
    let floor = floors[checkpoint] ?? NONE;
    const { firstRead } = reader;
    const seen = new Candidates();
    const writers = group.columns.filter(({ writeCount }) => writeCount > 0);
    const passed = writers.map(() => -1);
    for (let i = checkpoint * CHECKPOINT; i < reader.length; i++) {
      if (i % CHECKPOINT === 0) floors[i / CHECKPOINT] = floor;
      const code = reader.code(i);
      if (code === WAIT_OK || code === ASYNC_WAIT_OK) {
        this.#deriveWoken(reader, i, group, store.losses, first);
      }
      const sought = soughtBy(code);
      if (sought === undefined) continue;
      const begin = beginOf(reader, i);
      const end = reader.after(i);
      // How much had been written before this read for certain, and where the last of it began.
      let bound = floor;
      for (let w = 0; w < writers.length; w++) {
        const column = writers[w] as AtomicColumn;
        const own = column.thread === reader.thread;
        let next = passed[w] as number;
        if (next < 0) {
          next = own ? column.writesBegunBefore(reader.before(i)) : column.writesOverBefore(begin);
        } else {
          while (
            next < column.writeCount &&
            (own
              ? column.before(column.write(next)) < reader.before(i)
              : column.after(column.write(next)) < begin)
          ) {
            next++;
          }
        }
        passed[w] = next;
        if (next > 0) bound = Math.max(bound, column.before(column.write(next - 1)));
      }
      seen.clear();
      const value = group.mask & reader.read(i);
      for (let w = 0; w < writers.length; w++) {
        const column = writers[w] as AtomicColumn;
        const next = passed[w] as number;
        const own = column.thread === reader.thread;
        const last = next > 0 ? column.write(next - 1) : -1;
        if (last >= 0 && column.after(last) > bound) {
          const same = (column.written(last) & group.mask) === value;
          if (sought === 'any' || same === (sought === 'same')) {
            // A run that was over before the read began is seen as it ended, and so is all before its end.
            const tick = endOf(column, last);
            if (own) seen.own(column.before(last));
            else seen.add(column.thread, column.before(last), tick, tick);
          }
        }
        if (own) continue;
        for (let nth = next; nth < column.writeCount; nth++) {
          const at = column.write(nth);
          const tick = column.before(at);
          if (tick >= end) break;
          if (column.after(at) <= bound) continue;
          const same = (column.written(at) & group.mask) === value;
          const wild = sought === 'any' || isRun(column, at);
          if (wild || same === (sought === 'same')) {
            seen.add(column.thread, tick, tick, endOf(column, at));
          }
        }
      }
      if (mayAcquireFrom(reader, i) >= first) {
        seen.emitMaybe(this.edges, 'atomic', reader, mayAcquireFrom(reader, i));
      }
      if (sought === 'any') continue;
      // A thread never sees a cell go back: what it has read first is all that it can see of what was there before.
      const there = initial ?? (i < firstRead ? undefined : group.mask & reader.read(firstRead));
      const initially = there === undefined || (there === value) === (sought === 'same');
      if (bound === NONE && initially) seen.orNone();
      seen.addLosses(store.losses, reader.thread, bound, end);
      floor = Math.max(floor, seen.lowest);
      if (acquireOf(reader, i) < first) continue;
      if (seen.isEmpty) this.#acquireUnseen(reader, i, first);
      else seen.emit(this.edges, 'atomic', reader, acquireOf(reader, i));
    }
  }

  /** A value that nobody was seen to write: somebody else did. */
  #acquireUnseen(reader: AtomicColumn, index: number, first: number): void {
    const tick = acquireOf(reader, index);
    if (tick >= first) this.edges.pendForGood({ thread: reader.thread, tick });
  }

  /** Any notification that woke somebody while this thread may have slept. */
  #deriveWoken(
    reader: AtomicColumn,
    index: number,
    group: CellGroup,
    losses: readonly AtomicLoss[],
    first: number,
  ): void {
    const tick = reader.after(index) + 1;
    if (tick < first) return;
    const begin = beginOf(reader, index);
    const end = reader.after(index);
    const seen = new Candidates();
    for (const column of group.columns) {
      for (let at = column.firstEndingFrom(begin); at < column.length; at++) {
        if (column.before(at) >= end) break;
        if (column.code(at) !== ATOMIC.notify || column.written(at) === 0) continue;
        if (column.thread === reader.thread) seen.own(column.before(at));
        else seen.add(column.thread, column.before(at), column.before(at), column.before(at));
      }
    }
    seen.addLosses(losses, reader.thread, begin, end);
    if (seen.isEmpty) this.edges.pendForGood({ thread: reader.thread, tick });
    else seen.emit(this.edges, 'notify', reader, tick);
  }
}

/** Reads between two places of a column from which it may be read on. */
const CHECKPOINT = 32;
const NONE = -1;

/** The columns of all threads on one cell. */
interface CellGroup {
  readonly columns: readonly AtomicColumn[];
  readonly mask: number;
  /** Operations that are not recorded, or of several widths, may touch it. */
  readonly opaque: boolean;
}

function groupCells(store: AtomicStore, blocks: CellBlocks): readonly CellGroup[] {
  const byBlock = new Map<object, AtomicColumn[]>();
  for (const column of store.allColumns()) {
    const { thread, memory } = column.place;
    const block = memory === undefined ? undefined : blocks.blockOf(thread, memory);
    // Of a cell that nobody has placed yet nothing can be said; it is a memory of its own until then.
    const key = block ?? column.place;
    const known = byBlock.get(key);
    if (known === undefined) byBlock.set(key, [column]);
    else known.push(column);
  }
  const groups: CellGroup[] = [];
  for (const [block, columns] of byBlock) {
    columns.sort(
      (a, b) => a.place.offset - b.place.offset || a.thread - b.thread || a.cell - b.cell,
    );
    const unknown = block === columns[0]?.place;
    for (let from = 0, to = 0; from < columns.length; from = to) {
      const { offset, width } = (columns[from] as AtomicColumn).place;
      let end = offset + width;
      let even = true;
      for (to = from + 1; to < columns.length; to++) {
        const next = (columns[to] as AtomicColumn).place;
        if (next.offset >= end) break;
        if (next.offset !== offset || next.width !== width) even = false;
        end = Math.max(end, next.offset + next.width);
      }
      groups.push({
        columns: columns.slice(from, to),
        mask: width >= 4 ? -1 : (1 << (8 * width)) - 1,
        opaque: unknown || !even || blocks.isOpaque(block),
      });
    }
  }
  return groups;
}

/** What the cell held before anything recorded was written to it, where a read tells. */
function initialOf({ columns, mask }: CellGroup): number | undefined {
  let firstWrite = Number.POSITIVE_INFINITY;
  for (const column of columns) {
    if (column.firstWrite >= 0) {
      firstWrite = Math.min(firstWrite, column.before(column.firstWrite));
    }
  }
  let initial: number | undefined;
  for (const column of columns) {
    for (let i = 0; i < column.length && column.after(i) < firstWrite; i++) {
      if (!isRead(column.code(i))) continue;
      const value = column.read(i) & mask;
      if (initial !== undefined && initial !== value) return undefined;
      initial = value;
      break;
    }
  }
  return initial;
}

/** The place before which an operation cannot have read: a wait compares when it begins. */
function beginOf(column: AtomicColumn, index: number): number {
  const code = column.code(index);
  if (code === WAIT_OK || code === WAIT_TIMED_OUT) {
    return index > 0 && column.code(index - 1) === ATOMIC.waitBegin
      ? column.before(index - 1)
      : column.before(index);
  }
  if (code !== ASYNC_WAIT_OK) return column.before(index);
  // Waits of one thread on one cell end in an order that nobody tells: the first that may still have been open.
  let begin = column.before(index);
  let open = 1;
  for (let i = index - 1; i >= 0 && open > 0; i--) {
    switch (column.code(i)) {
      case ATOMIC.asyncWaitBegin:
        begin = column.before(i);
        open--;
        break;
      case ATOMIC.asyncWaitOk:
      case ATOMIC.asyncWaitTimedOut:
        open++;
        break;
    }
  }
  return begin;
}

/** From where on the reader's thread is after what it read. A write of its own number is its own place. */
function acquireOf(column: AtomicColumn, index: number): number {
  return column.code(index) === READ_MODIFY_WRITE ? column.before(index) : column.after(index) + 1;
}

/**
 * Which values a read may have seen: that which was told, or, of a wait that found another one than it waited
 * on, any but that. What a run of writes has read on its way is not told, but it may have read.
 */
function soughtBy(code: number): 'same' | 'other' | 'any' | undefined {
  if (isRead(code)) return 'same';
  if (code === WAIT_NOT_EQUAL) return 'other';
  return code === WRITES ? 'any' : undefined;
}

/** Whether it tells of several writes, of which only the last is known. */
function isRun(column: AtomicColumn, index: number): boolean {
  return column.code(index) === WRITES && column.count(index) > 1;
}

/** Up to where its thread’s past is before the last write of an entry. */
function endOf(column: AtomicColumn, index: number): number {
  return isRun(column, index) ? column.after(index) : column.before(index);
}

/**
 * From where on it may be so already: of several operations told as one, each may have been the first to see
 * something. −∞ where that is no earlier.
 */
function mayAcquireFrom(column: AtomicColumn, index: number): number {
  const code = column.code(index);
  const before = column.before(index);
  if (code === WRITES) return before;
  const several = (code === LOAD || code === LOADS) && before < column.after(index);
  return several ? before + 1 : Number.NEGATIVE_INFINITY;
}

/** What one read may have seen: of each thread the first and the last. */
class Candidates {
  #count = 0;
  /** Something that orders nothing: what was there at first, what was lost, or a write of the reader itself. */
  #none = false;
  #lowest = Number.POSITIVE_INFINITY;
  readonly #threads: ThreadId[] = [];
  readonly #first: number[] = [];
  readonly #last: number[] = [];

  get isEmpty(): boolean {
    return this.#count === 0 && !this.#none;
  }

  /** The write that was seen began there or later; `NONE` when that is not known. */
  get lowest(): number {
    return this.#lowest === Number.POSITIVE_INFINITY ? NONE : this.#lowest;
  }

  clear(): void {
    this.#none = false;
    this.#lowest = Number.POSITIVE_INFINITY;
    this.#count = 0;
  }

  orNone(): void {
    this.#none = true;
    this.#lowest = NONE;
  }

  /** A write of the reader’s own past tells it nothing new. */
  own(tick: number): void {
    this.#none = true;
    this.#lowest = Math.min(this.#lowest, tick);
  }

  /** A write that began at `began`; of its thread all up to `first` is before it, maybe up to `last`. */
  add(thread: ThreadId, began: number, first: number, last: number): void {
    this.#lowest = Math.min(this.#lowest, began);
    for (let i = 0; i < this.#count; i++) {
      if (this.#threads[i] !== thread) continue;
      this.#first[i] = Math.min(this.#first[i] as number, first);
      this.#last[i] = Math.max(this.#last[i] as number, last);
      return;
    }
    this.#threads[this.#count] = thread;
    this.#first[this.#count] = first;
    this.#last[this.#count] = last;
    this.#count++;
  }

  /** What was lost may have been a write of any value. */
  addLosses(losses: readonly AtomicLoss[], reader: ThreadId, bound: number, end: number): void {
    for (let i = losses.length - 1; i >= 0; i--) {
      const { thread, since, until } = losses[i] as AtomicLoss;
      if (until <= bound) return;
      if (since >= end) continue;
      if (thread !== reader) this.add(thread, since, since, until);
      this.orNone();
    }
  }

  emit(edges: EdgeStore, kind: 'atomic' | 'notify', reader: AtomicColumn, tick: number): void {
    if (this.#none || this.#count !== 1) this.emitMaybe(edges, kind, reader, tick);
    if (this.#none) return;
    const to = { thread: reader.thread, tick };
    const about = reader.cell;
    if (this.#count > 1) {
      const from = this.#threads
        .slice(0, this.#count)
        .map((thread, i) => ({ thread, tick: this.#first[i] as number }));
      edges.addChoice(kind, from, to, about);
      return;
    }
    const thread = this.#threads[0] as ThreadId;
    const first = this.#first[0] as number;
    const last = this.#last[0] as number;
    edges.add(kind, { thread, tick: first }, to, about);
    if (last > first) edges.addMaybe(kind, { thread, tick: last }, to, about);
  }

  emitMaybe(edges: EdgeStore, kind: 'atomic' | 'notify', reader: AtomicColumn, tick: number): void {
    const to = { thread: reader.thread, tick };
    for (let i = 0; i < this.#count; i++) {
      const thread = this.#threads[i] as ThreadId;
      edges.addMaybe(kind, { thread, tick: this.#last[i] as number }, to, reader.cell);
    }
  }
}
