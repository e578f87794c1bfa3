import type { EntityKey } from '../../analysis/model.ts';
import type { HeapGroup, HeapRow, HeapTarget, HeapView } from '../worker/heap/heap-protocol.ts';
import type { ShownFinding } from '../worker/protocol.ts';

/** A line of the table: an owner, or one of its blocks. */
export type HeapLine =
  | { readonly kind: 'group'; readonly group: HeapGroup }
  | { readonly kind: 'block'; readonly group: HeapGroup; readonly row: HeapRow };

/** From top to bottom. */
export function heapLines(view: HeapView | undefined): readonly HeapLine[] {
  return (view?.groups ?? []).flatMap((group) => [
    { kind: 'group' as const, group },
    ...group.rows.map((row) => ({ kind: 'block' as const, group, row })),
  ]);
}

/** What a click on a line selects. */
export function targetOf(line: HeapLine): HeapTarget | undefined {
  if (line.kind === 'group') return line.group.target;
  const { key, row } = line.row;
  return { kind: 'heap', key, row };
}

export function lineId(line: HeapLine): string {
  return line.kind === 'group' ? `owner-${line.group.id}` : `block-${line.row.key}`;
}

/** The line that shows what is selected: of a finding about a block that of the block. */
export function selectedLine(
  lines: readonly HeapLine[],
  entity: EntityKey | undefined,
  finding: ShownFinding | undefined,
): HeapLine | undefined {
  const key = finding?.entity.kind === 'block' ? finding.entity.id : entity;
  if (key === undefined) return undefined;
  return lines.find((line) => targetOf(line)?.key === key);
}

/** The line so many below that can be selected; at the ends the last such. */
export function stepLine(
  lines: readonly HeapLine[],
  from: HeapLine | undefined,
  step: number | 'first' | 'last',
): HeapLine | undefined {
  const there = lines.filter((line) => targetOf(line) !== undefined);
  if (step === 'first') return there[0];
  if (step === 'last') return there.at(-1);
  const at = from === undefined ? -1 : there.indexOf(from);
  if (at < 0) return step > 0 ? there[0] : there.at(-1);
  return there[Math.min(Math.max(at + step, 0), there.length - 1)];
}
