import type { DataBlockFacts, DocumentFacts } from '../analysis/model.ts';
import { type AtomicColumn, isRead } from '../analysis/ordering/atomic-store.ts';
import { ATOMIC } from '../shared/slots.ts';
import type { Micros } from '../shared/units.ts';

/** One entry of a column, for people: `Atomics.store 5 at byte 16 of SharedArrayBuffer #1`. */
export function atomicWords(document: DocumentFacts, column: AtomicColumn, index: number): string {
  return `${atomicName(column, index)} at ${cellLabel(document, column)}`;
}

/** What was done, and with which value. */
export function atomicName(column: AtomicColumn, index: number): string {
  const read = column.read(index);
  const written = column.written(index);
  const count = column.count(index);
  switch (column.code(index)) {
    case ATOMIC.load:
      return count > 1 ? `Atomics.load ${count} times: ${read}` : `Atomics.load: ${read}`;
    case ATOMIC.loads:
      return `Atomics.load ${count} times more: ${read}`;
    case ATOMIC.store:
      return `Atomics.store ${written}`;
    case ATOMIC.readModifyWrite:
      return `Atomics exchange ${read} → ${written}`;
    case ATOMIC.writes:
      return `${count} more atomic writes, the last ${written}`;
    case ATOMIC.failedExchange:
      return `Atomics.compareExchange failed: ${read}`;
    case ATOMIC.waitBegin:
      return `Atomics.wait on ${read} began`;
    case ATOMIC.waitOk:
      return 'Atomics.wait ended: notified';
    case ATOMIC.waitTimedOut:
      return 'Atomics.wait ended: timed out';
    case ATOMIC.waitNotEqual:
      return 'Atomics.wait did not wait: another value';
    case ATOMIC.notify:
      return `Atomics.notify woke ${written}`;
    case ATOMIC.asyncWaitBegin:
      return `Atomics.waitAsync on ${read} began`;
    case ATOMIC.asyncWaitOk:
      return 'Atomics.waitAsync ended: notified';
    case ATOMIC.asyncWaitTimedOut:
      return 'Atomics.waitAsync ended: timed out';
    default:
      return 'an atomic operation';
  }
}

function cellLabel(document: DocumentFacts, { place }: AtomicColumn): string {
  const { thread, memory, offset } = place;
  const block = memory === undefined ? undefined : document.memories.find(thread, memory);
  return block === undefined ? `byte ${offset}` : `byte ${offset} of ${blockLabel(block)}`;
}

/** `SharedArrayBuffer #1`, by the number of the first thread that knows it. */
function blockLabel({ kind, locals }: DataBlockFacts): string {
  const [first] = locals;
  const number =
    first === undefined
      ? '?'
      : first.thread === 0
        ? String(first.memory)
        : `${first.thread}.${first.memory}`;
  return `${kind === 'wasm' ? 'WebAssembly memory' : 'SharedArrayBuffer'} #${number}`;
}

/** In an audio rendering thread entries carry frames. */
export function atomicTime(document: DocumentFacts, column: AtomicColumn, index: number): Micros {
  const when = column.when(index);
  const context = document.threads.get(column.thread)?.context;
  return (context === undefined ? when : (context.clock.timeOf(when) ?? 0)) as Micros;
}

/** From this place on its thread is after what it read; what it wrote is before all that follow the place of who saw it. */
export function atomicTick(column: AtomicColumn, index: number): number {
  const code = column.code(index);
  const reads = (isRead(code) && code !== ATOMIC.readModifyWrite) || code === ATOMIC.asyncWaitOk;
  return reads ? column.after(index) + 1 : column.before(index);
}
