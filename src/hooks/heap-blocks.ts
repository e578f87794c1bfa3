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
} from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { HeapAllocator } from '../shared/records.ts';
import type { BlockId, MemoryId, Micros } from '../shared/units.ts';
import { type FunctionLayout, originalStack } from './wasm-tag.ts';

/** What the blocks of heaps need of the thread that they are in. */
export interface HeapHost {
  /** The next place in the order of all records. */
  next(): number;
  now(): Micros;
  /** The stack of the call that is being heard; empty where none is taken. */
  stack(): string;
  /** Whether there is a budget for one more stack that may never be shown. */
  maySpend(): boolean;
  /** Numbers for a new block, and for the memory that it lies in; undefined when there are none left. */
  number(memory: object): { readonly memory: MemoryId; readonly block: BlockId } | undefined;
  /** Whether other threads may hold the memory. */
  isShared(memory: object): boolean;
  told(block: ToldBlock): void;
  freed(block: ToldBlock, seq: number, stack: string): void;
  /** What starts there, and another thread has handed out, was freed. */
  strayed(memory: object, offset: number, seq: number, stack: string): void;
  fault(error: unknown): void;
}

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

/** A live block. Another one at the same address is another object: they are generations of the address. */
interface Block {
  readonly by: HeapAllocator;
  size: number;
  readonly seq: number;
  readonly at: Micros;
  readonly stack: string;
  told: ToldBlock | undefined;
}

/** The heap of one memory, as far as hooked modules allocate in it. */
export interface Heap {
  readonly blocks: Map<number, Block>;
  /** Undefined until it is known: it may be an export of an instance that is being made. */
  memory: object | undefined;
}

/** In the order of their codes, which begin at 1. */
const ALLOCATORS = [
  'malloc',
  'calloc',
  'memalign',
  'posixMemalign',
  'realloc',
] as const satisfies readonly HeapAllocator[];

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
 * that somebody asks for (`blockAt`), with the place and time of their allocation; and when these are freed.
 */
export class HeapBlocks {
  readonly #host: HeapHost;
  readonly #byMemory = new IntrinsicWeakMap<object, Heap>();
  readonly #heaps = new IntrinsicMap<number, WeakRef<Heap>>();
  /** Where blocks start that another thread may have handed out, and that are used here. */
  readonly #watched = new IntrinsicMap<number, true>();
  #watchedCount = 0;
  #made = 0;

  constructor(host: HeapHost) {
    this.#host = host;
  }

  /** The heap of a memory; a new one where that is not known yet. */
  heapOf(memory: object | undefined): Heap {
    const known = memory && weakMapGet(this.#byMemory, memory);
    if (known) return known;
    const heap: Heap = { blocks: new IntrinsicMap(), memory };
    if (memory) weakMapSet(this.#byMemory, memory, heap);
    mapSet(this.#heaps, this.#made++, new IntrinsicWeakRef(heap));
    return heap;
  }

  /** It has turned out which memory a heap is of. */
  adopt(heap: Heap, memory: object): void {
    if (heap.memory) return;
    heap.memory = memory;
    const known = weakMapGet(this.#byMemory, memory);
    if (known) mapForEach(known.blocks, (block, address) => mapSet(heap.blocks, address, block));
    weakMapSet(this.#byMemory, memory, heap);
  }

  /**
   * The live block that an address lies in, told if it was not. Of several heaps with such a block the only one counts
   * that other threads may hold; undefined where that leaves it open.
   */
  blockAt(address: number): ToldBlock | undefined {
    let found: { heap: Heap; block: Block; offset: number } | undefined;
    let isOpen = false;
    mapForEach(this.#heaps, (ref, key) => {
      const heap = deref(ref);
      if (!heap) mapDelete(this.#heaps, key);
      if (!heap?.memory || !this.#host.isShared(heap.memory)) return;
      const offset = startOf(heap.blocks, address);
      const block = offset === undefined ? undefined : mapGet(heap.blocks, offset);
      if (offset === undefined || !block) return;
      isOpen ||= found !== undefined;
      found = { heap, block, offset };
    });
    if (!found || isOpen) return undefined;
    const { heap, block, offset } = found as { heap: Heap; block: Block; offset: number };
    return this.#tell(heap.memory as object, block, offset);
  }

  /** If the block that begins there is freed by this thread, that is told, whoever has handed it out. */
  watch(address: number): void {
    if (this.#watchedCount++ < LIMITS.nodes) mapSet(this.#watched, address, true);
  }

  #tell(memory: object, block: Block, offset: number): ToldBlock | undefined {
    if (block.told) return block.told;
    const numbers = this.#host.number(memory);
    if (!numbers) return undefined;
    const { by, size, stack, seq, at } = block;
    block.told = { ...numbers, offset, length: size, by, stack, seq, at };
    this.#host.told(block.told);
    return block.told;
  }

  /** What a module of that layout is given, whose allocator hands out blocks of `heap`. */
  importsFor(heap: Heap, layout: FunctionLayout): HeapImports {
    const host = this.#host;
    const { blocks } = heap;
    const watched = this.#watched;
    const stackOf = (): string => originalStack(host.stack(), layout);
    const add = (by: HeapAllocator, address: number, size: number): void => {
      const stack = host.maySpend() ? stackOf() : '';
      const block = { by, size, seq: host.next(), at: host.now(), stack, told: undefined };
      mapSet(blocks, address, block);
    };
    const remove = (address: number, seq: number): void => {
      const told = mapGet(blocks, address)?.told;
      mapDelete(blocks, address);
      if (told) host.freed(told, seq, stackOf());
    };
    const guard = (run: () => void): void => {
      try {
        run();
      } catch (error) {
        host.fault(error);
      }
    };
    let freeingAt = 0;
    return {
      allocated(code, address, size) {
        guard(() => add(ALLOCATORS[code - 1] ?? 'malloc', address >>> 0, size >>> 0));
      },
      freeing(address) {
        guard(() => {
          // Before it happens: from here on somebody else may own it.
          const start = address >>> 0;
          const block = mapGet(blocks, start);
          if (block) remove(start, block.told ? host.next() : 0);
          else if (heap.memory && mapDelete(watched, start)) {
            host.strayed(heap.memory, start, host.next(), stackOf());
          }
        });
        return address;
      },
      evicted: () => 0,
      reallocating(address) {
        guard(() => {
          freeingAt = mapGet(blocks, address >>> 0)?.told ? host.next() : 0;
        });
        return -1;
      },
      reallocated(address, to, size) {
        guard(() => {
          const block = mapGet(blocks, address >>> 0);
          if (to === 0 && size !== 0) return;
          if (to === address && block) {
            block.size = size >>> 0;
            return;
          }
          remove(address >>> 0, freeingAt);
          if (to !== 0) add('realloc', to >>> 0, size >>> 0);
        });
      },
    };
  }
}

/** Where the block begins that an address lies in. */
function startOf(blocks: Map<number, Block>, address: number): number | undefined {
  if (mapGet(blocks, address)) return address;
  let found: number | undefined;
  mapForEach(blocks, ({ size }, start) => {
    if (address > start && address < start + size) found = start;
  });
  return found;
}
