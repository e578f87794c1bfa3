import { ATOMIC } from '../shared/slots.ts';
import type { ThreadId } from '../shared/units.ts';
import { atomicPoint } from './atomic-point.ts';
import { isHome, isUnloading } from './lost-messages.ts';
import type { DataBlockFacts, DocumentFacts, Point, WorkerFacts } from './model.ts';
import type { AtomicColumn, CellPlace } from './ordering/atomic-store.ts';
import { isOpaque } from './ordering/document-ordering.ts';
import { comparePoints } from './point.ts';

/**
 * A mail box in shared memory that was notified, and that its thread, which has ended, did not look into any more.
 *
 * Emscripten's pthreads have such boxes. Each awaits notifications at its own address, which is also what lies there:
 * that tells a box from semaphores and rings, whose users may end as they please.
 */
export interface UnreadMail {
  readonly worker: WorkerFacts;
  readonly block: DataBlockFacts;
  readonly offset: number;
  readonly awaited: Point;
  /** `terminate()`, or its own `close()`. */
  readonly ended: Point;
  readonly senders: readonly ThreadId[];
  /** The first few notifications, and the last. */
  readonly notified: readonly Point[];
  /** How many came before the end, and after it. */
  readonly early: number;
  readonly late: number;
}

/** Notifications that are named one by one. */
const MAX_NOTIFIED = 8;

/** Cheap where no worker has ended. Without isolation atomic operations have no order. */
export function* unreadMail(document: DocumentFacts): Iterable<UnreadMail> {
  if (!document.isolated) return;
  for (const worker of document.workers.values()) {
    const { thread } = worker;
    const ended = endOf(worker);
    if (thread === undefined || ended === undefined || isUnloading(document, ended)) continue;
    for (const column of document.atomics.columns(thread.id)) {
      if (!awaitsItsAddress(column)) continue;
      const mail = unreadIn(document, worker, ended, column);
      if (mail !== undefined) yield mail;
    }
  }
}

function endOf({ ended, scope: { closing } }: WorkerFacts): Point | undefined {
  if (ended === undefined || closing === undefined) return ended ?? closing;
  return comparePoints(closing, ended) < 0 ? closing : ended;
}

/** Whether the last that its thread did to the cell was to await its own address there. */
function awaitsItsAddress(column: AtomicColumn): boolean {
  const { offset } = column.place;
  const last = column.length - 1;
  if (last < 0 || column.code(last) !== ATOMIC.asyncWaitBegin) return false;
  return offset !== 0 && column.read(last) === (offset | 0);
}

function unreadIn(
  document: DocumentFacts,
  worker: WorkerFacts,
  ended: Point,
  column: AtomicColumn,
): UnreadMail | undefined {
  const { thread, offset } = column.place;
  const block = blockOf(document, column.place);
  if (block === undefined || isOpaque(document, block)) return undefined;
  const awaited = atomicPoint(document, column, column.length - 1);
  if (mayHaveLost(document, awaited)) return undefined;
  const others = document.atomics
    .allColumns()
    .filter(
      ({ place }) =>
        place.offset === offset && place.thread !== thread && blockOf(document, place) === block,
    );
  const from = lastWorked(document, thread, block) + 1;
  const until = Math.min(...others.map((each) => firstOtherUse(each, awaited.tick)));
  const senders: ThreadId[] = [];
  const notified: Point[] = [];
  let early = 0;
  let late = 0;
  for (const each of others) {
    const first = each.firstFrom(from);
    const behind = each.firstFrom(until);
    if (first >= behind || isHome(document, each.thread, thread)) continue;
    senders.push(each.thread);
    for (let i = first; i < behind; i++) {
      if (each.before(i) < ended.tick) early += each.count(i);
      else late += each.count(i);
      if (i - first < MAX_NOTIFIED || i === behind - 1)
        notified.push(atomicPoint(document, each, i));
    }
  }
  if (notified.length === 0) return undefined;
  senders.sort((a, b) => a - b);
  notified.sort(comparePoints);
  notified.splice(MAX_NOTIFIED, notified.length - MAX_NOTIFIED - 1);
  return { worker, block, offset, awaited, ended, senders, notified, early, late };
}

function blockOf(
  document: DocumentFacts,
  { thread, memory }: CellPlace,
): DataBlockFacts | undefined {
  return memory === undefined ? undefined : document.memories.find(thread, memory);
}

/**
 * A place behind all that a thread did in a block: whatever was put into its box before that, it may have found. Loads that
 * repeat others (`loads`) found nothing new; a cell whose place was never heard of may lie in the block.
 */
function lastWorked(document: DocumentFacts, thread: ThreadId, block: DataBlockFacts): number {
  let last = 0;
  for (const column of document.atomics.columns(thread)) {
    const { length, place } = column;
    if (length === 0 || column.code(length - 1) === ATOMIC.loads) continue;
    const known = blockOf(document, place);
    if (known === undefined || known === block) last = Math.max(last, column.after(length - 1));
  }
  return last;
}

/** Where a thread did something else to the cell than to notify it: from there on it may be another’s. */
function firstOtherUse(column: AtomicColumn, since: number): number {
  for (let i = column.firstEndingFrom(since); i < column.length; i++) {
    if (column.code(i) !== ATOMIC.notify) return column.before(i);
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * Whether anything is missing since, by which the thread could have been woken, or the cell another's. What a terminated
 * worker could not say any more (`thread-ended`) are records: its operations lie in a ring that outlives it.
 */
function mayHaveLost({ incomplete, losses, atomics }: DocumentFacts, since: Point): boolean {
  return (
    incomplete ||
    losses.some(({ at, why }) => why !== 'thread-ended' && at >= since.at) ||
    atomics.losses.some(({ until }) => until >= since.tick)
  );
}
