import {
  IntrinsicMap,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
  min,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Micros } from '../../shared/units.ts';
import type { Block } from './heap.ts';
import type { Quarantine } from './quarantine.ts';

/** What a thread knows of a block that it has freed. */
export interface Rest {
  /** Undefined where another thread has handed it out. */
  readonly block: Block | undefined;
  /** Whether that it was freed is told. */
  isTold: boolean;
  readonly seq: number;
  readonly at: Micros;
  /** Empty where there was no budget for one. */
  readonly stack: string;
}

/** The quarantine of a heap as one thread sees it, and what that thread knows of the blocks that it has sent there. */
export class RestingBlocks {
  readonly quarantine: Quarantine;
  readonly #freed = new IntrinsicMap<number, Rest>();

  constructor(quarantine: Quarantine) {
    this.quarantine = quarantine;
  }

  allocated(address: number, size: number): void {
    this.quarantine.allocated(address, size);
  }

  /** Gives the block that the allocator is to get instead; 0 for none. */
  freeing(address: number, rest: Rest): number {
    if (this.quarantine.rests(address)) return 0;
    if (!this.quarantine.freeing(address, rest.seq)) return address;
    if (mapSize(this.#freed) >= 2 * LIMITS.quarantineBlocks) this.#prune();
    mapSet(this.#freed, address, rest);
    return this.quarantine.evicted();
  }

  /** The size of a block that lives; 0 where it is not known. */
  sizeOf(address: number): number {
    return this.quarantine.sizeOf(address);
  }

  evicted(): number {
    return this.quarantine.evicted();
  }

  /**
   * How many bytes of a block go into a new one, since its own is to rest; −1 where the allocator may change its size
   * itself.
   */
  keeps(address: number, size: number): number {
    const known = this.quarantine.isStopped ? 0 : this.quarantine.sizeOf(address);
    return known === 0 || size === 0 ? -1 : min(known, size);
  }

  /** The allocator has changed the size of a block, or made another of it. */
  moved(address: number, to: number, size: number): void {
    this.quarantine.forget(address);
    if (to !== 0) this.quarantine.allocated(to, size);
  }

  /** The block that begins there and that this thread has freed at that place in the order. */
  at(address: number, place: number): Rest | undefined {
    const rest = mapGet(this.#freed, address);
    return rest && (rest.seq | 0) === (place | 0) ? rest : undefined;
  }

  #prune(): void {
    mapForEach(this.#freed, (_rest, address) => {
      if (!this.quarantine.rests(address)) mapDelete(this.#freed, address);
    });
  }
}
