import type { EntityKey } from '../../analysis/model.ts';
import type { Row } from '../worker/protocol.ts';

/** A row that the filter and the folds let through, and where it stands. */
export interface VisibleRow {
  readonly row: Row;
  readonly depth: number;
  readonly topPx: number;
  readonly heightPx: number;
  readonly folded: boolean;
  readonly foldable: boolean;
}

export const ROW_HEIGHT = { document: 22, context: 24, worker: 26, node: 26 } as const;

export interface RowFilter {
  /** Lower case; empty lets all through. */
  readonly text: string;
  readonly folded: ReadonlySet<EntityKey>;
}

/**
 * The rows in order with their places. A row stays when it or anything below it matches; a heading
 * that matches keeps all below it. While a text is sought nothing is folded.
 */
export function buildVisibleRows(rows: readonly Row[], filter: RowFilter): readonly VisibleRow[] {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const kept = filter.text === '' ? undefined : matching(rows, byKey, filter.text);
  const parents = new Set(rows.map((row) => row.parent));
  const out: VisibleRow[] = [];
  let topPx = 0;
  for (const row of rows) {
    if (kept !== undefined && !kept.has(row.key)) continue;
    if (kept === undefined && isInside(row, byKey, filter.folded)) continue;
    const heightPx = ROW_HEIGHT[row.kind];
    out.push({
      row,
      depth: ancestors(row, byKey).length,
      topPx,
      heightPx,
      folded: kept === undefined && filter.folded.has(row.key),
      foldable: parents.has(row.key),
    });
    topPx += heightPx;
  }
  return out;
}

function matching(
  rows: readonly Row[],
  byKey: ReadonlyMap<EntityKey, Row>,
  text: string,
): ReadonlySet<EntityKey> {
  const hits = new Set<EntityKey>();
  const kept = new Set<EntityKey>();
  for (const row of rows) {
    const above = ancestors(row, byKey);
    const inherited = above.some((each) => hits.has(each.key) && each.kind !== 'document');
    const own = `${row.label} ${row.note}`.toLowerCase().includes(text);
    if (own) hits.add(row.key);
    if (!own && !inherited) continue;
    kept.add(row.key);
    for (const each of above) kept.add(each.key);
  }
  return kept;
}

function isInside(
  row: Row,
  byKey: ReadonlyMap<EntityKey, Row>,
  folded: ReadonlySet<EntityKey>,
): boolean {
  return ancestors(row, byKey).some((each) => folded.has(each.key));
}

function ancestors(row: Row, byKey: ReadonlyMap<EntityKey, Row>): readonly Row[] {
  const out: Row[] = [];
  let parent = row.parent === undefined ? undefined : byKey.get(row.parent);
  while (parent !== undefined) {
    out.push(parent);
    parent = parent.parent === undefined ? undefined : byKey.get(parent.parent);
  }
  return out;
}

export function heightOf(rows: readonly VisibleRow[]): number {
  const last = rows.at(-1);
  return last === undefined ? 0 : last.topPx + last.heightPx;
}

/** Rows that touch the stretch `topPx` … `bottomPx`. */
export function rowsBetween(
  rows: readonly VisibleRow[],
  topPx: number,
  bottomPx: number,
): readonly VisibleRow[] {
  return rows.slice(indexAt(rows, topPx), indexAt(rows, bottomPx) + 1);
}

export function rowAt(rows: readonly VisibleRow[], yPx: number): VisibleRow | undefined {
  const row = rows[indexAt(rows, yPx)];
  return row !== undefined && yPx >= row.topPx && yPx < row.topPx + row.heightPx ? row : undefined;
}

/** Index of the last row that begins at or before `yPx`; 0 when there is none. */
function indexAt(rows: readonly VisibleRow[], yPx: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.topPx ?? 0) <= yPx) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
