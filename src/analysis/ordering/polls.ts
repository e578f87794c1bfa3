import type { Micros, Seq, ThreadId } from '../../shared/units.ts';
import type { Call, ContextFacts, DocumentFacts } from '../model.ts';
import type { CellPlace } from './atomic-store.ts';
import { type AtomicColumn, type CellColumns, isRead, isWrite } from './atomic-store.ts';

/** A thread read one cell again and again without pause, and found the same value each time. */
export interface Poll {
  readonly place: CellPlace;
  /** A place before its first look, or just after its first few. */
  readonly begin: number;
  /** The place before its last look. */
  readonly end: number;
  readonly from: Micros;
  readonly to: Micros;
  readonly loads: number;
  readonly value: number;
  /** The entry that found another value; −1 when none did. */
  readonly changed: number;
}

/** Looks that lie further apart than this on average are no busy loop. */
const MAX_PAUSE_MICROS = 500;
/** Polls of one cell by one thread that are looked at. */
const MAX_POLLS = 1024;

/** The busy loops of at least `leastLoads` looks by threads other than audio rendering threads. */
export function* pollsOf(document: DocumentFacts, leastLoads: number): Iterable<Poll> {
  for (const columns of document.atomics.cellColumns()) {
    const kind = document.threads.get(columns.place.thread)?.kind;
    if (kind === undefined || kind === 'audio') continue;
    yield* pollsOfCell(columns, leastLoads);
  }
}

function* pollsOfCell({ place, told, repeated }: CellColumns, leastLoads: number): Iterable<Poll> {
  if (repeated === undefined) return;
  let found = 0;
  let after = 0;
  for (const heavy of repeated.heavy) {
    if (heavy < after) continue;
    if (found === MAX_POLLS) return;
    const value = repeated.read(heavy);
    // The told entry that came after the loop.
    const next = toldAfter(told, repeated, heavy);
    const isOfLoop = (index: number) =>
      repeated.read(index) === value && toldAfter(told, repeated, index) === next;
    let i = heavy;
    while (i > after && isOfLoop(i - 1)) i--;
    const look = lookBefore(told, next, value);
    let since = look < 0 ? repeated.when(i) : told.when(look);
    let from = since;
    let begin = look < 0 ? repeated.before(i) : told.before(look);
    let loads = 0;
    let end = begin;
    let to = 0;
    let last = i;
    for (; last < repeated.length && isOfLoop(last); last++) {
      const count = repeated.count(last);
      const when = repeated.when(last);
      // What lies far apart, or is told late because the thread has turned to other things, is no loop.
      if (when - since <= count * MAX_PAUSE_MICROS) {
        if (loads === 0) {
          if (last > i) {
            from = since;
            begin = repeated.before(last);
          }
          // A number, where one was taken: what begins later is later.
          if (repeated.after(last) % 2 === 0) begin = repeated.after(last);
        }
        loads += count;
        to = when;
        end = repeated.before(last);
      }
      since = when;
    }
    if (loads >= leastLoads) {
      found++;
      const ends = next < told.length && isRead(told.code(next)) && told.read(next) !== value;
      const changed = ends ? next : -1;
      yield { place, begin, end, from: from as Micros, to: to as Micros, loads, value, changed };
    }
    after = last;
  }
}

/**
 * The first of the `told` entries that came after `index` of the repeated ones. Looks only look at the counter, so
 * the one that ended a loop may stand at the very place of the loop: then the clock tells, or what it found.
 */
function toldAfter(told: AtomicColumn, repeated: AtomicColumn, index: number): number {
  const place = repeated.before(index);
  const when = repeated.when(index);
  let next = told.firstFrom(place + 1);
  for (let i = next - 1; i >= 0 && told.before(i) === place; i--) {
    const isLater = told.when(i) > when;
    if (!isLater && (told.when(i) < when || told.read(i) === repeated.read(index))) break;
    next = i;
  }
  return next;
}

/** The look that repetitions follow; −1 when it was not told. */
function lookBefore(told: AtomicColumn, next: number, value: number): number {
  const index = next - 1;
  return index >= 0 && isRead(told.code(index)) && told.read(index) === value ? index : -1;
}

/** A call of a context in which something lies, by what happened. */
export function callAround(
  context: ContextFacts,
  tick: number,
): { readonly node: ContextFacts['nodes'][number]; readonly call: Call } | undefined {
  for (const node of context.nodes) {
    const call = node.calls.inFlightAt(tick as Seq);
    if (call !== undefined) return { node, call };
  }
  return undefined;
}

/** The writes of a cell by other threads, by thread. */
export function writersOf(document: DocumentFacts, { place }: { readonly place: CellPlace }) {
  const { atomics, memories } = document;
  const blockOf = ({ thread, memory }: CellPlace) =>
    memory === undefined ? undefined : memories.find(thread, memory);
  const block = blockOf(place);
  const writers = new Map<ThreadId, AtomicColumn[]>();
  if (block === undefined) return writers;
  for (const column of atomics.allColumns()) {
    const { place: other } = column;
    if (other.thread === place.thread || other.offset !== place.offset) continue;
    if (column.firstWrite < 0 || blockOf(other) !== block) continue;
    const known = writers.get(other.thread);
    if (known === undefined) writers.set(other.thread, [column]);
    else known.push(column);
  }
  return writers;
}

/** Where the first write between two places began that left `value`; −1 when there is none. */
export function firstWriteOf(
  column: AtomicColumn,
  value: number,
  after: number,
  before: number,
): number {
  for (let i = column.firstEndingFrom(after); i < column.length; i++) {
    if (column.before(i) >= before) break;
    if (isWrite(column.code(i)) && column.written(i) === value) return column.before(i);
  }
  return -1;
}
