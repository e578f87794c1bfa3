import type { Certainty, Evidence, Finding, FindingEntity, Severity } from '../analysis/finding.ts';
import type { JudgedTeardown } from '../analysis/judge-teardowns.ts';
import { contextLabel, nodeLabel, threadLabel } from '../analysis/labels.ts';
import type { DocumentFacts, InterventionFacts } from '../analysis/model.ts';
import { topDocument } from './perfetto/trace-time.ts';

const FINDING_COLUMNS = ['severity', 'certainty', 'rule', 'entity', 'count', 'first'];
const TEARDOWN_COLUMNS = ['verdict', 'certainty', 'release', 'entity', 'at'];
const STRESS_COLUMNS = ['step', 'action', 'for', 'entity', 'at'];
const MAX_STRESS_LINES = 20;
const RIGHT: readonly string[] = ['count', 'first', 'at', 'step', 'for'];
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
  /** The seed of stress teardown. */
  readonly stress?: number | undefined;
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
  /** Every moment at which something that a processor uses was given up. */
  readonly teardowns: readonly ReportedTeardown[];
  /** What stress teardown did; absent where nothing was stressed. */
  readonly stress?: ReportedStress;
}

export interface ReportedStress {
  readonly seed: number;
  readonly steps: readonly ReportedStep[];
}

interface ReportedStep {
  /** Its number in the schedule of its document. Several may share one: what was suspended is resumed. */
  readonly step: number;
  readonly action: InterventionFacts['action'];
  /** How long it lasts. */
  readonly ms: number;
  readonly atMs: number;
  readonly thread: string;
  /** Of the node or the context; empty where neither is known. */
  readonly entity: string;
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
  readonly evidence: readonly ReportedEvidence[];
  readonly stacks: { readonly [role: string]: readonly string[] };
}

interface ReportedEvidence {
  readonly ms: number;
  readonly thread: string;
  readonly what: string;
}

export interface ReportedTeardown {
  readonly entity: FindingEntity;
  readonly verdict: 'ordered' | 'racy' | 'unknown';
  /** What puts the last use before the release, such as `message` or `semaphore`; empty when nothing does. */
  readonly by: string;
  readonly certainty: Certainty;
  readonly releaseMs: number;
  /** What kind of release it is: a signal of destruction, or `free`. */
  readonly release: string;
  readonly message: string;
  readonly evidence: readonly ReportedEvidence[];
}

/** What a report says of a teardown. */
export type TeardownToReport = Omit<JudgedTeardown, 'id' | 'node'>;

export function buildReport(
  session: ReportedSession,
  findings: readonly Finding[],
  teardowns: readonly TeardownToReport[],
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
    findings: findings.map(reportedFinding),
    teardowns: teardowns.map(reportedTeardown),
    ...reportedStress(documents, origin.stress),
  };
}

function reportedFinding(finding: Finding): ReportedFinding {
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
    evidence: finding.evidence.map(reportedEvidence),
    stacks,
  };
}

function reportedTeardown(teardown: TeardownToReport): ReportedTeardown {
  const { entity, verdict, by = '', certainty, release, message } = teardown;
  return {
    entity: { kind: entity.kind, id: entity.id, label: entity.label },
    verdict,
    by,
    certainty,
    releaseMs: teardown.at / 1000,
    release,
    message,
    evidence: teardown.evidence.map(reportedEvidence),
  };
}

/** `seed` was asked for; without one, what the records say. */
function reportedStress(
  documents: readonly DocumentFacts[],
  seed: number | undefined,
): { readonly stress?: ReportedStress } {
  const origin = topDocument(documents)?.timeOrigin ?? 0;
  const found = documents.flatMap(({ interventions }) => interventions)[0]?.seed;
  const known = seed ?? found;
  if (known === undefined) return {};
  const steps = documents.flatMap((document) =>
    document.interventions.map(
      (each): ReportedStep => ({
        step: each.step,
        action: each.action,
        ms: each.micros / 1000,
        atMs: (each.at + document.timeOrigin - origin) / 1000,
        thread: threadLabel(document, each.thread),
        entity:
          (each.node && nodeLabel(each.node)) ?? (each.context && contextLabel(each.context)) ?? '',
      }),
    ),
  );
  return { stress: { seed: known, steps: steps.toSorted((a, b) => a.atMs - b.atMs) } };
}

