import {
  IntrinsicInt32Array,
  IntrinsicMap,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
} from '../../base/intrinsics.ts';
import type { HeapAllocator } from '../../shared/records.ts';
import type { BlockId, MemoryId, Micros } from '../../shared/units.ts';
import { FetchHandles } from './fetch-handles.ts';
import { BLOCK, type SharedHeap } from './heap-map.ts';
import type { HeapSite } from './heap-sites.ts';
import { HeapTally } from './heap-tally.ts';
import type { RestingBlocks } from './resting-blocks.ts';

/** A block that somebody needs to know of. */
export interface ToldBlock {
  readonly block: BlockId;
  readonly memory: MemoryId;
  readonly offset: number;
  readonly length: number;
  readonly by: HeapAllocator;
  readonly stack: string;
  readonly seq: number;
  readonly at: Micros;
}

export type FoundBlock = Pick<ToldBlock, 'block' | 'memory' | 'offset'>;

/** A block that this thread has handed out. Another one at the same address is another object: they are generations of it. */
export interface Block {
  readonly by: HeapAllocator;
  size: number;
  readonly seq: number;
  readonly at: Micros;
  readonly stack: string;
  /** Undefined where no stack was taken. */
  readonly site: HeapSite | undefined;
  told: ToldBlock | undefined;
  /** When this thread freed it, and as the how-manyth of the heap; 0: it did not. */
  freedSeq: number;
  freedCount: number;
  freedAt: Micros;
  freedStack: string;
}

/** So many freed blocks are remembered, for those that are freed again. */
const FREED_KEPT = 1024;
/** What is known of a block is forgotten. */
const FORGOTTEN = -1;

/** The heap of one memory in one thread, as far as hooked modules allocate in it. */
export class Heap {
  /** Those that live, as far as this thread has heard, and those that it freed of late. */
  readonly blocks = new IntrinsicMap<number, Block>();
  /** Undefined until it is known: it may be an export of an instance that is being made. */
  memory: object | undefined;
  /** What other threads know of it, if they may hold the memory. */
  joint: SharedHeap | undefined;
  /** Where its freed blocks rest; undefined where none do. */
  resting: RestingBlocks | undefined;
  /** Somebody whom nobody hears may use it too. */
  isExposed = false;
  /** Blocks of other threads that this one has told of. */
  readonly found = new IntrinsicMap<number, FoundBlock>();
  readonly tally = new HeapTally();
  readonly fetches = new FetchHandles();
  readonly #module: SharedHeap | undefined;
  readonly #freed = new IntrinsicInt32Array(FREED_KEPT);
  #freedCount = 0;
  #hasForgotten = false;
  #isConfused = false;

  /** `module` is what is known of the module whose allocator it is. */
  constructor(module: SharedHeap | undefined) {
    this.#module = module;
  }

  /** The memory has turned out to be one that other threads may hold. */
  share(): void {
    const { blocks } = this;
    this.joint = this.#module;
    mapForEach(blocks, ({ freedSeq }, address) => {
      if (freedSeq === 0) this.joint?.handOut(address);
    });
  }

  /** Whether a block that does not live was freed before, or, if nothing is known of it, never handed out. */
  get isReliable(): boolean {
    if (this.isExposed || this.#isConfused || !this.#module) return false;
    return this.joint ? this.joint.isReliable : this.#module.hasAll;
  }

  get isConfused(): boolean {
    return this.#isConfused || this.joint?.isConfused === true;
  }

  handOut(address: number, block: Block): void {
    const before = mapGet(this.blocks, address);
    if (before?.freedSeq === 0) {
      if (!this.joint) this.#isConfused = true;
      // Another thread gave it back; where freed blocks rest it knew the size.
      else if (!this.resting) this.tally.gone(before.size);
    }
    this.tally.handedOut(block.size);
    this.fetches.handedOut(address, block.size);
    mapSet(this.blocks, address, block);
    this.joint?.handOut(address);
  }

  /** A block is being given back; gives what was known of it, for the other functions here. */
  giveBack(address: number): number {
    if (this.joint) return this.joint.giveBack(address);
    const block = mapGet(this.blocks, address);
    if (!block) return this.#hasForgotten ? FORGOTTEN : 0;
    return block.freedSeq === 0 ? BLOCK.live | BLOCK.known : BLOCK.known;
  }

  /** It was not given back after all. */
  keep(address: number, was: number): void {
    if (was > 0) this.joint?.keep(address, was);
  }

  /** The block of this thread that `state` is of. */
  own(address: number, state: number): Block | undefined {
    const block = mapGet(this.blocks, address);
    return !this.joint || this.joint.isOwn(state) ? block : undefined;
  }

  /** This thread has given it back. */
  freed(address: number, block: Block, seq: number, at: Micros, stack: string): void {
    block.freedSeq = seq;
    block.freedCount = ++this.#freedCount;
    block.freedAt = at;
    block.freedStack = stack;
    const place = this.#freedCount % FREED_KEPT;
    const old = (this.#freed[place] as number) >>> 0;
    this.#freed[place] = address;
    // An address that was freed again since stays: a map that loses and gets the same keys all the time is slow.
    if (mapGet(this.blocks, old)?.freedCount !== this.#freedCount - FREED_KEPT) return;
    mapDelete(this.blocks, old);
    this.#hasForgotten = true;
  }

  /** Whether a living block of this thread begins there. */
  readonly startsAt = (address: number): boolean =>
    this.#lives(address, mapGet(this.blocks, address));

  /** Where the living block of this thread begins that an address lies in. */
  startOf(address: number): number | undefined {
    if (this.startsAt(address)) return address;
    let found: number | undefined;
    mapForEach(this.blocks, (block, start) => {
      const isInside = address > start && address < start + block.size;
      if (isInside && this.#lives(start, block)) found = start;
    });
    return found;
  }

  /** Visits the blocks of this thread that live, and of which it is known where they were allocated. */
  eachSited(visit: (site: HeapSite, size: number) => void): void {
    mapForEach(this.blocks, (block, address) => {
      if (block.site && this.#lives(address, block)) visit(block.site, block.size);
    });
  }

  #lives(address: number, block: Block | undefined): boolean {
    if (block?.freedSeq !== 0) return false;
    if (!this.joint) return true;
    const state = this.joint.look(address);
    return (state & BLOCK.live) !== 0 && this.joint.isOwn(state);
  }
}
