import type { Severity } from '../../../analysis/finding.ts';
import type { EntityKey } from '../../../analysis/model.ts';

/** Whose a block is taken to be. */
export const HEAP_OWNERS = ['node', 'context', 'site'] as const;
export type HeapOwner = (typeof HEAP_OWNERS)[number];

export const HEAP_STATES = ['all', 'live', 'freed'] as const;
/** Which blocks are shown. */
export type HeapShown = (typeof HEAP_STATES)[number];

export const HEAP_SORTS = ['worst', 'blocks', 'live', 'growth'] as const;
export type HeapSort = (typeof HEAP_SORTS)[number];

/** What the heap view shows. */
export interface HeapQuery {
  readonly by: HeapOwner;
  readonly shown: HeapShown;
  readonly sort: HeapSort;
  /** In small letters. */
  readonly text: string;
  /** Groups that are folded though they would be open, or the other way round. */
  readonly toggled: readonly string[];
  /** One memory; undefined: all of them. */
  readonly memory: EntityKey | undefined;
  /** The stretch in sight. */
  readonly from: number;
  readonly to: number;
  readonly widthPx: number;
}

export interface HeapView {
  readonly query: HeapQuery;
  readonly memories: readonly HeapMemory[];
  readonly curve: HeapCurve;
  readonly groups: readonly HeapGroup[];
  readonly groupsOmitted: number;
  /** Blocks that match. */
  readonly blocks: number;
  /** A page of the session can share memory: only there are modules rewritten. */
  readonly isolated: boolean;
}

/** A data block that a heap is in, or of which a page declared parts. */
export interface HeapMemory {
  readonly key: EntityKey;
  readonly label: string;
  /** Its page is gone, and all that lived in it. */
  readonly isGone: boolean;
  /** The most that any thread has seen. */
  readonly bytes: number;
  readonly growths: number;
  /** Of all blocks where they are counted, else of those that are known one by one. */
  readonly made: number;
  readonly freed: number;
  readonly live: number;
  readonly liveBytes: number;
  readonly isCounted: boolean;
  /** Undefined where freed blocks do not rest. */
  readonly quarantine:
    | {
        readonly blocks: number;
        readonly mostBlocks: number;
        readonly bytes: number;
        readonly mostBytes: number;
      }
    | undefined;
  /** Of the shadow: what covers the memory as large as it is, and all that is set aside. */
  readonly shadow: { readonly bytes: number; readonly reserved: number } | undefined;
}

/** Bytes at the end of each step. */
export interface HeapCurve {
  readonly from: number;
  readonly stepMicros: number;
  /** Blocks that are known one by one. */
  readonly known: Float64Array<ArrayBuffer>;
  /** All blocks, as far as they are counted; empty where they are not. */
  readonly counted: Float64Array<ArrayBuffer>;
  /** Freed blocks in quarantine; empty where none ever rest. */
  readonly resting: Float64Array<ArrayBuffer>;
}

/** What one owner has. */
export interface HeapGroup {
  readonly id: string;
  readonly label: string;
  readonly note: string;
  /** What a click selects; undefined: nothing is behind it. */
  readonly target: HeapTarget | undefined;
  readonly blocks: number;
  readonly live: number;
  readonly liveBytes: number;
  /** How live bytes have changed over the stretch in sight. */
  readonly growth: number;
  /** Live bytes over the stretch in sight. */
  readonly curve: Float64Array<ArrayBuffer>;
  readonly worst: Severity | undefined;
  readonly open: boolean;
  readonly rows: readonly HeapRow[];
  readonly rowsOmitted: number;
}

/** A lifeline, or what only the heap view has a row for. `row` is the lifeline that it belongs to. */
export type HeapTarget =
  | { readonly kind: 'row'; readonly key: EntityKey }
  | { readonly kind: 'heap'; readonly key: EntityKey; readonly row: EntityKey | undefined };

/** One block. */
export interface HeapRow {
  readonly key: EntityKey;
  /** The lifeline of the node that uses it. */
  readonly row: EntityKey | undefined;
  readonly label: string;
  readonly address: string;
  /** 0: not known. */
  readonly bytes: number;
  readonly born: number;
  /** Undefined while it lives. */
  readonly freed: number | undefined;
  /** Its page was gone before it was freed. */
  readonly wentWithPage: boolean;
  /** Until when something used it after that: it was touched, or a node was called whose user data it is. */
  readonly usedUntil: number | undefined;
  /** When it was touched, or freed once more, after it was freed. */
  readonly misuses: readonly number[];
  readonly worst: Severity | undefined;
}
