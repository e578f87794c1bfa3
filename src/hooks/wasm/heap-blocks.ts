import {
  deref,
  IntrinsicMap,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  weakMapGet,
  weakMapSet,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { HeapAllocator, Misfree } from '../../shared/records.ts';
import type { BlockId, MemoryId, Micros } from '../../shared/units.ts';
import { type Block, type FoundBlock, Heap, type ToldBlock } from './heap.ts';
import { BLOCK, type HeapMap } from './heap-map.ts';
import { type HeapSite, HeapSites } from './heap-sites.ts';
import { moduleKey } from './module-key.ts';
import { originalStack } from './original-stack.ts';
import type { Rest } from './resting-blocks.ts';
import type { FunctionLayout, Rewrite } from './wasm-tag.ts';

/** What the blocks of heaps need of the thread that they are in. */
export interface HeapHost {
  /** What all threads know of blocks. */
  readonly map: HeapMap | undefined;
  /** The next place in the order of all records. */
  next(): number;
  now(): Micros;
  /** The stack of the call that is being heard; empty where none is taken. */
  stack(): string;
  /** Whether there is a budget for one more stack that may never be shown. */
  maySpend(): boolean;
  /** Numbers for a new block, and for the memory that it lies in; undefined when there are none left. */
  number(memory: object): { readonly memory: MemoryId; readonly block: BlockId } | undefined;
  /** Whether other threads hold the memory, and whether they can. */
  isShared(memory: object): boolean;
  isSharable(memory: object): boolean;
  /** Whether all other threads that hold the memory are heard too, as far as this one knows. */
  isHeard(memory: object): boolean;
  told(block: ToldBlock): void;
  /** Told of too, but handed out by another thread, which has said nothing of it. */
  found(block: FoundBlock): void;
  freed(block: ToldBlock, seq: number, at: Micros, stack: string): void;
  /** What starts there, and another thread has handed out, was freed. */
  strayed(memory: object, offset: number, seq: number, stack: string, at?: Micros): void;
  /** The blocks of a site are more, or fewer, than when it was last told. */
  grew(site: HeapSite): void;
  /** What is counted of a heap; soon after the last change of it. */
  counted(memory: object, heap: Heap): void;
  misfreed(misfree: Misfreed, seq: number, stack: string): void;
  uncovered(why: string): void;
  fault(error: unknown): void;
}

/** Something was freed that was no block then. `block`: the one that it had been, where this thread has told of it; else 0. */
export interface Misfreed {
  readonly what: Misfree;
  readonly block: BlockId;
  readonly memory: object;
  readonly offset: number;
}

/** In the order of their codes, which begin at 1. */
const ALLOCATORS = [
  'malloc',
  'calloc',
  'memalign',
  'posixMemalign',
  'realloc',
] as const satisfies readonly HeapAllocator[];

const NOT_TOLD = 'blocks that are freed twice, or were never handed out, are not told';
const CONFUSED = `Memory: a heap hands out blocks that were not heard to be freed; ${NOT_TOLD}.`;
const EXPOSED = `Memory: a module that runs as it is, or a thread that is not heard, has a memory that others share; ${NOT_TOLD}.`;

/** What an instrumented module imports: see `HEAP_IMPORT` in `src/wasm`. */
export interface HeapImports {
  allocated(code: number, address: number, size: number): void;
  freeing(address: number): number;
  evicted(): number;
  reallocating(address: number, size: number): number;
  reallocated(address: number, to: number, size: number): void;
}

/**
 * The blocks that hooked modules of one thread allocate. Programs allocate all the time, so only those blocks are told
 * that somebody asks for (`blockAt`), with the place and time of their allocation; when these are freed, by whichever
 * thread; and what is freed that is no block.
 */
export class HeapBlocks {
  readonly #host: HeapHost;
  readonly #byMemory = new IntrinsicWeakMap<object, Heap>();
  readonly #heaps = new IntrinsicMap<number, WeakRef<Heap>>();
  readonly #sites = new HeapSites();
  #made = 0;
  #misfrees = 0;
  #isConfusionTold = false;

  constructor(host: HeapHost) {
    this.#host = host;
  }

  /** The number of a module, for `heapOf`. */
  keyOf(rewrite: Rewrite): number {
    const key = moduleKey(rewrite);
    if (rewrite.isWhole) this.#host.map?.heapOf(key)?.isWhole();
    return key;
  }

  /** The heap of a memory; a new one, of the module that has this key, where that is not known yet. */
  heapOf(memory: object | undefined, key: number): Heap {
    const known = memory && weakMapGet(this.#byMemory, memory);
    if (known) return known;
    const heap = new Heap(this.#host.map?.heapOf(key));
    mapSet(this.#heaps, this.#made++, new IntrinsicWeakRef(heap));
    if (memory) this.adopt(heap, memory);
    return heap;
  }

  /** It has turned out which memory a heap is of. */
  adopt(heap: Heap, memory: object): void {
    if (heap.memory) return;
    heap.memory = memory;
    const known = weakMapGet(this.#byMemory, memory);
    if (known) mapForEach(known.blocks, (block, address) => mapSet(heap.blocks, address, block));
    weakMapSet(this.#byMemory, memory, heap);
    if (!this.#host.isSharable(memory)) return;
    heap.share();
    if (!this.#host.isHeard(memory)) this.exposeAll();
  }

  /** A module that is not hooked has the memory: it may hand out blocks that nobody hears of. */
  expose(memory: object): void {
    if (!this.#host.isSharable(memory)) this.heapOf(memory, 0).isExposed = true;
    // Which heap of other threads it is may not be known here.
    else this.exposeAll();
  }

  exposeAll(): void {
    if (this.#host.map?.expose()) this.#host.uncovered(EXPOSED);
  }

  /**
   * The live block that an address lies in, told if it was not; one of another thread only where it begins there. Of
   * several heaps with such a block the only one counts that other threads may hold; undefined where that leaves it open.
   */
  blockAt(address: number): FoundBlock | undefined {
    let found: FoundBlock | undefined;
    let isOpen = false;
    mapForEach(this.#heaps, (ref, key) => {
      const heap = deref(ref);
      if (!heap) mapDelete(this.#heaps, key);
      const { memory } = heap ?? {};
      if (!heap || !memory || !this.#host.isShared(memory)) return;
      const each = this.#ownAt(heap, memory, address) ?? this.#othersAt(heap, memory, address);
      isOpen ||= found !== undefined && each !== undefined;
      found = each ?? found;
    });
    return isOpen ? undefined : found;
  }

  #ownAt(heap: Heap, memory: object, address: number): FoundBlock | undefined {
    const offset = heap.startOf(address);
    const block = offset === undefined ? undefined : mapGet(heap.blocks, offset);
    return block && this.#tell(heap, memory, block, offset as number);
  }

  #othersAt({ joint, found }: Heap, memory: object, offset: number): FoundBlock | undefined {
    const state = joint?.look(offset) ?? 0;
    if (!joint || (state & BLOCK.live) === 0 || joint.isOwn(state)) return undefined;
    const known = state & BLOCK.told ? mapGet(found, offset) : undefined;
    const numbers = known ?? this.#host.number(memory);
    if (known || !numbers) return known;
    const block = { ...numbers, offset };
    mapSet(found, offset, block);
    this.#host.found(block);
    joint.tell(offset);
    return block;
  }

  /** Tells of the block that began there and was freed at that place, as far as this thread has handed it out or freed it. */
  tellFreed(heap: Heap, offset: number, place: number): void {
    const { memory } = heap;
    if (!memory) return;
    const rest = heap.resting?.at(offset, place);
    if (!rest) {
      const block = mapGet(heap.blocks, offset);
      // Another thread has freed it.
      if (block?.freedSeq === 0 && ((place - block.seq) | 0) > 0) {
        this.#tell(heap, memory, block, offset, heap.startOf(offset) === offset);
      }
      return;
    }
    const { block, isTold, seq, stack, at } = rest;
    rest.isTold = true;
    if (isTold) return;
    if (!block || !this.#tellOver(heap, memory, block, offset)) {
      this.#host.strayed(memory, offset, seq, stack, at);
    }
  }

  /** Of a block that this thread may have given back, that too. */
  #tellOver(heap: Heap, memory: object, block: Block, offset: number): ToldBlock | undefined {
    const isNew = !block.told;
    const told = this.#tell(heap, memory, block, offset);
    if (isNew && told && block.freedSeq !== 0) {
      this.#host.freed(told, block.freedSeq, block.freedAt, block.freedStack);
    }
    return told;
  }

  #tell(
    heap: Heap,
    memory: object,
    block: Block,
    offset: number,
    isLive = block.freedSeq === 0,
  ): ToldBlock | undefined {
    if (block.told) return block.told;
    const numbers = this.#host.number(memory);
    if (!numbers) return undefined;
    const { by, size, stack, seq, at } = block;
    block.told = { ...numbers, offset, length: size, by, stack, seq, at };
    this.#host.told(block.told);
    if (isLive) heap.joint?.tell(offset);
    return block.told;
  }

  readonly #eachSited = (visit: (site: HeapSite, size: number) => void): void => {
    mapForEach(this.#heaps, (ref) => deref(ref)?.eachSited(visit));
  };

  /** Tells what is counted of heaps, where that has changed. To be called now and then; `isLast`: maybe never again. */
  tellCounts(isLast = false): void {
    try {
      const now = this.#host.now();
      mapForEach(this.#heaps, (ref) => {
        const heap = deref(ref);
        if (heap) this.#count(heap, now, isLast);
      });
    } catch (error) {
      this.#host.fault(error);
    }
  }

  #count(heap: Heap, now: number, isLast = false): void {
    const { memory, tally } = heap;
    if (memory && tally.takeDue(now, isLast)) this.#host.counted(memory, heap);
  }

  /** Something is freed, or moved, that is no block. */
  #misfreed(heap: Heap, offset: number, was: number, stackOf: () => string): void {
    const { memory, isReliable } = heap;
    if (was < 0 || !memory || !isReliable || this.#misfrees++ >= LIMITS.misfrees) return;
    const host = this.#host;
    const block = was & BLOCK.known ? heap.own(offset, was) : undefined;
    const told = block && this.#tellOver(heap, memory, block, offset);
    const what = was & BLOCK.known ? 'double' : 'invalid';
    const id = told?.block ?? (0 as BlockId);
    host.misfreed({ what, block: id, memory, offset }, host.next(), stackOf());
  }

  /** What a module of that layout is given, whose allocator hands out blocks of `heap`. */
  importsFor(heap: Heap, layout: FunctionLayout): HeapImports {
    const host = this.#host;
    const stackOf = (): string => originalStack(host.stack(), layout);
    const add = (by: HeapAllocator, address: number, size: number): void => {
      const stack = host.maySpend() ? stackOf() : '';
      const at = host.now();
      const seq = host.next();
      const site = stack === '' ? undefined : this.#sites.at(stack);
      const freed = { freedSeq: 0, freedAt: at, freedStack: '' };
      heap.handOut(address, { by, size, seq, at, stack, site, told: undefined, ...freed });
      if (site) {
        site.made++;
        site.live++;
        this.#sites.look(at, this.#eachSited, host.grew);
      }
      this.#count(heap, at);
      if (heap.isConfused && !this.#isConfusionTold) {
        this.#isConfusionTold = true;
        host.uncovered(CONFUSED);
      }
    };
    /** A block that was `was` is given back, at this place in the order. */
    const remove = (address: number, was: number, seq: number): Rest => {
      const { memory, resting } = heap;
      const block = heap.own(address, was);
      const told = block?.told;
      const isStray = !block && (was & BLOCK.told) !== 0 && memory !== undefined;
      const isTold = told !== undefined || isStray;
      const isKept = block !== undefined || resting !== undefined;
      const stack = isTold || (isKept && host.maySpend()) ? stackOf() : '';
      const at = host.now();
      if (block ? block.freedSeq === 0 : (was & BLOCK.live) !== 0) {
        heap.tally.givenBack(block?.size ?? resting?.sizeOf(address) ?? 0);
        this.#count(heap, at);
      }
      if (block) {
        heap.freed(address, block, seq, at, stack);
        if (block.site) block.site.live--;
        if (told) host.freed(told, seq, at, stack);
      } else if (isStray) host.strayed(memory, address, seq, stack);
      return { block, isTold, seq, at, stack };
    };
    const guard = (run: () => void): void => {
      try {
        run();
      } catch (error) {
        host.fault(error);
      }
    };
    /** What was known of the block that is being moved, and the place at which that began. */
    let moved = 0;
    let movedSeq = 0;
    return {
      allocated(code, address, size) {
        guard(() => {
          add(ALLOCATORS[code - 1] ?? 'malloc', address >>> 0, size >>> 0);
          heap.resting?.allocated(address >>> 0, size >>> 0);
        });
      },
      freeing: (address) => {
        let given = address;
        guard(() => {
          // Before it happens: from here on somebody else may own it.
          const start = address >>> 0;
          const was = heap.giveBack(start);
          const isLive = was > 0 && (was & BLOCK.live) !== 0;
          const { resting } = heap;
          if (!isLive) this.#misfreed(heap, start, was, stackOf);
          if (!isLive && !resting) return;
          const rest = remove(start, isLive ? was : 0, host.next());
          if (resting) given = resting.freeing(start, rest);
        });
        return given;
      },
      evicted() {
        let given = 0;
        guard(() => {
          given = heap.resting?.evicted() ?? 0;
        });
        return given;
      },
      reallocating: (address, size) => {
        let kept = -1;
        guard(() => {
          const start = address >>> 0;
          kept = heap.resting?.keeps(start, size >>> 0) ?? -1;
          // It is freed then.
          if (kept >= 0) return;
          moved = heap.giveBack(start);
          movedSeq = host.next();
          if (moved <= 0 || (moved & BLOCK.live) === 0) {
            this.#misfreed(heap, start, moved, stackOf);
            moved = 0;
          }
        });
        return kept;
      },
      reallocated(address, to, size) {
        guard(() => {
          const start = address >>> 0;
          const hasFailed = to === 0 && size !== 0;
          const isKept = to === address || hasFailed;
          if (!hasFailed) heap.resting?.moved(start, to >>> 0, size >>> 0);
          if (isKept && moved > 0) {
            heap.keep(start, moved);
            const block = heap.own(start, moved);
            if (block && to !== 0) {
              heap.tally.resized(block.size, size >>> 0);
              block.size = size >>> 0;
            }
          } else {
            if (moved > 0) remove(start, moved, movedSeq);
            if (to !== 0) add('realloc', to >>> 0, size >>> 0);
          }
        });
      },
    };
  }
}
