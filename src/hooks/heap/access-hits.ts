import { IntrinsicMap, lengthOf, mapGet, mapSet } from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Touch } from '../../shared/passage.ts';
import { originalStack } from '../wasm/original-stack.ts';
import type { FunctionLayout } from '../wasm/wasm-tag.ts';
import type { Quarantine } from './quarantine.ts';

/** What is needed of a thread to tell of accesses to freed memory. */
export interface HitHost {
  next(): number;
  now(): number;
  /** The frame that an audio rendering thread is at; 0 elsewhere. */
  frame(): number;
  stack(): string;
  /** The number of a memory in this thread. */
  memoryOf(memory: object): number;
  touched(touch: Touch): void;
}

/** The heap that is touched. */
export interface TouchedHeap {
  /** The number of its shadow. */
  readonly id: number;
  readonly memory: object;
  readonly quarantine: Quarantine;
}

interface Site {
  readonly addresses: Map<number, Seen>;
  count: number;
}

interface Seen {
  times: number;
  told: number;
  tellings: number;
  /** How many times make it worth telling again. */
  next: number;
  /** What had come into quarantine when it was told. */
  pushed: number;
}

const MODULE = 2 ** 32;
/** One address is told of so often at most. */
const MOST_TELLINGS = 64;

/**
 * The accesses of one thread to freed memory, as checks report them. Each instruction and address is told the first
 * time, when it has happened twice as often, and when other blocks have been freed meanwhile; all of them within a
 * budget. Nothing is allocated unless something is hit.
 */
export class AccessHits {
  readonly #host: HitHost;
  readonly #sites = new IntrinsicMap<number, Site>();
  #count = 0;

  constructor(host: HitHost) {
    this.#host = host;
  }

  hit(
    module: number,
    heap: TouchedHeap,
    layout: FunctionLayout,
    site: number,
    address: number,
  ): void {
    const seen = this.#seen(module * MODULE + site, address);
    if (!seen) return;
    seen.times++;
    const { pushed } = heap.quarantine;
    if (seen.times < seen.next && seen.pushed === pushed) return;
    if (seen.tellings++ >= MOST_TELLINGS) return;
    const seq = this.#host.next();
    const resting = heap.quarantine.near(address);
    const isFirst = seen.pushed !== pushed;
    const times = seen.times - seen.told;
    seen.pushed = pushed;
    seen.told = seen.times;
    seen.next = seen.times * 2;
    // A hint of what lies in front of a block.
    if (lengthOf(resting) === 0) return;
    const host = this.#host;
    host.touched({
      module,
      shadow: heap.id,
      memory: host.memoryOf(heap.memory),
      site,
      address,
      times,
      resting,
      seq,
      at: host.now(),
      frame: host.frame(),
      stack: isFirst ? originalStack(host.stack(), layout) : '',
    });
  }

  #seen(key: number, address: number): Seen | undefined {
    let site = mapGet(this.#sites, key);
    if (!site) {
      if (this.#count >= LIMITS.touchingSites) return undefined;
      this.#count++;
      site = { addresses: new IntrinsicMap(), count: 0 };
      mapSet(this.#sites, key, site);
    }
    const known = mapGet(site.addresses, address);
    if (known || site.count >= LIMITS.touchedAddresses) return known;
    site.count++;
    const seen = { times: 0, told: 0, tellings: 0, next: 1, pushed: -1 };
    mapSet(site.addresses, address, seen);
    return seen;
  }
}
