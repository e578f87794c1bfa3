import { IntrinsicMap, mapDelete, mapGet, mapSet } from '../base/intrinsics.ts';
import type { BlockId, MemoryId } from './units.ts';

/**
 * The blocks that a page declared in this realm. Ids of blocks lie in a range of the realm's own, so that
 * no two realms of a document give out the same one.
 */
export class BlockLedger {
  /** Live blocks by the offset at which they start, by memory. */
  readonly #blocks = new IntrinsicMap<MemoryId, Map<number, BlockId>>();
  readonly #numberOf: (buffer: object) => MemoryId;
  readonly #first: number;
  readonly #limit: number;
  #nextBlock: number;

  /** Ids are from `first` on, `limit` of them at most. `numberOf` gives memories their number in this realm. */
  constructor(first: number, limit: number, numberOf: (buffer: object) => MemoryId) {
    this.#numberOf = numberOf;
    this.#first = first;
    this.#limit = limit;
    this.#nextBlock = first;
  }

  memoryOf(buffer: object): MemoryId {
    return this.#numberOf(buffer);
  }

  /** Numbers for a block that `free` is not to find. Undefined when there are none left. */
  number(buffer: object): { memory: MemoryId; block: BlockId } | undefined {
    if (this.#nextBlock - this.#first >= this.#limit) return undefined;
    return { memory: this.#numberOf(buffer), block: this.#nextBlock++ as BlockId };
  }

  /** Undefined when there are no ids left. */
  allocate(buffer: object, offset: number): { memory: MemoryId; block: BlockId } | undefined {
    const numbers = this.number(buffer);
    if (numbers) mapSet(this.#blocksOf(numbers.memory), offset, numbers.block);
    return numbers;
  }

  /** `block` is 0 when no live block starts there. */
  free(buffer: object, offset: number): { memory: MemoryId; block: BlockId } {
    const memory = this.#numberOf(buffer);
    const blocks = this.#blocksOf(memory);
    const block = mapGet(blocks, offset) ?? (0 as BlockId);
    mapDelete(blocks, offset);
    return { memory, block };
  }

  #blocksOf(memory: MemoryId): Map<number, BlockId> {
    const known = mapGet(this.#blocks, memory);
    if (known) return known;
    const blocks = new IntrinsicMap<number, BlockId>();
    mapSet(this.#blocks, memory, blocks);
    return blocks;
  }
}

const IDS_OF_MAIN = 750_000;
const IDS_OF_THREAD = 900;

/** The ledger of thread `thread`: the main thread's range is wide, the others' are narrow. */
export function ledgerOf(thread: number, numberOf: (buffer: object) => MemoryId): BlockLedger {
  return thread === 0
    ? new BlockLedger(1, IDS_OF_MAIN - 1, numberOf)
    : new BlockLedger(IDS_OF_MAIN + thread * IDS_OF_THREAD, IDS_OF_THREAD, numberOf);
}