function reportedEvidence({ at, thread, what }: Evidence): ReportedEvidence {
  return { ms: at / 1000, thread, what };
}

/**
 * The report for people at a terminal, without colours: a line a finding, under it what is wrong
 * and how to mend it, then the teardowns that nothing orders or of which that is not
 * known, then what stress teardown did, wrapped to `width` characters. What a page named loses its control
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
  if (report.teardowns.length > 0) lines.push('', ...teardownLines(report.teardowns, width));
  if (report.stress !== undefined) lines.push('', ...stressLines(report.stress));
  if (report.coverage.length > 0) {
    lines.push('', 'Not observed:');
    for (const each of report.coverage) lines.push(...wrap(plain(each), width, '- ', INDENT));
  }
  return lines.join('\n');
}

function findingLines(findings: readonly ReportedFinding[], width: number): readonly string[] {
  const table = layoutTable(FINDING_COLUMNS, findings.map(findingCells));
  const lines = [table.head];
  for (const [index, finding] of findings.entries()) {
    lines.push(table.rows[index] ?? '');
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

function findingCells(finding: ReportedFinding): readonly string[] {
  const { severity, certainty, rule, entity, count, firstMs } = finding;
  return [severity, certainty, rule, entityCell(entity), String(count), seconds(firstMs)];
}

/** How many of each verdict, and those that are not right, or not known to be. */
function teardownLines(teardowns: readonly ReportedTeardown[], width: number): readonly string[] {
  const counts = (['ordered', 'racy', 'unknown'] as const)
    .map(
      (verdict) => [teardowns.filter((each) => each.verdict === verdict).length, verdict] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, verdict]) => `${count} ${verdict}`);
  const lines = [`${counted(teardowns.length, 'teardown')}: ${counts.join(', ')}`];
  const shown = teardowns.filter(({ verdict }) => verdict !== 'ordered');
  if (shown.length === 0) return lines;
  const table = layoutTable(TEARDOWN_COLUMNS, shown.map(teardownCells));
  lines.push('', table.head);
  for (const [index, { message }] of shown.entries()) {
    lines.push(table.rows[index] ?? '', ...wrap(plain(message), width, INDENT, INDENT));
  }
  return lines;
}

function teardownCells(teardown: ReportedTeardown): readonly string[] {
  const { verdict, certainty, release, entity, releaseMs } = teardown;
  return [verdict, certainty, release, entityCell(entity), seconds(releaseMs)];
}

/** What was done to the page; a step for which there was nothing to do is only counted. */
function stressLines({ seed, steps }: ReportedStress): readonly string[] {
  const done = steps.filter(({ action }) => action !== 'nothing');
  const table = layoutTable(
    STRESS_COLUMNS,
    done
      .slice(0, MAX_STRESS_LINES)
      .map(({ step, action, ms, entity, atMs }) => [
        String(step),
        action,
        ms === 0 ? '' : `${ms} ms`,
        cut(plain(entity), MAX_ENTITY_CHARACTERS),
        seconds(atMs),
      ]),
  );
  const lines = [`stressed with seed ${seed}: ${counted(done.length, 'intervention')}`];
  if (done.length > 0) lines.push('', table.head, ...table.rows);
  if (done.length > MAX_STRESS_LINES) lines.push(`… ${done.length - MAX_STRESS_LINES} more`);
  return lines;
}

function layoutTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): { readonly head: string; readonly rows: readonly string[] } {
  const widths = columns.map((column, c) =>
    Math.max(column.length, ...rows.map((row) => characters(row[c] ?? ''))),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => {
        const gap = ' '.repeat(Math.max(0, (widths[c] ?? 0) - characters(cell)));
        return RIGHT.includes(columns[c] ?? '') ? gap + cell : cell + gap;
      })
      .join(INDENT)
      .trimEnd();
  return { head: line(columns.map((column) => column.toUpperCase())), rows: rows.map(line) };
}

/** A block is often named like the node that uses it. */
function entityCell({ kind, label }: FindingEntity): string {
  return cut(plain(kind === 'block' ? `block ${label}` : label), MAX_ENTITY_CHARACTERS);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
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
