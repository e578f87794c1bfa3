import {
  atomicsAdd,
  atomicsCompareExchange,
  atomicsLoad,
  atomicsStore,
  IntrinsicInt32Array,
  IntrinsicSharedArrayBuffer,
  lengthOf,
  sharedBufferBytes,
} from '../../base/intrinsics.ts';
import type { Memories } from '../memories.ts';

/**
 * What all threads of a document know together of the blocks of its heaps: for each address at which a block may begin, a
 * byte. Threads change it without waiting for one another; so a thread that frees what another has handed out knows
 * whether it lives.
 *
 *     next part, threads, flags, modules | modules: key, flags, malloc, free | their directories: part of each MiB, or 0 | parts
 *
 * A module has a heap here, not a memory: no thread can tell which memory of its own is which of another's. Where two
 * memories share a heap, sooner or later a block is handed out that lives: from then on the heap is judged no more,
 * and before that nothing was taken for freed twice that was not.
 */
export const HEAP_MAP = {
  /** Bytes of heaps that have room, 8 for each of its own. */
  bytes: 64 * 1024 * 1024,
  modules: 32,
} as const;

/** Bits of the byte of an address; above them the thread that has handed out the block. */
export const BLOCK = {
  /** A block begins here. */
  live: 1,
  /** One did. */
  known: 2,
  /** Somebody needs to know when it is freed. */
  told: 4,
} as const;
const STATE_BITS = 3;
const THREADS = 31;

/** Of a heap, or of all. */
const FLAG = {
  /** Whoever hands out blocks of it, in the threads that are hooked, is heard. */
  whole: 1,
  /** Of all: somebody whom nobody hears may use the memories too. */
  exposed: 2,
  /** A block was handed out that lived: not all is heard. */
  confused: 4,
  /** There was no room for all of its blocks. */
  full: 8,
} as const;

const NEXT_PART = 0;
const NEXT_THREAD = 1;
const FLAGS = 2;
const NEXT_MODULE = 3;
const HEAD_WORDS = 4;
const KEY_WORDS = 4;
/** Words of a module behind its key. Functions of an allocator that was judged are counted from 1; 0: not yet. */
const FLAGS_OF_MODULE = 1;
const MALLOC = 2;
const FREE = 3;
const NONE = -1;
/** Blocks begin on multiples of so many bytes. */
const GRAIN = 8;
const PART_BITS = 20;
const PARTS = 2 ** (32 - PART_BITS);
const PART_WORDS = 2 ** PART_BITS / GRAIN / 4;
const DIRECTORIES = HEAD_WORDS + HEAP_MAP.modules * KEY_WORDS;
const FIRST_PART = DIRECTORIES + HEAP_MAP.modules * PARTS;

/** The whole map, as one thread sees it. */
export class HeapMap {
  readonly #words: Int32Array;
  readonly #thread: number;
  /** Of this thread among those that have the map. */
  readonly ordinal: number;

