import { IntrinsicWeakMap, weakMapGet, weakMapSet } from '../base/intrinsics.ts';
import type { MemoryId } from '../shared/units.ts';
import type { Memories } from './memories.ts';

/** The numbers of a thread's memories: one of these a thread, lest a memory have two. */
export interface MemoryNumbers {
  /** Of whatever the page calls memory: a buffer, a view of one, a `WebAssembly.Memory`. */
  numberOf(named: object): MemoryId;
  /** Of what no other thread can hold, by its buffer. */
  readonly numbers: WeakMap<object, MemoryId>;
}

export function numberMemories(memories: Memories): MemoryNumbers {
  const numbers = new IntrinsicWeakMap<object, MemoryId>();
  return {
    numbers,
    numberOf(named) {
      const buffer = memories.bufferIn(named);
      const block = memories.of(buffer);
      if (block) return memories.idOf(block, buffer);
      const known = weakMapGet(numbers, buffer);
      if (known !== undefined) return known;
      const id = memories.nextId();
      weakMapSet(numbers, buffer, id);
      return id;
    },
  };
}
