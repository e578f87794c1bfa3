import * as LIMITS from '../shared/limits.ts';
import type { MemoryId } from '../shared/units.ts';
import type { BlockFacts, DataBlockFacts, DataBlocks, MisfreeFacts, Point } from './model.ts';
import { comparePoints } from './point.ts';

type Free = Point & {
  readonly memory: MemoryId;
  readonly offset: number;
  readonly stack: string;
  /** By the annotation API. Such a one that no block was found for freed what was none. */
  readonly isDeclared: boolean;
};

/**
 * Frees by a thread that did not allocate the block, and so does not know it: it is found by the data block
 * and the place in it, once those are known to be the same.
 */
export class StrayFrees {
  readonly #byOffset = new Map<number, BlockFacts[]>();
  #open: Free[] = [];
  /** Each block as it was allocated, and again whenever what is known of it has changed. */
  readonly changes: BlockFacts[] = [];
  readonly #misfrees: MisfreeFacts[] = [];
  #allocated = 0;
  /** Allocations, frees and joins of memories when everything open was last gone through. */
  #seen = '';

  allocated(block: BlockFacts): void {
    this.#allocated++;
    this.changes.push(block);
    const known = this.#byOffset.get(block.offset);
    if (known === undefined) this.#byOffset.set(block.offset, [block]);
    else known.push(block);
  }

  freed(free: Free): void {
    if (this.#open.length < LIMITS.eventsPerNode) this.#open.push(free);
  }

  /** A free that is known to have been of no block. */
  misfreed(misfree: MisfreeFacts): void {
    if (this.#misfrees.length < LIMITS.eventsPerNode) this.#misfrees.push(misfree);
  }

  /** Whether a module freed something of which nobody can say whether it was a block. */
  isUnsure(memories: DataBlocks): boolean {
    return this.#misfrees.some(
      ({ isDeclared, thread, memory }) =>
        !isDeclared && memories.find(thread, memory)?.hasLeft === true,
    );
  }

  *misfrees(memories: DataBlocks): Iterable<MisfreeFacts> {
    for (const each of this.#misfrees) {
      const block =
        each.block ?? (each.what === 'double' ? this.#last(each, memories, true) : undefined);
      yield { ...each, block };
    }
    for (const free of this.#open) {
      if (!free.isDeclared) continue;
      const block = this.#last(free, memories, true);
      if (block === undefined && this.#mayBeOfOther(free)) continue;
      yield { ...free, what: block === undefined ? 'invalid' : 'double', block };
    }
  }

  /** A block was freed. Of two frees by threads that did not know of each other the later one is wrong. */
  ended(block: BlockFacts, free: Free): void {
    const { at, seq, thread, tick, stack } = free;
    const own = { at, seq, thread, tick, stack };
    const other = block.freed;
    const isFirst = other === undefined || comparePoints(own, other) < 0;
    if (isFirst) {
      block.freed = own;
      this.changes.push(block);
    }
    if (other === undefined) return;
    const { memory, offset, isDeclared } = free;
    const place = { memory, offset, isDeclared, what: 'double' as const, block };
    this.misfreed({ ...(isFirst ? other : own), ...place });
  }

  settle(memories: DataBlocks): void {
    if (this.#open.length === 0) return;
    const seen = `${this.#allocated} ${this.#open.length} ${memories.joins}`;
    if (seen === this.#seen) return;
    this.#open = this.#open.filter((free) => !this.#match(free, memories));
    this.#seen = `${this.#allocated} ${this.#open.length} ${memories.joins}`;
  }

  /** Whether it may yet turn out to be of a block that another thread declared. */
  #mayBeOfOther({ thread, offset }: Free): boolean {
    return (
      this.#byOffset.get(offset)?.some(({ allocated }) => allocated.thread !== thread) === true
    );
  }

  /** The live block that was allocated there last. */
  #match(free: Free, memories: DataBlocks): boolean {
    const last = this.#last(free, memories, false);
    if (last === undefined) return false;
    this.ended(last, free);
    return true;
  }

  /** The block that was allocated there last, of those that were freed by then, or of those that lived. */
  #last(
    free: Point & { readonly memory: MemoryId; readonly offset: number },
    memories: DataBlocks,
    isFreed: boolean,
  ): BlockFacts | undefined {
    const where = memories.find(free.thread, free.memory);
    let last: BlockFacts | undefined;
    for (const block of this.#byOffset.get(free.offset) ?? []) {
      const { allocated, freed } = block;
      if (comparePoints(allocated, free) > 0) continue;
      const wasFreed = freed !== undefined && comparePoints(freed, free) <= 0;
      if (wasFreed !== isFreed) continue;
      if (!isSame(block, free, memories, where)) continue;
      if (last === undefined || comparePoints(last.allocated, allocated) < 0) last = block;
    }
    return last;
  }
}

/** Whether a block lies in the memory that a free is of: by its number in one thread, or as threads are known to share it. */
function isSame(
  { allocated, memory }: BlockFacts,
  free: Point & { readonly memory: MemoryId },
  memories: DataBlocks,
  where: DataBlockFacts | undefined,
): boolean {
  if (allocated.thread === free.thread && memory === free.memory) return true;
  return where !== undefined && memories.find(allocated.thread, memory as MemoryId) === where;
}
