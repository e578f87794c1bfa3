import { IntrinsicMap, mapDelete, mapForEach, mapGet, mapSet } from '../base/intrinsics.ts';
import { Ints } from './list.ts';

/** What of the calls shows which functions are `malloc` and `free`. */
export interface Behaviour {
  readonly malloc: number;
  /** Undefined: no function takes back what was handed out again. */
  readonly free: number | undefined;
  /** How many blocks were handed out, and how many of them at an address that had been handed out before. */
  readonly blocks: number;
  readonly reused: number;
}

/** Calls that are looked back on. */
const MOST_CALLS = 200_000;
const FEWEST_BLOCKS = 24;
const FEWEST_REUSES = 8;
const ALIGNMENT = 8;

/**
 * Finds an allocator by what its functions do, where neither name nor shape says it: one gives addresses that are aligned,
 * lie above the program's statics and do not overlap while they are in use, its argument being their size; another takes
 * just these addresses, each before it is handed out again.
 */
export class AllocatorJudge {
  readonly #lowest: number;
  /** Function, argument and result of each call in turn. */
  readonly #calls = new Ints();

  /** `lowest` is where the heap may begin. */
  constructor(lowest: number) {
    this.#lowest = lowest;
  }

  /** A watched function was called; the result is −1 where it gives nothing. */
  called(index: number, argument: number, result: number): void {
    if (this.#calls.length >= MOST_CALLS * CALL) return;
    this.#calls.add(index);
    this.#calls.add(argument);
    this.#calls.add(result);
  }

  /** The function that behaves most like an allocator; undefined: none does yet. */
  judge(): Behaviour | undefined {
    let best: Behaviour | undefined;
    const givers = this.#givers();
    for (let i = 0; i < MOST_CANDIDATES; i++) {
      const malloc = mostCalled(givers);
      if (malloc === undefined) break;
      mapDelete(givers, malloc);
      const behaviour = this.#judgeMalloc(malloc);
      if (behaviour && (!best || behaviour.blocks > best.blocks)) best = behaviour;
    }
    return best;
  }

  /** The functions all of whose results could be blocks, and how often each was called. */
  #givers(): Map<number, number> {
    const calls = this.#calls;
    const givers = new IntrinsicMap<number, number>();
    for (let at = 0; at < calls.length; at += CALL) {
      const result = calls.at(at + 2);
      if (result === NONE) continue;
      const fits = result !== 0 && result % ALIGNMENT === 0 && result >>> 0 >= this.#lowest;
      const index = calls.at(at);
      const before = mapGet(givers, index) ?? 0;
      mapSet(givers, index, fits && before !== OUT ? before + 1 : OUT);
    }
    return givers;
  }

  #judgeMalloc(malloc: number): Behaviour | undefined {
    const { blocks, reused, takers } = this.#followBlocks(malloc);
    if (blocks < FEWEST_BLOCKS) return undefined;
    let free: number | undefined;
    let most = 0;
    mapForEach(takers, (taken, index) => {
      // Every address that was handed out again had been taken back by it, and nothing else was.
      const all = taken.beforeReuse === reused && taken.others === 0;
      if (all && taken.blocks > most && reused >= FEWEST_REUSES) {
        most = taken.blocks;
        free = index;
      }
    });
    // Without a free nothing may be handed out twice.
    if (free === undefined && reused > 0) return undefined;
    return this.#overlaps(malloc, free) ? undefined : { malloc, free, blocks, reused };
  }

  /** Who takes the blocks of a function, and what was taken before it was handed out again. */
  #followBlocks(malloc: number): Followed {
    const calls = this.#calls;
    /** Blocks by address: which functions have taken each since it was handed out. */
    const live = new IntrinsicMap<number, Map<number, true>>();
    const takers = new IntrinsicMap<number, Taken>();
    let blocks = 0;
    let reused = 0;
    for (let at = 0; at < calls.length; at += CALL) {
      const index = calls.at(at);
      const argument = calls.at(at + 1);
      const result = calls.at(at + 2);
      if (result === NONE) noteTaking(takers, live, index, argument);
      else if (index === malloc) {
        blocks++;
        const before = mapGet(live, result);
        if (before) {
          reused++;
          mapForEach(before, (_, taker) => {
            const taken = mapGet(takers, taker);
            if (taken) taken.beforeReuse++;
          });
        }
        mapSet(live, result, new IntrinsicMap());
      }
    }
    return { blocks, reused, takers };
  }

  /** Whether a block is handed out that reaches into the next one above it, or lies in the one below. */
  #overlaps(malloc: number, free: number | undefined): boolean {
    const calls = this.#calls;
    /** In use: sizes by the 8 bytes that a block begins with; and which block each 8 bytes lie in. */
    const sizes = new IntrinsicMap<number, number>();
    const owners = new IntrinsicMap<number, number>();
    for (let at = 0; at < calls.length; at += CALL) {
      const index = calls.at(at);
      const argument = calls.at(at + 1);
      if (index === free) paint(owners, sizes, argument, false);
      else if (index === malloc) {
        const block = calls.at(at + 2);
        mapSet(sizes, block, argument);
        if (!paint(owners, sizes, block, true)) return true;
      }
    }
    return false;
  }
}

/** The functions that were called most are looked at closely. */
const MOST_CANDIDATES = 16;
/** Of a function that gave what is no block. */
const OUT = -1;
const CALL = 3;
const NONE = -1;
/** Of larger blocks only the beginning is compared. */
const MOST_PAINTED = 64;

interface Taken {
  /** Arguments that were blocks in use. */
  blocks: number;
  /** Arguments that were none, the null pointer apart. */
  others: number;
  /** Blocks that it took before they were handed out again. */
  beforeReuse: number;
}

interface Followed {
  readonly blocks: number;
  readonly reused: number;
  readonly takers: Map<number, Taken>;
}

/** Of those that could have handed out enough. */
function mostCalled(givers: Map<number, number>): number | undefined {
  let best: number | undefined;
  let most = FEWEST_BLOCKS - 1;
  mapForEach(givers, (calls, index) => {
    if (calls <= most) return;
    best = index;
    most = calls;
  });
  return best;
}

function noteTaking(
  takers: Map<number, Taken>,
  live: Map<number, Map<number, true>>,
  index: number,
  argument: number,
): void {
  if (argument === 0) return;
  const taken = mapGet(takers, index) ?? { blocks: 0, others: 0, beforeReuse: 0 };
  mapSet(takers, index, taken);
  const by = mapGet(live, argument);
  // What was handed out once is not handed back twice.
  if (!by || mapGet(by, index)) taken.others++;
  else {
    taken.blocks++;
    mapSet(by, index, true);
  }
}

/** Claims the 8 bytes that a block consists of, or gives them up; false: another one holds some of them. */
function paint(
  owners: Map<number, number>,
  sizes: Map<number, number>,
  block: number,
  claims: boolean,
): boolean {
  const size = mapGet(sizes, block);
  if (size === undefined) return true;
  let granules = 1;
  while (granules < MOST_PAINTED && granules * ALIGNMENT < size >>> 0) granules++;
  for (let i = 0; i < granules; i++) {
    const granule = (block >>> 3) + i;
    if (!claims) mapDelete(owners, granule);
    else if (mapGet(owners, granule) !== undefined) return false;
    else mapSet(owners, granule, block);
  }
  if (!claims) mapDelete(sizes, block);
  return true;
}
