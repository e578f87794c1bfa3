import { ATOMIC } from '../../shared/slots.ts';
import type { ThreadId } from '../../shared/units.ts';
import type { Call } from '../model.ts';
import { type AtomicColumn, type AtomicStore, isRead, isWrite } from './atomic-store.ts';

/** A cell that a call held: its first atomic operation took it, its last let go of it. */
export interface Held {
  readonly column: AtomicColumn;
  /** Where it let go: what the call did under the lock is before that. */
  readonly letGo: number;
  /** Taken by an exchange, so that only one thread at a time can have it. */
  readonly exclusive: boolean;
}

interface Told {
  readonly column: AtomicColumn;
  readonly index: number;
}

/** What a call held from its first atomic operation to its last. Looks that failed to take it come before. */
export function heldBy(atomics: AtomicStore, thread: ThreadId, call: Call): Held | undefined {
  let taken: Told | undefined;
  let letGo: Told | undefined;
  for (const column of atomics.columns(thread)) {
    const from = column.firstFrom(call.enter + 1);
    for (let i = from; i < column.length && column.before(i) <= call.exit; i++) {
      if (!isWrite(column.code(i))) continue;
      const before = column.before(i);
      if (taken === undefined || before < taken.column.before(taken.index)) {
        taken = { column, index: i };
      }
      if (letGo === undefined || before > letGo.column.before(letGo.index)) {
        letGo = { column, index: i };
      }
    }
  }
  if (taken === undefined || letGo === undefined || taken.column !== letGo.column) return undefined;
  if (taken.index === letGo.index) return undefined;
  const { column } = taken;
  const from = column.before(taken.index);
  const to = column.before(letGo.index);
  for (const other of atomics.columns(thread)) {
    if (other === column) continue;
    for (let i = other.firstFrom(call.enter + 1); i < other.length; i++) {
      const before = other.before(i);
      if (before > call.exit) break;
      if (before < from || before > to) return undefined;
    }
  }
  const exclusive = column.code(taken.index) === ATOMIC.readModifyWrite;
  return { column, letGo: to, exclusive };
}

/** The last atomic write of a thread before a tick; −1 when there is none. */
export function lastWriteBefore(atomics: AtomicStore, thread: ThreadId, tick: number): number {
  let last = -1;
  for (const column of atomics.columns(thread)) {
    const nth = column.writesBegunBefore(tick) - 1;
    if (nth >= 0) last = Math.max(last, column.before(column.write(nth)));
  }
  return last;
}

/** Whether a thread ever reads a cell of this block and place. */
export function reads(
  atomics: AtomicStore,
  thread: ThreadId,
  isSame: (column: AtomicColumn) => boolean,
): boolean {
  for (const column of atomics.columns(thread)) {
    if (!isSame(column)) continue;
    for (let i = 0; i < column.length; i++) if (isRead(column.code(i))) return true;
  }
  return false;
}
