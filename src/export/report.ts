import type { Certainty, Finding, FindingEntity, Severity } from '../analysis/finding.ts';
import type { DocumentFacts } from '../analysis/model.ts';
import { topDocument } from './perfetto/trace-time.ts';

const COLUMNS = ['severity', 'certainty', 'rule', 'entity', 'count', 'first'] as const;
const RIGHT: readonly string[] = ['count', 'first'];
const MAX_ENTITY_CHARACTERS = 40;
const INDENT = '  ';

/** What a report is made of: a `Session`. */
export interface ReportedSession {
  readonly documents: readonly DocumentFacts[];
  readonly totals: { readonly calls: number; readonly lost: number };
  /** What could not be observed, in words. */
  readonly coverage: readonly string[];
}

/** How the session came about. */
export interface ReportOrigin {
  readonly url: string;
  /** Name and version. */
  readonly browser: string;
  /** How long was recorded. */
  readonly seconds: number;
}

/** The document that `inspect --json` prints. Fields may be added, never changed. */
export interface Report {
  readonly version: 1;
  readonly url: string;
  readonly browser: string;
  readonly seconds: number;
  /** Whether the top document was cross-origin isolated. */
  readonly isolated: boolean;
  /** `process()` calls seen, in all frames. */
  readonly calls: number;
  /** Records lost. */
  readonly lost: number;
  readonly contexts: number;
  readonly nodes: number;
  readonly coverage: readonly string[];
  readonly findings: readonly ReportedFinding[];
}

/** Times are milliseconds since the page's navigation start. */
export interface ReportedFinding {
  readonly rule: string;
  readonly severity: Severity;
  readonly certainty: Certainty;
  readonly entity: FindingEntity;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly message: string;
  readonly help: string;
  readonly link: string;
  readonly evidence: readonly {
    readonly ms: number;
    readonly thread: string;
    readonly what: string;
  }[];
  readonly stacks: { readonly [role: string]: readonly string[] };
}

export function buildReport(
  session: ReportedSession,
  findings: readonly Finding[],
  origin: ReportOrigin,
): Report {
  const { documents, totals, coverage } = session;
  return {
    version: 1,
    url: origin.url,
    browser: origin.browser,
    seconds: origin.seconds,
    isolated: topDocument(documents)?.isolated ?? false,
    calls: totals.calls,
    lost: totals.lost,
    contexts: documents.reduce((sum, each) => sum + each.contexts.size, 0),
    nodes: documents.reduce((sum, each) => sum + each.nodes.size, 0),
    coverage: [...coverage],
    findings: findings.map(reported),
  };
}

function reported(finding: Finding): ReportedFinding {
  const { rule, severity, certainty, entity, count, message, help, link, stacks } = finding;
  return {
    rule,
    severity,
    certainty,
    entity: { kind: entity.kind, id: entity.id, label: entity.label },
    count,
    firstMs: finding.first / 1000,
    lastMs: finding.last / 1000,
    message,
    help,
    link,
    evidence: finding.evidence.map(({ at, thread, what }) => ({ ms: at / 1000, thread, what })),
    stacks,
  };
}

/**
 * The report for people at a terminal, without colours: a line a finding, under it what is wrong
 * and how to mend it, wrapped to `width` characters. What a page named loses its control
 * characters, so that no name can drive the terminal.
 */
export function reportTable(report: Report, width = 100): string {
  const lines = [
    `${plain(report.url)}`,
    [
      plain(report.browser),
      `${report.seconds} s`,
      report.isolated ? 'cross-origin isolated' : 'not cross-origin isolated',
      counted(report.contexts, 'context'),
      counted(report.nodes, 'node'),
      counted(report.calls, 'process() call'),
      `${counted(report.lost, 'record')} lost`,
    ].join(' · '),
    '',
  ];
  if (report.findings.length === 0) lines.push('No findings.');
  else lines.push(...findingLines(report.findings, width));
  if (report.coverage.length > 0) {
    lines.push('', 'Not observed:');
    for (const each of report.coverage) lines.push(...wrap(plain(each), width, '- ', INDENT));
  }
  return lines.join('\n');
}

function findingLines(findings: readonly ReportedFinding[], width: number): readonly string[] {
  const rows = findings.map(cells);
  const widths = COLUMNS.map((column, c) =>
    Math.max(column.length, ...rows.map((row) => characters(row[c] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => {
        const gap = ' '.repeat(Math.max(0, (widths[c] ?? 0) - characters(cell)));
        return RIGHT.includes(COLUMNS[c] ?? '') ? gap + cell : cell + gap;
      })
      .join(INDENT)
      .trimEnd();
  const lines = [line(COLUMNS.map((column) => column.toUpperCase()))];
  for (const [index, finding] of findings.entries()) {
    lines.push(line(rows[index] ?? []));
    lines.push(...wrap(plain(finding.message), width, INDENT, INDENT));
    lines.push(...wrap(`Mend: ${plain(finding.help)}`, width, INDENT, INDENT));
    if (finding.link !== '') lines.push(`${INDENT}${plain(finding.link)}`);
    lines.push('');
  }
  lines.push(
    (['error', 'warning', 'info'] as const)
      .map((severity) => {
        const count = findings.filter((each) => each.severity === severity).length;
        return severity === 'info' ? `${count} info` : counted(count, severity);
      })
      .join(', '),
  );
  return lines;
}

function cells(finding: ReportedFinding): readonly string[] {
  const { severity, certainty, rule, entity, count, firstMs } = finding;
  return [
    severity,
    certainty,
    rule,
    cut(plain(entity.label), MAX_ENTITY_CHARACTERS),
    String(count),
    `${(firstMs / 1000).toFixed(3)} s`,
  ];
}

/** Breaks at spaces; a word longer than the width (a URL) stays whole. */
function wrap(text: string, width: number, first: string, rest: string): readonly string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/\s+/u).filter((each) => each !== '')) {
    if (!empty && characters(line) + 1 + characters(word) > width) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  if (!empty) lines.push(line);
  return lines;
}

/** Control characters and those that turn the direction of text become U+FFFD. */
function plain(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Bidi_Control}]/gu, '\ufffd');
}

function cut(text: string, most: number): string {
  const units = [...text];
  return units.length <= most ? text : `${units.slice(0, most - 1).join('')}…`;
}

function characters(text: string): number {
  return [...text].length;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
