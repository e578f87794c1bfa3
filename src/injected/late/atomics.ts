import type { Native } from '../../base/patch.ts';
import {
  type AtomicsObserver,
  type InstallAtomics,
  type MemoryRegistry,
  observeAtomics,
} from '../../hooks/atomics.ts';
import { DURATION_UNIT_MICROS } from '../../shared/slots.ts';
import type { LateObservation } from './late-observation.ts';

const SETTLE_MS = 1000;

/** Lets what is made of an operation, such as it is now, run in its place. */
export type ReplaceAtomic = (name: string, make: (before: Native) => Native) => void;

/** Undefined, and without effect, where no memory is shared. */
export interface MainAtomics {
  readonly observer: AtomicsObserver | undefined;
  readonly replace: ReplaceAtomic;
}

/** Atomic operations of the page on memory that it shares. What came before this part of us is not told. */
export function observeMainAtomics(
  { natives, order, stubs, realm, recorder, collector }: Omit<LateObservation, 'atomics'>,
  memories: MemoryRegistry,
): MainAtomics {
  const { words } = order;
  const { atomics } = stubs;
  if (!words || !atomics) return { observer: undefined, replace: () => undefined };
  const { main } = collector;
  const runs = { __proto__: null } as unknown as { [name: string]: Native };
  const install: InstallAtomics = (name, make) =>
    atomics(name, (native) => {
      if (name === 'notify' || name === 'waitAsync') natives[name] = native;
      const run = make(native);
      runs[name] = run;
      return run;
    });
  const observer = observeAtomics(install, memories, {
    order: words,
    slots: main.writer,
    // A document's own thread may not wait.
    mayBlock: false,
    numbersLoops: true,
    time: () => (realm.now() / DURATION_UNIT_MICROS) | 0,
    record: (name, fields) => recorder.record(name, fields),
    publish: () => main.cut(),
    soon() {
      collector.stirred();
      realm.after(SETTLE_MS, () => recorder.guard(() => observer.settle()));
    },
  });
  main.settle = () => observer.settle();
  return {
    observer,
    replace: (name, make) => atomics(name, (native) => make(runs[name] ?? native)),
  };
}
