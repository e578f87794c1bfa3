import type { HeapAllocator } from '../../shared/records.ts';
import type { Micros } from '../../shared/units.ts';
import { originalStack } from '../wasm/original-stack.ts';
import type { FunctionLayout } from '../wasm/wasm-tag.ts';
import type { Heap } from './heap.ts';
import type { HeapHost } from './heap-host.ts';
import { BLOCK } from './heap-map.ts';
import type { HeapSite } from './heap-sites.ts';
import type { JudgedAllocator } from './judged-allocator.ts';
import type { Rest } from './resting-blocks.ts';
import type { ToldBlocks } from './told-blocks.ts';

/** What an instrumented module imports: see `HEAP_IMPORT` and `WATCH_IMPORT` in `src/wasm`. */
export interface HeapImports {
  allocated(code: number, address: number, size: number): void;
  freeing(address: number): number;
  evicted(): number;
  reallocating(address: number, size: number): number;
  reallocated(address: number, to: number, size: number): void;
  called(index: number, argument: number, result: number): number;
}

/** All the blocks of a thread, as far as a call changes them. */
export interface CalledBlocks {
  readonly host: HeapHost;
  readonly told: ToldBlocks;
  /** The place of an allocation whose stack was taken. */
  siteOf(stack: string): HeapSite | undefined;
  /** A block was made at a site. */
  grew(site: HeapSite, at: Micros): void;
  /** A block has come or gone. */
  counted(heap: Heap, at: Micros): void;
}

/** In the order of their codes, which begin at 1. */
const ALLOCATORS = [
  'malloc',
  'calloc',
  'memalign',
  'posixMemalign',
  'realloc',
] as const satisfies readonly HeapAllocator[];

/** What the calls of one instance do to its heap. */
export class HeapCalls {
  readonly #blocks: CalledBlocks;
  readonly #heap: Heap;
  readonly #layout: FunctionLayout;
  /** What was known of the block that is being moved, and the place at which that began. */
  #moved = 0;
  #movedSeq = 0;

  constructor(blocks: CalledBlocks, heap: Heap, layout: FunctionLayout) {
    this.#blocks = blocks;
    this.#heap = heap;
    this.#layout = layout;
  }

  /** `called` hears of functions by which an allocator may be found, or, where there is none to find, of those that close fetches. */
  imports(judged: JudgedAllocator | undefined): HeapImports {
    const attempt = <T>(run: () => T, otherwise: T): T => {
      try {
        return run();
      } catch (error) {
        this.#blocks.host.fault(error);
        return otherwise;
      }
    };
    return {
      allocated: (code, address, size) =>
        attempt(
          () => this.#allocated(ALLOCATORS[code - 1] ?? 'malloc', address >>> 0, size >>> 0),
          undefined,
        ),
      freeing: (address) => attempt(() => this.#freeing(address >>> 0), address),
      evicted: () => attempt(() => this.#heap.resting?.evicted() ?? 0, 0),
      reallocating: (address, size) =>
        attempt(() => this.#reallocating(address >>> 0, size >>> 0), -1),
      reallocated: (address, to, size) =>
        attempt(() => this.#reallocated(address >>> 0, to >>> 0, size >>> 0), undefined),
      called: (index, argument, result) =>
        attempt(
          () =>
            judged
              ? this.#judged(judged, index, argument, result)
              : this.#closed(argument >>> 0, result),
          0,
        ),
    };
  }

  #allocated(by: HeapAllocator, address: number, size: number): void {
    this.#add(by, address, size);
    this.#heap.resting?.allocated(address, size);
  }

  /** Gives what the allocator is to take back instead. */
  #freeing(address: number): number {
    // Before it happens: from here on somebody else may own it.
    const heap = this.#heap;
    const was = heap.giveBack(address);
    const isLive = was > 0 && (was & BLOCK.live) !== 0;
    const { resting } = heap;
    if (!isLive) this.#misfreed(address, was);
    if (!isLive && !resting) return address;
    const rest = this.#remove(address, isLive ? was : 0, this.#blocks.host.next());
    return resting ? resting.freeing(address, rest) : address;
  }

  #reallocating(address: number, size: number): number {
    const heap = this.#heap;
    const kept = heap.resting?.keeps(address, size) ?? -1;
    // It is freed then.
    if (kept >= 0) return kept;
    this.#moved = heap.giveBack(address);
    this.#movedSeq = this.#blocks.host.next();
    if (this.#moved <= 0 || (this.#moved & BLOCK.live) === 0) {
      this.#misfreed(address, this.#moved);
      this.#moved = 0;
    }
    return kept;
  }

  #reallocated(address: number, to: number, size: number): void {
    const heap = this.#heap;
    const moved = this.#moved;
    const hasFailed = to === 0 && size !== 0;
    const isKept = to === address || hasFailed;
    if (!hasFailed) heap.resting?.moved(address, to, size);
    if (isKept && moved > 0) {
      heap.keep(address, moved);
      const block = heap.own(address, moved);
      if (block && to !== 0) {
        heap.tally.resized(block.size, size);
        block.size = size;
      }
      return;
    }
    if (moved > 0) this.#remove(address, moved, this.#movedSeq);
    if (to !== 0) this.#add('realloc', to, size);
  }

