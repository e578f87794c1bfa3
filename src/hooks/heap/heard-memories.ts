import { IntrinsicWeakMap, weakMapGet, weakMapSet } from '../../base/intrinsics.ts';
import type { EndId } from '../../shared/units.ts';
import type { Memories, SharedBlock } from '../memories.ts';
import type { HeapBlocks } from './heap-blocks.ts';
import type { ShadowMemories } from './shadow-memories.ts';

/** Watches which memories of threads go to others, or come from others, whose modules are not heard. */
export class HeardMemories {
  readonly #memories: Memories;
  readonly #known = new IntrinsicWeakMap<SharedBlock, boolean>();
  /** Of what had crossed before anything was watched. */
  readonly #early: boolean;

  constructor(memories: Memories, early: boolean) {
    this.#memories = memories;
    this.#early = early;
  }

  /** Whether all who are known to hold it are heard. */
  has(memory: object): boolean {
    const block = this.#memories.of(this.#memories.bufferIn(memory));
    return !block?.hasCrossed || (weakMapGet(this.#known, block) ?? this.#early);
  }

  /** `isHeard`: whether what an end leads to runs modules in their instrumented form, and all that came by it before. */
  watch(
    heaps: HeapBlocks,
    shadows: ShadowMemories | undefined,
    isHeard: (end: EndId) => boolean,
  ): void {
    this.#memories.passing = (memory, end) => {
      const block = this.#memories.of(this.#memories.bufferIn(memory));
      if (!block || weakMapGet(this.#known, block) === false) return;
      const now = isHeard(end) && this.has(memory);
      weakMapSet(this.#known, block, now);
      if (now) return;
      heaps.expose(memory);
      shadows?.usedUnseen(memory, PASSED_ON);
    };
  }
}

const PASSED_ON =
  'Memory: a heap is handed to a thread whose allocations are not seen: nothing that is freed in it is checked from then on.';
