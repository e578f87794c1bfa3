import { floor } from '../base/intrinsics.ts';
import type { MemoryType } from './read-module.ts';

/**
 * The shadow says of each 8 bytes of a heap, by one byte, whether they are freed: 0 is fine, all else is not. Where the
 * engine knows several memories it lies in a second one, beside the control cells:
 *
 *     0                shadow of address 0
 *     address >> 3     shadow of an address
 *     cells            CELL.armed (4 bytes): functions with two bodies check whose turn, below `TURNS`, is less
 *
 * Who poisons a block marks only the 8 bytes that lie in it whole, so that nothing beside it is ever flagged. The memory
 * must reach as far as the heap can grow: an access within the heap then has its shadow, and one beyond traps as before.
 */
export const GRANULE_SHIFT = 3;
export const GRANULE_BYTES = 8;

export const CELL = { armed: 0, bytes: 64 } as const;

/** In so many parts the functions of a module can begin to check. */
export const TURNS = 64;

/** Of a function with that index. */
export function turnOf(index: number): number {
  return index % TURNS;
}

const PAGE_BYTES = 65_536;
/** A heap of 32-bit addresses. */
const MOST_PAGES = 65_536;

/** Where the shadow lies. */
export interface Shadow {
  /** The memory; 0 is the page's own, for engines that know but one. */
  readonly memory: 0 | 1;
  /** Where the shadow of address 0 lies. */
  readonly base: number;
  /** Where the control cells lie. */
  readonly cells: number;
}

/** The shadow of a heap in a memory of its own. */
export function shadowOf(heap: MemoryType): Shadow {
  const { maximum = MOST_PAGES } = heap;
  return { memory: 1, base: 0, cells: (maximum * PAGE_BYTES) / GRANULE_BYTES };
}

/** How many pages the memory of a shadow has; it never grows. */
export function shadowPages({ cells }: Shadow): number {
  return floor((cells + CELL.bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}
