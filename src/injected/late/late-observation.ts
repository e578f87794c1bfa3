import type { HandOver } from '../hand-over.ts';
import type { Collector } from './collector.ts';
import type { NodeEntries } from './node-entries.ts';

/** What every late `observe…` function of this realm works with. */
export interface LateObservation extends HandOver {
  readonly collector: Collector;
  readonly nodes: NodeEntries;
  /** The seed that this document goes by; 0: it is not stressed. */
  readonly stress: { seed: number };
}
