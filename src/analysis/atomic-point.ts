import type { Micros, Seq } from '../shared/units.ts';
import type { DocumentFacts, Point } from './model.ts';
import type { AtomicColumn } from './ordering/atomic-store.ts';

/** In an audio rendering thread entries carry frames. */
export function atomicTime(document: DocumentFacts, column: AtomicColumn, index: number): Micros {
  const when = column.when(index);
  const context = document.threads.get(column.thread)?.context;
  return (context === undefined ? when : (context.clock.timeOf(when) ?? 0)) as Micros;
}

/** Where an entry begins. */
export function atomicPoint(document: DocumentFacts, column: AtomicColumn, index: number): Point {
  const tick = column.before(index);
  const at = atomicTime(document, column, index);
  return { at, seq: tick as Seq, thread: column.thread, tick };
}