  /** Not 0: calls of that function need not be told any more. */
  #judged(judged: JudgedAllocator, index: number, argument: number, result: number): number {
    const what = judged.heard(index, argument, result);
    if (what === 'allocates') this.#allocated('malloc', result >>> 0, argument >>> 0);
    else if (what === 'frees') this.#freeing(argument >>> 0);
    return what === 'of no account' ? 1 : 0;
  }

  #closed(handle: number, result: number): number {
    this.#blocks.told.closedFetch(this.#heap, handle, result, this.#stackOf);
    return 0;
  }

  readonly #stackOf = (): string => originalStack(this.#blocks.host.stack(), this.#layout);

  #misfreed(address: number, was: number): void {
    this.#blocks.told.misfreed(this.#heap, address, was, this.#stackOf);
  }

  #add(by: HeapAllocator, address: number, size: number): void {
    const blocks = this.#blocks;
    const { host } = blocks;
    const at = host.now();
    const stack = host.maySpend(at) ? this.#stackOf() : '';
    const seq = host.next();
    const site = stack === '' ? undefined : blocks.siteOf(stack);
    this.#heap.handOut(address, {
      by,
      size,
      seq,
      at,
      stack,
      site,
      told: undefined,
      freedSeq: 0,
      freedCount: 0,
      freedAt: at,
      freedStack: '',
    });
    if (site) blocks.grew(site, at);
    blocks.counted(this.#heap, at);
  }

  /** A block that was `was` is given back, at this place in the order. */
  #remove(address: number, was: number, seq: number): Rest {
    const heap = this.#heap;
    const { host } = this.#blocks;
    const { memory, resting } = heap;
    const block = heap.own(address, was);
    const told = block?.told;
    const isStray = !block && (was & BLOCK.told) !== 0 && memory !== undefined;
    const isTold = told !== undefined || isStray;
    const isKept = block !== undefined || resting !== undefined;
    const at = host.now();
    const stack = isTold || (isKept && host.maySpend(at)) ? this.#stackOf() : '';
    if (block ? block.freedSeq === 0 : (was & BLOCK.live) !== 0) {
      heap.tally.givenBack(block?.size ?? resting?.sizeOf(address) ?? 0);
      this.#blocks.counted(heap, at);
    }
    if (block) {
      heap.freed(address, block, seq, at, stack);
      if (block.site) block.site.live--;
      if (told) host.freed(told, seq, at, stack);
    } else if (isStray) host.strayed(memory, address, seq, stack);
    return { block, isTold, seq, at, stack };
  }
}
