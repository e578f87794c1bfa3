import type { EntityKey } from '../../analysis/model.ts';
import type { ShownFinding } from './protocol.ts';

/** The findings of each row, in their order. */
export function groupFindings(
  findings: readonly ShownFinding[],
): ReadonlyMap<EntityKey, readonly ShownFinding[]> {
  const byRow = new Map<EntityKey, ShownFinding[]>();
  for (const finding of findings) {
    if (finding.row === undefined) continue;
    const group = byRow.get(finding.row);
    if (group === undefined) byRow.set(finding.row, [finding]);
    else group.push(finding);
  }
  return byRow;
}
