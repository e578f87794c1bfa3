import {
  atomicsAdd,
  atomicsCompareExchange,
  atomicsLoad,
  atomicsStore,
  floor,
  IntrinsicInt32Array,
  IntrinsicUint8Array,
  imul,
  lengthOf,
  min,
  setBytes,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';

/** As `src/wasm/shadow.ts` has it: so many bytes of the heap for one of the shadow. */
const GRANULE_SHIFT = 3;
const GRANULE_BYTES = 8;
/** Functions begin to check in so many parts, one after the other while the control cell is lower. */
const TURNS = 64;
/** Parts that begin at each `armFurther`. */
const TURNS_AT_ONCE = 8;
/** What the shadow of a block is filled with, so many bytes at once. */
const RUN_BYTES = 1024;
const POISON = runOf(0xfd);
const FINE = runOf(0);

/** Words of the head. */
const HEAD = { pushed: 0, popped: 1, bytes: 2, stopped: 3, most: 4, words: 16 } as const;
/** Words of a place of the ring; `turn` says whose it is. */
const PLACE = { turn: 0, address: 1, size: 2, thread: 3, freed: 4, words: 8 } as const;
/** Words of an entry of the table of sizes. */
const SIZE = { address: 0, size: 1, check: 2, words: 3 } as const;
const SIZES = 1 << 15;
/** Entries that one address may be in. */
const WAYS = 4;
const CHECK = 0x5bd1e995 | 0;
/** Leaves those bits of a turn that come round with the claims: 2^32 of them, twice a round. */
const TURN_SHIFT = 12;
/** Blocks that a hit tells of: those nearest to the address. */
const NEAREST = 8;
/** Of the words that `near` gives of each block. */
export const NEAR = { address: 0, size: 1, thread: 2, freed: 3, words: 4 } as const;

const RING_AT = HEAD.words;
const SIZES_AT = RING_AT + LIMITS.quarantineBlocks * PLACE.words;
const STARTS_AT = SIZES_AT + SIZES * SIZE.words;

/** Where things lie in the memory of a shadow. */
export interface ShadowLayout {
  readonly heapBytes: number;
  /** Where its control cells begin. */
  readonly cells: number;
}

/** Bytes that lie between the shadow of a heap and its control cells. */
export function quarantineBytes(heapBytes: number): number {
  return STARTS_AT * 4 + floor(heapBytes / GRANULE_BYTES / 8);
}

/**
 * Where freed blocks of a heap rest before they are given to the allocator, oldest first. All threads that use the heap
 * share one, in the memory of its shadow:
 *
 *     shadow of the heap | head | ring of resting blocks | sizes of live blocks | a bit for each start of one | cells
 *
 * Threads. Any of them may call anything at any time; none ever waits for another. The ring takes any number of writers
 * and readers (a place is claimed by compare-and-exchange and handed on by its turn); full is a normal result, the block
 * is then not kept. A block is poisoned before it enters the ring and made fine again by whoever took it out, before its
 * allocator gets it. Sizes are a lossy table: two threads that write one entry at once leave one whose check does not
 * fit, which is none. A block whose size is not known is not kept, so that nothing is ever poisoned that is not freed.
 */
export class Quarantine {
  readonly #shadow: Uint8Array;
  readonly #words: Int32Array;
  readonly #armed: Int32Array;
  readonly #thread: number;
  readonly #heapBytes: () => number;
  /** Bytes of the shadow and of what is kept behind it. */
  readonly bytes: number;
  #most = 0;
  /** While these are not all, only so many parts check. */
  #turns = TURNS;
  /** What rests meanwhile. */
  #resting = 0;

  /** `buffer` is that of the shadow's memory; `heapBytes` says how large the heap is now. */
  constructor(
    buffer: ArrayBuffer,
    { heapBytes, cells }: ShadowLayout,
    thread: number,
    now: () => number,
  ) {
    const shadow = heapBytes / GRANULE_BYTES;
    this.#shadow = new IntrinsicUint8Array(buffer, 0, shadow);
    this.#words = new IntrinsicInt32Array(buffer, shadow, floor((cells - shadow) / 4));
    this.#armed = new IntrinsicInt32Array(buffer, cells, 1);
    this.#thread = thread;
    this.#heapBytes = now;
    this.bytes = cells;
  }

  /** Blocks that ever came here. Low 32 bits. */
  get pushed(): number {
    return atomicsLoad(this.#words, HEAD.pushed);
  }

  /**
   * Part after part of the functions begins to check, not all at once: for an engine compiles the body of a function that checks
   * when that is first called, and where sound is rendered there is no time for all of them. To be said before anything rests, of a heap
   * that one thread has alone.
   */
  armSlowly(): void {
    this.#turns = 0;
  }

  /** The next part may begin. */
  armFurther(): void {
    if (this.#turns === TURNS) return;
    this.#turns += TURNS_AT_ONCE;
    this.#armed[0] = this.#turns === TURNS ? this.#resting * TURNS : this.#part;
  }

  /** From now on no more than so many bytes rest, for whichever thread: to be said before anything does. */
  limitTo(bytes: number): void {
    atomicsStore(this.#words, HEAD.most, bytes);
  }

  /** What rests, and how many bytes of it may. */
  get occupancy(): { readonly blocks: number; readonly bytes: number; readonly most: number } {
    const words = this.#words;
    return {
      blocks: (atomicsLoad(words, HEAD.pushed) - atomicsLoad(words, HEAD.popped)) | 0,
      bytes: atomicsLoad(words, HEAD.bytes) >>> 0,
      most: this.isStopped ? 0 : this.#mostNow(),
    };
  }

  /** Somebody uses the heap whose allocations are not seen: from now on no more blocks come here. */
  stop(): void {
    atomicsStore(this.#words, HEAD.stopped, 1);
  }

  get isStopped(): boolean {
    return atomicsLoad(this.#words, HEAD.stopped) !== 0;
  }

  /** Whether what lies there is freed, and rests. */
  rests(address: number): boolean {
    return isAligned(address) && (this.#shadow[address >>> GRANULE_SHIFT] ?? 0) !== 0;
  }

  /** A block was handed out. One beyond the end of the heap, as a faulty allocator may, is none that could rest. */
  allocated(address: number, size: number): void {
    if (address >>> GRANULE_SHIFT >= lengthOf(this.#shadow)) return;
    const words = this.#words;
    const first = entryOf(address);
    let at = -1;
    for (let way = 0; way < WAYS && at < 0; way++) {
      const entry = first + way * SIZE.words;
      if (atomicsLoad(words, entry + SIZE.address) === (address | 0)) at = entry;
    }
    for (let way = 0; way < WAYS && at < 0; way++) {
      const entry = first + way * SIZE.words;
      if (atomicsLoad(words, entry + SIZE.size) === 0) at = entry;
    }
    // What is pushed out will not rest.
    if (at < 0) at = first + ((address >>> 4) & (WAYS - 1)) * SIZE.words;
    atomicsStore(words, at + SIZE.check, 0);
    atomicsStore(words, at + SIZE.address, address);
    atomicsStore(words, at + SIZE.size, size);
    atomicsStore(words, at + SIZE.check, checkOf(address, size));
    this.#mark(address, true);
  }

  /** The size of a live block; 0 where it is not known. */
  sizeOf(address: number): number {
    const at = this.#find(address);
    return at < 0 ? 0 : atomicsLoad(this.#words, at + SIZE.size) >>> 0;
  }

  /** A block is no more, without having been freed by the program; gives its size, or 0. */
  forget(address: number): number {
    const at = this.#find(address);
    this.#mark(address, false);
    if (at < 0) return 0;
    const size = atomicsLoad(this.#words, at + SIZE.size) >>> 0;
    atomicsStore(this.#words, at + SIZE.size, 0);
    return size;
  }

  /**
   * A block is freed, at that place in the order. True: it rests here, and `evicted` is to be asked what the allocator
   * gets in its stead.
   */
  freeing(address: number, place: number): boolean {
    // Freed once more: it goes to its allocator once.
    if (this.rests(address)) return true;
    const known = this.forget(address);
    if (known === 0 || known > this.#limit(known) || this.isStopped) return false;
    const size = this.#alone(address, known);
    const from = address >>> GRANULE_SHIFT;
    const to = (address + size) >>> GRANULE_SHIFT;
    if (!isAligned(address) || from >= to || to > lengthOf(this.#shadow)) return false;
    fill(this.#shadow, POISON, from, to);
    this.#arm(1);
    if (!this.#push(address, size, place)) {
      this.#release(address, size);
      return false;
    }
    atomicsAdd(this.#words, HEAD.bytes, size);
    return true;
  }

  /** The next block that has rested long enough; 0 for none. It is fine to use from here on. */
  evicted(): number {
    const words = this.#words;
    const bytes = atomicsLoad(words, HEAD.bytes) >>> 0;
    const blocks = (atomicsLoad(words, HEAD.pushed) - atomicsLoad(words, HEAD.popped)) | 0;
    const isFull = blocks > (LIMITS.quarantineBlocks * 3) / 4;
    if (!isFull && bytes <= this.#limit(bytes) && !this.isStopped) return 0;
    return this.#pop();
  }

  /** The blocks that rest at an address or behind it, the nearest of them: see `NEAR`. */
  near(address: number): Int32Array<ArrayBuffer> {
    const words = this.#words;
    const found = new IntrinsicInt32Array(NEAREST * NEAR.words);
    let count = 0;
    for (let i = 0; i < LIMITS.quarantineBlocks; i++) {
      const at = RING_AT + i * PLACE.words;
      const turn = atomicsLoad(words, at + PLACE.turn);
      if ((turn & 1) === 0) continue;
      const start = (words[at + PLACE.address] as number) >>> 0;
      const size = (words[at + PLACE.size] as number) >>> 0;
      if (start + size <= address) continue;
      let to = count;
      while (to > 0 && (found[(to - 1) * NEAR.words] as number) >>> 0 > start) to--;
      if (to === NEAREST) continue;
      if (count < NEAREST) count++;
      for (let j = count * NEAR.words - 1; j >= (to + 1) * NEAR.words; j--) {
        found[j] = found[j - NEAR.words] as number;
      }
      found[to * NEAR.words + NEAR.address] = start;
      found[to * NEAR.words + NEAR.size] = size;
      found[to * NEAR.words + NEAR.thread] = words[at + PLACE.thread] as number;
      found[to * NEAR.words + NEAR.freed] = words[at + PLACE.freed] as number;
      // Another block has come there meanwhile: this one is gone.
      if (atomicsLoad(words, at + PLACE.turn) !== turn) found[to * NEAR.words + NEAR.size] = 0;
    }
    const out = new IntrinsicInt32Array(count * NEAR.words);
    for (let i = 0; i < count * NEAR.words; i++) out[i] = found[i] as number;
    return out;
  }

  /** How many bytes may rest; asked anew only when that may matter. */
  #limit(bytes: number): number {
    if (bytes > this.#most) this.#most = this.#mostNow();
    return this.#most;
  }

  #mostNow(): number {
    const most = atomicsLoad(this.#words, HEAD.most) || LIMITS.quarantineBytes;
    return min(most, floor(this.#heapBytes() / 8));
  }

  #find(address: number): number {
    const words = this.#words;
    const first = entryOf(address);
    for (let way = 0; way < WAYS; way++) {
      const at = first + way * SIZE.words;
      if (atomicsLoad(words, at + SIZE.address) !== (address | 0)) continue;
      const size = atomicsLoad(words, at + SIZE.size);
      const check = atomicsLoad(words, at + SIZE.check);
      if (size !== 0 && check === checkOf(address, size)) return at;
    }
    return -1;
  }

  #mark(address: number, isLive: boolean): void {
    if (address >>> GRANULE_SHIFT >= lengthOf(this.#shadow)) return;
    const words = this.#words;
    const at = STARTS_AT + (address >>> 8);
    const bit = 1 << ((address >>> GRANULE_SHIFT) & 31);
    for (;;) {
      const before = atomicsLoad(words, at);
      const after = isLive ? before | bit : before & ~bit;
      if (before === after || atomicsCompareExchange(words, at, before, after) === before) return;
    }
  }

  /** Its size, cut where another block begins: what shrinks a block in place may not be seen. */
  #alone(address: number, size: number): number {
    const words = this.#words;
    const last = (address + size - 1) >>> GRANULE_SHIFT;
    for (let granule = (address >>> GRANULE_SHIFT) + 1; granule <= last; ) {
      const bits = atomicsLoad(words, STARTS_AT + (granule >>> 5));
      if (bits === 0) granule = ((granule >>> 5) + 1) << 5;
      else if (bits & (1 << (granule & 31))) return granule * GRANULE_BYTES - address;
      else granule++;
    }
    return size;
  }

  /** Odd turns are those of places that hold a block. */
  #push(address: number, size: number, place: number): boolean {
    const words = this.#words;
    for (;;) {
      const claimed = atomicsLoad(words, HEAD.pushed);
      const at = placeAt(claimed);
      const ahead = turns(atomicsLoad(words, at + PLACE.turn) - turnOf(claimed));
      if (ahead < 0) return false;
      if (ahead > 0) continue;
      if (atomicsCompareExchange(words, HEAD.pushed, claimed, (claimed + 1) | 0) !== claimed) {
        continue;
      }
      words[at + PLACE.address] = address;
      words[at + PLACE.size] = size;
      words[at + PLACE.thread] = this.#thread;
      words[at + PLACE.freed] = place;
      atomicsStore(words, at + PLACE.turn, turnOf(claimed) + 1);
      return true;
    }
  }

  #pop(): number {
    const words = this.#words;
    for (;;) {
      const claimed = atomicsLoad(words, HEAD.popped);
      const at = placeAt(claimed);
      const ahead = turns(atomicsLoad(words, at + PLACE.turn) - turnOf(claimed) - 1);
      if (ahead < 0) return 0;
      if (ahead > 0) continue;
      if (atomicsCompareExchange(words, HEAD.popped, claimed, (claimed + 1) | 0) !== claimed) {
        continue;
      }
      const address = (words[at + PLACE.address] as number) >>> 0;
      const size = (words[at + PLACE.size] as number) >>> 0;
      atomicsStore(words, at + PLACE.turn, turnOf(claimed) + 2);
      atomicsAdd(words, HEAD.bytes, -size);
      this.#release(address, size);
      return address;
    }
  }

  #release(address: number, size: number): void {
    const from = address >>> GRANULE_SHIFT;
    fill(this.#shadow, FINE, from, (address + size) >>> GRANULE_SHIFT);
    this.#arm(-1);
  }

  /** So many blocks more rest. */
  #arm(blocks: number): void {
    if (this.#turns === TURNS) {
      atomicsAdd(this.#armed, 0, blocks * TURNS);
      return;
    }
    this.#resting += blocks;
    this.#armed[0] = this.#part;
  }

  get #part(): number {
    return this.#resting === 0 ? 0 : this.#turns;
  }
}

/** All allocators that are found align so; of others nothing rests. */
function isAligned(address: number): boolean {
  return (address & (GRANULE_BYTES - 1)) === 0;
}

function entryOf(address: number): number {
  const hash = imul(address >>> GRANULE_SHIFT, 0x9e3779b1) >>> 17;
  return SIZES_AT + (hash & -WAYS) * SIZE.words;
}

function checkOf(address: number, size: number): number {
  return (address ^ imul(size, 0x9e3779b1) ^ CHECK) | 0;
}

function placeAt(claimed: number): number {
  return RING_AT + (claimed & (LIMITS.quarantineBlocks - 1)) * PLACE.words;
}

/** What the turn of its place is when it is that claim's to fill; memory begins with zeros. */
function turnOf(claimed: number): number {
  return floor((claimed >>> 0) / LIMITS.quarantineBlocks) * 2;
}

/** Claims begin again after 2^32, turns with them. */
function turns(difference: number): number {
  return (difference << TURN_SHIFT) >> TURN_SHIFT;
}

function runOf(value: number): Uint8Array {
  const run = new IntrinsicUint8Array(RUN_BYTES);
  for (let i = 0; i < RUN_BYTES; i++) run[i] = value;
  return run;
}

function fill(target: Uint8Array, run: Uint8Array, from: number, to: number): void {
  let at = from;
  for (; at + RUN_BYTES <= to; at += RUN_BYTES) setBytes(target, run, at);
  const value = run[0] as number;
  for (; at < to; at++) target[at] = value;
}
