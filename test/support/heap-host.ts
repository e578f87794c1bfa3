import type { HeapHost } from '../../src/hooks/heap/heap-host.ts';
import type { BlockId, MemoryId, Micros } from '../../src/shared/units.ts';

/** A thread that is heard, whose memories are shared, and that lets nothing be told, but for what is `given`. */
export function heapHost(given: Partial<HeapHost>): HeapHost {
  let place = 0;
  let block = 0;
  const nothing = (): undefined => undefined;
  return {
    map: undefined,
    next: () => (place += 2),
    now: () => place as Micros,
    stack: () => '',
    maySpend: () => true,
    number: () => ({ memory: 1 as MemoryId, block: ++block as BlockId }),
    isShared: () => true,
    isSharable: () => true,
    isHeard: () => true,
    told: nothing,
    found: nothing,
    freed: nothing,
    strayed: nothing,
    grew: nothing,
    counted: nothing,
    misfreed: nothing,
    bytesIn: nothing,
    fetchEnded: nothing,
    fetchRefused: nothing,
    uncovered: nothing,
    fault(error) {
      throw error;
    },
    ...given,
  };
}
