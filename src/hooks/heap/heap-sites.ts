import { IntrinsicMap, mapForEach, mapGet, mapSet } from '../../base/intrinsics.ts';
import type { Micros } from '../../shared/units.ts';

/** A place of the program that allocates, as far as stacks of its allocations were taken. */
export interface HeapSite {
  readonly id: number;
  readonly stack: string;
  /** Blocks that it made, and of them those that are there: too many where other threads free them. */
  made: number;
  live: number;
  /** As they were counted and told last. */
  counted: number;
  bytes: number;
  told: number;
}

/** So many sites are told apart. */
const SITES = 256;
/** Fewer blocks are nothing to speak of. */
const FEWEST = 64;
const LOOK_MICROS = 1e6;

/** Counts blocks by the place that allocates them, and tells now and then of places that keep many. */
export class HeapSites {
  readonly #sites = new IntrinsicMap<string, HeapSite>();
  #count = 0;
  #looked = 0;

  /** Undefined where there are too many. */
  at(stack: string): HeapSite | undefined {
    const known = mapGet(this.#sites, stack);
    if (known || this.#count === SITES) return known;
    const id = ++this.#count;
    const site: HeapSite = { id, stack, made: 0, live: 0, counted: 0, bytes: 0, told: 0 };
    mapSet(this.#sites, stack, site);
    return site;
  }

  /** Tells of sites whose blocks are more, or fewer, than a second ago. `each` visits those that are there. */
  look(
    now: Micros,
    each: (visit: (site: HeapSite, size: number) => void) => void,
    tell: (site: HeapSite) => void,
  ): void {
    if (now - this.#looked < LOOK_MICROS) return;
    this.#looked = now;
    let isWorth = false;
    mapForEach(this.#sites, (site) => {
      site.counted = 0;
      site.bytes = 0;
      isWorth ||= site.live >= FEWEST || site.told > 0;
    });
    if (!isWorth) return;
    each((site, size) => {
      site.counted++;
      site.bytes += size;
    });
    mapForEach(this.#sites, (site) => {
      site.live = site.counted;
      if (site.counted === site.told || (site.counted < FEWEST && site.told === 0)) return;
      site.told = site.counted;
      tell(site);
    });
  }
}
