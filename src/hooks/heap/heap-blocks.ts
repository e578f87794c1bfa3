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
import { moduleKey } from '../wasm/module-key.ts';
import type { FunctionLayout, Rewrite } from '../wasm/wasm-tag.ts';
import { type FoundBlock, Heap } from './heap.ts';
import { type CalledBlocks, HeapCalls, type HeapImports } from './heap-calls.ts';
import type { HeapHost } from './heap-host.ts';
import { type HeapSite, HeapSites } from './heap-sites.ts';
import { JudgedAllocator } from './judged-allocator.ts';
import { ToldBlocks } from './told-blocks.ts';

const NOT_TOLD = 'blocks that are freed twice, or were never handed out, are not told';
const CONFUSED = `Memory: a heap hands out blocks that were not heard to be freed; ${NOT_TOLD}.`;
const EXPOSED = `Memory: a module that runs as it is, or a thread that is not heard, has a memory that others share; ${NOT_TOLD}.`;

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
  readonly #told: ToldBlocks;
  readonly #called: CalledBlocks;
  readonly #judged = new IntrinsicMap<number, JudgedAllocator>();
  #made = 0;
  #isConfusionTold = false;

  constructor(host: HeapHost) {
    this.#host = host;
    this.#told = new ToldBlocks(host);
    this.#called = {
      host,
      told: this.#told,
      siteOf: (stack) => this.#sites.at(stack),
      grew: (site, at) => {
        site.made++;
        site.live++;
        this.#sites.look(at, this.#eachSited, host.grew);
      },
      counted: (heap, at) => {
        this.#count(heap, at);
        if (!heap.isConfused || this.#isConfusionTold) return;
        this.#isConfusionTold = true;
        host.uncovered(CONFUSED);
      },
    };
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
    return this.#find(address, (heap) => heap.startOf(address));
  }

  /** The same, but only where it begins there. */
  blockFrom(address: number): FoundBlock | undefined {
    return this.#find(address, (heap) => (heap.startsAt(address) ? address : undefined));
  }

  #find(address: number, startOf: (heap: Heap) => number | undefined): FoundBlock | undefined {
    let found: FoundBlock | undefined;
    let isOpen = false;
    mapForEach(this.#heaps, (ref, key) => {
      const heap = deref(ref);
      if (!heap) mapDelete(this.#heaps, key);
      const { memory } = heap ?? {};
      if (!heap || !memory || !this.#host.isShared(memory)) return;
      const each = this.#told.own(heap, startOf(heap)) ?? this.#told.others(heap, address);
      isOpen ||= found !== undefined && each !== undefined;
      found = each ?? found;
    });
    return isOpen ? undefined : found;
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
        this.#told.tell(heap, block, offset, heap.startsAt(offset));
      }
      return;
    }
    const { block, isTold, seq, stack, at } = rest;
    rest.isTold = true;
    if (isTold) return;
    if (!block || !this.#told.tellOver(heap, block, offset)) {
      this.#host.strayed(memory, offset, seq, stack, at);
    }
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
        if (!heap) return;
        this.#count(heap, now, isLast);
        this.#told.lookAtFetches(heap);
      });
    } catch (error) {
      this.#host.fault(error);
    }
  }

  #count(heap: Heap, now: number, isLast = false): void {
    const { memory, tally } = heap;
    if (memory && tally.takeDue(now, isLast)) this.#host.counted(memory, heap);
  }

  /** The allocator of the module that has this key, as its calls show it. */
  #judgedOf(key: number | undefined): JudgedAllocator | undefined {
    if (key === undefined) return undefined;
    const { judge, map, uncovered } = this.#host;
    const known = mapGet(this.#judged, key);
    const heap = known ? undefined : map?.heapOf(key);
    if (!heap) return known;
    const made = new JudgedAllocator(heap, judge?.(), (malloc, free) =>
      uncovered(
        `Memory: an allocator was found by what its functions do: ${malloc} hands out blocks, ${free} takes them back; those that were handed out before are not known.`,
      ),
    );
    mapSet(this.#judged, key, made);
    return made;
  }

  /**
   * What a module of that layout is given, whose allocator hands out blocks of `heap`; with its key where that is to be found
   * by its calls.
   */
  importsFor(heap: Heap, layout: FunctionLayout, key?: number): HeapImports {
    return new HeapCalls(this.#called, heap, layout).imports(this.#judgedOf(key));
  }
}
