import type { SharedHeap } from './heap-map.ts';

/** Where no compiled program has its heap yet. */
export const LOWEST_BLOCK = 1024;
const ALIGNMENT = 8;

/** Finds `malloc` and `free` among functions by their calls, whose result is −1 where they give nothing. */
export interface CallJudge {
  called(index: number, argument: number, result: number): void;
  judge(): { readonly malloc: number; readonly free: number | undefined } | undefined;
}

/** What a call is: of the allocator, or of a function whose calls need not be told any more. */
export type HeardCall = 'allocates' | 'frees' | 'nothing' | 'of no account';

/** Calls after which a verdict is tried; then after a quarter more, and so on. */
const FIRST_LOOK = 64;
/** Calls without a verdict after which none is to come. */
const MOST_CALLS = 50_000;
const GIVES_NOTHING = -1;

/**
 * The allocator of a module that no name and no shape gives away, as its calls show it. All threads go by one verdict: once
 * a thread has stopped to listen there is none, since it would not hear what is freed.
 */
export class JudgedAllocator {
  readonly #heap: SharedHeap;
  #judge: CallJudge | undefined;
  readonly #found: (malloc: number, free: number) => void;
  #calls = 0;
  #nextLook = FIRST_LOOK;

  /** `judge` is undefined in a thread that waits for others; `found` is called where the verdict was made. */
  constructor(
    heap: SharedHeap,
    judge: CallJudge | undefined,
    found: (malloc: number, free: number) => void,
  ) {
    this.#heap = heap;
    this.#judge = judge;
    this.#found = found;
  }

  heard(index: number, argument: number, result: number): HeardCall {
    const { allocator } = this.#heap;
    if (allocator === 'open') return this.#listen(index, argument, result);
    if (allocator !== 'none') {
      if (index === allocator.malloc) return result === 0 ? 'nothing' : 'allocates';
      if (index === allocator.free) return argument === 0 ? 'nothing' : 'frees';
    }
    this.#judge = undefined;
    return 'of no account';
  }

  #listen(index: number, argument: number, result: number): HeardCall {
    const isOut = result === GIVES_NOTHING ? argument !== 0 && !fits(argument) : !fits(result);
    if (isOut) return 'of no account';
    const judge = this.#judge;
    this.#calls++;
    judge?.called(index, argument, result);
    if (judge && this.#calls === this.#nextLook) {
      this.#nextLook += this.#nextLook >> 2;
      const found = judge.judge();
      if (found?.free !== undefined && this.#heap.judged(found.malloc, found.free)) {
        this.#found(found.malloc, found.free);
      }
    }
    if (this.#calls >= MOST_CALLS) this.#heap.judged();
    return 'nothing';
  }
}

/** Whether a number could be the address of a block. */
function fits(address: number): boolean {
  return address >>> 0 >= LOWEST_BLOCK && address % ALIGNMENT === 0;
}
