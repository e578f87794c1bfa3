import type { Misfree } from '../../shared/records.ts';
import type { BlockId, MemoryId, Micros } from '../../shared/units.ts';
import type { EndedFetch } from './fetch-handles.ts';
import type { FoundBlock, Heap, ToldBlock } from './heap.ts';
import type { HeapMap } from './heap-map.ts';
import type { HeapSite } from './heap-sites.ts';
import type { CallJudge } from './judged-allocator.ts';

/** What the blocks of heaps need of the thread that they are in. */
export interface HeapHost {
  /** What all threads know of blocks. */
  readonly map: HeapMap | undefined;
  /** The next place in the order of all records. */
  next(): number;
  now(): Micros;
  /** The stack of the call that is being heard; empty where none is taken. */
  stack(): string;
  /** Whether there is a budget for one more stack, `at` this time, that may never be shown. */
  maySpend(at: Micros): boolean;
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
  /** What a memory holds now; undefined where that cannot be had. */
  bytesIn(memory: object): Uint8Array | undefined;
  /** The request of a fetch has ended whose handle lies in the block. */
  fetchEnded(block: FoundBlock, fetch: EndedFetch): void;
  /** Its handle was to be closed, and was not. */
  fetchRefused(block: FoundBlock, stack: string): void;
  /** Finds allocators by their calls; undefined in a thread that leaves that to others. */
  readonly judge?: (() => CallJudge) | undefined;
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
