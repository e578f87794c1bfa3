import type { Severity } from '../../analysis/finding.ts';
import type { ShownFinding } from '../worker/protocol.ts';

export const SEVERITIES = ['error', 'warning', 'info'] as const satisfies readonly Severity[];
export const FINDING_COLUMNS = [
  'severity',
  'rule',
  'entity',
  'certainty',
  'count',
  'time',
] as const;
export type FindingColumn = (typeof FINDING_COLUMNS)[number];

export interface FindingOrder {
  readonly by: FindingColumn;
  readonly descending: boolean;
}

export interface FindingQuery {
  /** Lower case; each of its words must occur. Empty lets all through. */
  readonly text: string;
  readonly severities: ReadonlySet<Severity>;
  readonly order: FindingOrder;
}

/** The findings to list, in order; equal ones stay in order of time. */
export function buildFindingList(
  findings: readonly ShownFinding[],
  query: FindingQuery,
): readonly ShownFinding[] {
  const words = query.text.split(/\s+/u).filter((word) => word !== '');
  const kept = findings.filter(
    (finding) => query.severities.has(finding.severity) && matches(finding, words),
  );
  const sign = query.order.descending ? -1 : 1;
  return kept.sort(
    (a, b) =>
      sign * compare(a, b, query.order.by) || a.firstAt - b.firstAt || (a.id < b.id ? -1 : 1),
  );
}

function matches(finding: ShownFinding, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const { rule, title, severity, certainty, message, entity } = finding;
  const text = [rule, title, severity, certainty, message, entity.label].join(' ').toLowerCase();
  return words.every((word) => text.includes(word));
}

function compare(a: ShownFinding, b: ShownFinding, by: FindingColumn): number {
  switch (by) {
    case 'severity':
      return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
    case 'rule':
      return a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0;
    case 'entity':
      return a.entity.label.localeCompare(b.entity.label, 'en', { numeric: true });
    case 'certainty':
      return a.certainty === b.certainty ? 0 : a.certainty === 'proven' ? -1 : 1;
    case 'count':
      return a.count - b.count;
    case 'time':
      return a.firstAt - b.firstAt;
  }
}

/** The finding to select after a key press; undefined when the list is empty. */
export function stepFinding(
  findings: readonly ShownFinding[],
  selected: string | undefined,
  step: number | 'first' | 'last',
): ShownFinding | undefined {
  if (step === 'first') return findings[0];
  if (step === 'last') return findings.at(-1);
  const at = findings.findIndex(({ id }) => id === selected);
  if (at < 0) return step > 0 ? findings[0] : findings.at(-1);
  return findings[Math.min(Math.max(at + step, 0), findings.length - 1)];
}

export function countBySeverity(findings: readonly ShownFinding[]): {
  readonly [S in Severity]: number;
} {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}
