import { type MemoryRegistry, observeAtomics } from '../../hooks/atomics.ts';
import { DURATION_UNIT_MICROS } from '../../shared/slots.ts';
import type { LateObservation } from './late-observation.ts';

const SETTLE_MS = 1000;

/** Atomic operations of the page on memory that it shares. What came before this part of us is not told. */
export function observeMainAtomics(
  { order, stubs, realm, recorder, collector }: LateObservation,
  memories: MemoryRegistry,
): void {
  const { words } = order;
  if (!words || !stubs.atomics) return;
  const { main } = collector;
  const observer = observeAtomics(stubs.atomics, memories, {
    order: words,
    slots: main.writer,
    // A document's own thread may not wait.
    mayBlock: false,
    time: () => (realm.now() / DURATION_UNIT_MICROS) | 0,
    record: (name, fields) => recorder.record(name, fields),
    publish: () => main.cut(),
    soon() {
      collector.stirred();
      realm.after(SETTLE_MS, () => recorder.guard(() => observer.settle()));
    },
  });
  main.settle = () => observer.settle();
}
