import type { Native } from '../../base/patch.ts';
import type { AtomicsObserver } from '../../hooks/atomics.ts';
import type { HeapBlocks } from '../../hooks/heap/heap-blocks.ts';
import type { ShadowMemories } from '../../hooks/heap/shadow-memories.ts';
import type { FormsAhead } from '../../hooks/wasm/forms-ahead.ts';
import type { ShadowMessage } from '../../hooks/wasm/passed-modules.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import type { MemoryNews } from '../../shared/passage.ts';
import type { MemoryLevel } from '../../shared/settings.ts';
import type { EndId, ThreadId } from '../../shared/units.ts';
import type { HandOver } from '../hand-over.ts';
import type { Collector } from './collector.ts';
import type { NodeEntries } from './node-entries.ts';

/** What every late `observe…` function of this realm works with. */
export interface LateObservation extends HandOver {
  readonly collector: Collector;
  readonly nodes: NodeEntries;
  /** The seed that this document goes by; 0: it is not stressed. */
  readonly stress: { seed: number };
  /** What records atomic operations; undefined where no memory can be shared. */
  readonly atomics: AtomicsObserver | undefined;
  /** The blocks of this thread, those that the page declares among them. */
  readonly ledger: BlockLedger;
  /**
   * What rewritten modules of this thread allocate; none before there are any. `name`: that of our section in modules, and
   * of what they import from us; undefined where none are rewritten. `map`: of a `HeapMap`. `forms`: those of the page. `hasOriginals`: whether modules were
   * compiled before, which then run as they are, or a worker is not heard that was taken to be. `quarantineBytes`: how many bytes of freed blocks may rest in each heap.
   * `unchecked`: what other threads said before there were `checks`. `rewriteFor`: gives a module that another thread compiles with its form behind it.
   */
  readonly heaps: {
    level: MemoryLevel;
    blocks: HeapBlocks | undefined;
    name: string | undefined;
    map: SharedArrayBuffer | undefined;
    forms: FormsAhead | undefined;
    hasOriginals: boolean;
    checks: PageChecks | undefined;
    readonly unchecked: Map<number, { readonly message: ShadowMessage; readonly thread: ThreadId }>;
    quarantineBytes: number;
    rewriteFor: ((bytes: Uint8Array) => Promise<object | undefined>) | undefined;
  };
  /** The page's ends of workers that run modules in their instrumented form. */
  readonly heardEnds: Map<EndId, true>;
  /** Functions of the engine's `Atomics`, where memory can be shared. */
  readonly natives: { notify: Native | undefined; waitAsync: Native | undefined };
  /** All other threads that are seen from inside, for what all of them are told. */
  readonly threads: Map<ThreadId, { tell(news: MemoryNews): void }>;
}

/** What checks the accesses of modules. */
export interface PageChecks {
  readonly shadows: ShadowMemories;
  heard(message: ShadowMessage, thread: ThreadId): void;
}
