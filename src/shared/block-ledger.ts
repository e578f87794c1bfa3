import {
  IntrinsicMap,
  IntrinsicWeakMap,
  mapDelete,
  mapGet,
  mapSet,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import type { BlockId } from './units.ts';

interface Memory {
  readonly id: number;
  /** Live blocks by the offset at which they start. */
  readonly blocks: Map<number, BlockId>;
}

/**
 * The blocks that a page declared in this realm. Ids of blocks and memories lie in a range of the
 * realm's own, so that no two realms of a document give out the same one.
 */
export class BlockLedger {
  readonly #memories = new IntrinsicWeakMap<object, Memory>();
  readonly #first: number;
  readonly #limit: number;
  #nextMemory: number;
  #nextBlock: number;

  /** Ids are from `first` on, `limit` of them at most. */
  constructor(first: number, limit: number) {
    this.#first = first;
    this.#limit = limit;
    this.#nextMemory = first;
    this.#nextBlock = first;
  }

  /** Undefined when there are no ids left. */
  allocate(buffer: object, offset: number): { memory: number; block: BlockId } | undefined {
    if (this.#nextBlock - this.#first >= this.#limit) return undefined;
    const memory = this.#memoryOf(buffer);
    const block = this.#nextBlock++ as BlockId;
    mapSet(memory.blocks, offset, block);
    return { memory: memory.id, block };
  }

  /** `block` is 0 when no live block starts there. */
  free(buffer: object, offset: number): { memory: number; block: BlockId } {
    const memory = this.#memoryOf(buffer);
    const block = mapGet(memory.blocks, offset) ?? (0 as BlockId);
    mapDelete(memory.blocks, offset);
    return { memory: memory.id, block };
  }

  #memoryOf(buffer: object): Memory {
    const known = weakMapGet(this.#memories, buffer);
    if (known) return known;
    const memory = { id: this.#nextMemory++, blocks: new IntrinsicMap<number, BlockId>() };
    weakMapSet(this.#memories, buffer, memory);
    return memory;
  }
}

const IDS_OF_MAIN = 750_000;
const IDS_OF_THREAD = 900;

/** The ledger of thread `thread`: the main thread's range is wide, the others' are narrow. */
export function ledgerOf(thread: number): BlockLedger {
  return thread === 0
    ? new BlockLedger(1, IDS_OF_MAIN - 1)
    : new BlockLedger(IDS_OF_MAIN + thread * IDS_OF_THREAD, IDS_OF_THREAD);
}
