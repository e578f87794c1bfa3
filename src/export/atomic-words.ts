import { memoryLabel } from '../analysis/labels.ts';
import type { DocumentFacts } from '../analysis/model.ts';
import { type AtomicColumn, isRead, isWrite } from '../analysis/ordering/atomic-store.ts';
import type { Place } from '../analysis/ordering/places.ts';
import { ATOMIC } from '../shared/slots.ts';

/** What an `ATOMIC` code says, without values. */
const NAMES: { readonly [code: number]: string } = {
  [ATOMIC.load]: 'Atomics.load',
  [ATOMIC.store]: 'Atomics.store',
  [ATOMIC.readModifyWrite]: 'Atomics read-modify-write',
  [ATOMIC.failedExchange]: 'Atomics.compareExchange failed',
  [ATOMIC.waitBegin]: 'Atomics.wait began',
  [ATOMIC.waitOk]: 'Atomics.wait ended: notified',
  [ATOMIC.waitTimedOut]: 'Atomics.wait ended: timed out',
  [ATOMIC.waitNotEqual]: 'Atomics.wait did not wait: another value',
  [ATOMIC.notify]: 'Atomics.notify',
  [ATOMIC.asyncWaitBegin]: 'Atomics.waitAsync began',
  [ATOMIC.asyncWaitOk]: 'Atomics.waitAsync ended: notified',
  [ATOMIC.asyncWaitTimedOut]: 'Atomics.waitAsync ended: timed out',
  [ATOMIC.loads]: 'Atomics.load',
  [ATOMIC.writes]: 'more atomic writes',
};

export function atomicName(column: AtomicColumn, index: number): string {
  return NAMES[column.code(index)] ?? 'an atomic operation';
}

/** One entry of a column, for people: `Atomics.store: 5, at byte 16 of shared memory #1`. */
export function atomicWords(document: DocumentFacts, column: AtomicColumn, index: number): string {
  const code = column.code(index);
  const count = column.count(index);
  const times = count > 1 ? `, ${count} times` : '';
  const values = valueWords(column, index);
  const value = values === '' ? '' : `: ${values}`;
  const cell = cellLabel(document, column);
  return `${NAMES[code] ?? 'an atomic operation'}${value}${times}, at ${cell}`;
}

/** `5`, `5 → 6`; of a notification how many it woke. */
function valueWords(column: AtomicColumn, index: number): string {
  const code = column.code(index);
  if (code === ATOMIC.notify) return `woke ${column.written(index)}`;
  if (code === ATOMIC.readModifyWrite) return `${column.read(index)} → ${column.written(index)}`;
  if (isWrite(code)) return String(column.written(index));
  return isRead(code) || code === ATOMIC.waitBegin ? String(column.read(index)) : '';
}

/** `byte 16 of shared memory #1`. */
export function cellLabel(document: DocumentFacts, { place }: AtomicColumn): string {
  const { thread, memory, offset } = place;
  const block = memory === undefined ? undefined : document.memories.find(thread, memory);
  return block === undefined ? `byte ${offset}` : `byte ${offset} of ${memoryLabel(block)}`;
}

/** The place of the event: from there on its thread is after what it read; up to there its past is told by what it wrote. */
export function atomicTick(column: AtomicColumn, index: number): number {
  const code = column.code(index);
  const isReading = (isRead(code) && !isWrite(code)) || code === ATOMIC.asyncWaitOk;
  return isReading ? column.after(index) + 1 : column.before(index);
}

/** How many entries before the first from a place may still reach up to it. */
const REACH = 4;

export interface FoundAtomic {
  readonly column: AtomicColumn;
  readonly index: number;
}

/** The operation that an edge of atomics leads from, or to: one that tells something, or one that saw it. */
export function findAtomic(
  document: DocumentFacts,
  { thread, tick }: Place,
  side: 'from' | 'to',
): FoundAtomic | undefined {
  for (const column of document.atomics.columns(thread)) {
    const next = column.firstFrom(tick);
    for (let index = Math.max(0, next - REACH); index <= next && index < column.length; index++) {
      const isHere =
        side === 'from'
          ? tells(column.code(index)) &&
            (column.before(index) === tick || column.after(index) === tick)
          : atomicTick(column, index) === tick && !isBlind(column.code(index));
      if (isHere) return { column, index };
    }
  }
  return undefined;
}

function tells(code: number): boolean {
  return isWrite(code) || code === ATOMIC.notify;
}

/** It sees nothing of what others did. */
function isBlind(code: number): boolean {
  return code === ATOMIC.store || code === ATOMIC.notify;
}
