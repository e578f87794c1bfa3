import { IntrinsicWeakMap, weakMapGet, weakMapSet } from '../base/intrinsics.ts';
import type { MemoryId } from '../shared/units.ts';
import type { Memories } from './memories.ts';

/**
 * Gives numbers to whatever the page calls memory, also to what no other thread can hold: a buffer, a view of one, a
 * `WebAssembly.Memory`. `own` holds those of what no other thread can hold, by their buffer.
 */
export function numberMemories(
  memories: Memories,
  own = new IntrinsicWeakMap<object, MemoryId>(),
): (named: object) => MemoryId {
  return (named) => {
    const buffer = memories.bufferIn(named);
    const block = memories.of(buffer);
    if (block) return memories.idOf(block, buffer);
    const known = weakMapGet(own, buffer);
    if (known !== undefined) return known;
    const id = memories.nextId();
    weakMapSet(own, buffer, id);
    return id;
  };
}