  /** For one more thread. */
  constructor(shared: SharedArrayBuffer) {
    this.#words = new IntrinsicInt32Array(shared);
    this.ordinal = atomicsAdd(this.#words, NEXT_THREAD, 1);
    // Past the last one threads have a number together: what they know of their blocks is less then.
    this.#thread = (this.ordinal % THREADS) + 1;
  }

  /** Takes no room before it is used. */
  static share(bytes: number = HEAP_MAP.bytes): SharedArrayBuffer {
    return new IntrinsicSharedArrayBuffer(FIRST_PART * 4 + bytes);
  }

  /** The heap of a module. Undefined where there are too many. */
  heapOf(key: number): SharedHeap | undefined {
    const words = this.#words;
    const own = key | 0 || 1;
    for (let i = 0; i < HEAP_MAP.modules; i++) {
      const at = HEAD_WORDS + i * KEY_WORDS;
      const known = atomicsCompareExchange(words, at, 0, own);
      if (known === 0 || known === own) {
        return new SharedHeap(words, at, DIRECTORIES + i * PARTS, this.#thread);
      }
    }
    return undefined;
  }

  /** A number for one more original that is kept. */
  nextModule(): number {
    return atomicsAdd(this.#words, NEXT_MODULE, 1) + 1;
  }

  /** Somebody whom nobody hears may use any of the memories. Gives whether that is news. */
  expose(): boolean {
    return raise(this.#words, FLAGS, FLAG.exposed);
  }
}

/** One heap of the map, as one thread sees it. Addresses are unsigned. */
export class SharedHeap {
  readonly #words: Int32Array;
  readonly #module: number;
  readonly #flags: number;
  readonly #directory: number;
  readonly #thread: number;

  /** `module` and `directory` are places of words. */
  constructor(words: Int32Array, module: number, directory: number, thread: number) {
    this.#words = words;
    this.#module = module;
    this.#flags = module + FLAGS_OF_MODULE;
    this.#directory = directory;
    this.#thread = thread;
  }

  /** Whether a block that does not live here was freed before, and one that is not known here never handed out. */
  get isReliable(): boolean {
    const words = this.#words;
    return (
      atomicsLoad(words, this.#flags) === FLAG.whole &&
      (atomicsLoad(words, FLAGS) & FLAG.exposed) === 0
    );
  }

  get isConfused(): boolean {
    return (atomicsLoad(this.#words, this.#flags) & FLAG.confused) !== 0;
  }

  /** Of a heap that no other thread has: whether whoever hands out blocks is heard. */
  get hasAll(): boolean {
    return (atomicsLoad(this.#words, this.#flags) & FLAG.whole) !== 0;
  }

  isWhole(): void {
    raise(this.#words, this.#flags, FLAG.whole);
  }

  /** Which functions are the allocator's, by their calls; `none`: that will not be known. */
  get allocator(): { readonly malloc: number; readonly free: number } | 'open' | 'none' {
    const malloc = atomicsLoad(this.#words, this.#module + MALLOC);
    if (malloc === 0) return 'open';
    if (malloc === NONE) return 'none';
    return { malloc: malloc - 1, free: atomicsLoad(this.#words, this.#module + FREE) - 1 };
  }

  /** They are these; without them: that will not be known. Gives whether it was open until now. */
  judged(malloc = NONE, free = NONE): boolean {
    const words = this.#words;
    if (free === NONE) return atomicsCompareExchange(words, this.#module + MALLOC, 0, NONE) === 0;
    // Only one thread judges.
    atomicsStore(words, this.#module + FREE, free + 1);
    return atomicsCompareExchange(words, this.#module + MALLOC, 0, malloc + 1) === 0;
  }

  /** This thread hands out a block. */
  handOut(address: number): void {
    const { live, known } = BLOCK;
    const at = this.#wordOf(address) || this.#addPart(address);
    if (at === 0) {
      raise(this.#words, this.#flags, FLAG.full);
      return;
    }
    const was = this.#change(at, address, 0, live | known | (this.#thread << STATE_BITS));
    if (was & live) raise(this.#words, this.#flags, FLAG.confused);
  }

  /** It is being given back; gives what was known of it: bits of `BLOCK`. */
  giveBack(address: number): number {
    return this.#change(this.#wordOf(address), address, ~(BLOCK.live | BLOCK.told), 0);
  }

  /** It was not given back after all, and is what it was. */
  keep(address: number, was: number): void {
    this.#change(this.#wordOf(address), address, 0, was);
  }

  /** The free of a block that lives is to be told. */
  tell(address: number): void {
    this.#change(this.#wordOf(address), address, -1, BLOCK.told);
  }

  /** Bits of `BLOCK`. */
  look(address: number): number {
    const at = this.#wordOf(address);
    return at === 0 ? 0 : (atomicsLoad(this.#words, at) >>> shiftOf(address)) & 0xff;
  }

  /** Whether it was this thread that handed out the block that `state` is of. */
  isOwn(state: number): boolean {
    return state >>> STATE_BITS === this.#thread;
  }

  /** Puts `(byte & mask) | bits` in the place of a byte; gives what it was. `at`: its word, or 0. */
  #change(at: number, address: number, mask: number, bits: number): number {
    if (at === 0) return 0;
    const words = this.#words;
    const shift = shiftOf(address);
    for (;;) {
      const word = atomicsLoad(words, at);
      const byte = (word >>> shift) & 0xff;
      const next = (word & ~(0xff << shift)) | ((((byte & mask) | bits) & 0xff) << shift);
      if (atomicsCompareExchange(words, at, word, next) === word) return byte;
    }
  }

  /** 0 where there is none. */
  #wordOf(address: number): number {
    const part = atomicsLoad(this.#words, this.#directory + (address >>> PART_BITS));
    return part <= 0 || address % GRAIN !== 0 ? 0 : wordIn(part, address);
  }

  #addPart(address: number): number {
    if (address % GRAIN !== 0) return 0;
    const words = this.#words;
    const entry = this.#directory + (address >>> PART_BITS);
    if (atomicsLoad(words, entry) < 0) return 0;
    const part = atomicsAdd(words, NEXT_PART, 1) + 1;
    const own = FIRST_PART + part * PART_WORDS <= lengthOf(words) ? part : -1;
    const now = atomicsCompareExchange(words, entry, 0, own) || own;
    return now < 0 ? 0 : wordIn(now, address);
  }
}

/** Whether other threads can hold a memory. */
export function isSharable(memories: Memories, memory: object): boolean {
  try {
    return sharedBufferBytes?.(memories.bufferIn(memory)) !== undefined;
  } catch {
    return false;
  }
}

function wordIn(part: number, address: number): number {
  return FIRST_PART + (part - 1) * PART_WORDS + ((address % 2 ** PART_BITS) >>> 5);
}

function shiftOf(address: number): number {
  return address & 0x18;
}

/** Flags are only ever raised; gives whether it was by this call. */
function raise(words: Int32Array, at: number, flag: number): boolean {
  for (;;) {
    const known = atomicsLoad(words, at);
    if (known & flag) return false;
    if (atomicsCompareExchange(words, at, known, known | flag) === known) return true;
  }
}
