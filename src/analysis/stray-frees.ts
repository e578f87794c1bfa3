import * as LIMITS from '../shared/limits.ts';
import type { MemoryId } from '../shared/units.ts';
import type { BlockFacts, DataBlocks, Point } from './model.ts';
import { comparePoints } from './point.ts';

type Free = Point & { readonly memory: MemoryId; readonly offset: number; readonly stack: string };

/**
 * Frees by a thread that did not allocate the block, and so does not know it: it is found by the data block
 * and the place in it, once those are known to be the same.
 */
export class StrayFrees {
  readonly #byOffset = new Map<number, BlockFacts[]>();
  #open: Free[] = [];
  #allocated = 0;
  /** Allocations, frees and joins of memories when everything open was last gone through. */
  #seen = '';

  allocated(block: BlockFacts): void {
    this.#allocated++;
    const known = this.#byOffset.get(block.offset);
    if (known === undefined) this.#byOffset.set(block.offset, [block]);
    else known.push(block);
  }

  freed(free: Free): void {
    if (this.#open.length < LIMITS.eventsPerNode) this.#open.push(free);
  }

  settle(memories: DataBlocks): void {
    if (this.#open.length === 0) return;
    const seen = `${this.#allocated} ${this.#open.length} ${memories.joins}`;
    if (seen === this.#seen) return;
    this.#open = this.#open.filter((free) => !this.#match(free, memories));
    this.#seen = `${this.#allocated} ${this.#open.length} ${memories.joins}`;
  }

  /** The live block that was allocated there last. */
  #match({ memory, offset, ...free }: Free, memories: DataBlocks): boolean {
    const where = memories.find(free.thread, memory);
    if (where === undefined) return false;
    let last: BlockFacts | undefined;
    for (const block of this.#byOffset.get(offset) ?? []) {
      const { allocated, freed } = block;
      if (freed !== undefined || comparePoints(allocated, free) > 0) continue;
      if (memories.find(allocated.thread, block.memory as MemoryId) !== where) continue;
      if (last === undefined || comparePoints(last.allocated, allocated) < 0) last = block;
    }
    if (last === undefined) return false;
    last.freed = free;
    return true;
  }
}
