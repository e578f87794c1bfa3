import type { Finding, Severity } from '../analysis/finding.ts';
import type { TracedSession } from './perfetto/trace.ts';
import { TraceTime } from './perfetto/trace-time.ts';
import { CONTEXTS_GROUP, FINDINGS_GROUP } from './perfetto/tracks.ts';

export const PERFETTO_ORIGIN = 'https://ui.perfetto.dev';

/** A stretch of a trace in its own time: nanoseconds since the Unix epoch. */
export interface TraceRange {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** More pins than these would push the time line out of sight. */
const MAX_PINNED_NODES = 12;
const BEFORE_MICROS = 30_000;
const AFTER_MICROS = 170_000;
const SEVERITY_ORDER: readonly Severity[] = ['error', 'warning', 'info'];

const FINDINGS_QUERY = `select ts, extract_arg(arg_set_id, 'debug.severity') as severity,
  extract_arg(arg_set_id, 'debug.certainty') as certainty, extract_arg(arg_set_id, 'debug.rule') as rule,
  extract_arg(arg_set_id, 'debug.entity') as entity, extract_arg(arg_set_id, 'debug.count') as count,
  extract_arg(arg_set_id, 'debug.message') as message, extract_arg(arg_set_id, 'debug.help') as help
from slice where category = 'finding' and extract_arg(arg_set_id, 'debug.rule') is not null order by ts`;

/**
 * The address that makes the Perfetto UI, once it is handed the trace of these findings, show them:
 * their tracks and those of their nodes pinned, groups open, a table of them below, `range` in
 * sight. Only commands that Perfetto promises to keep
 * (https://perfetto.dev/docs/visualization/commands-automation-reference).
 */
export function perfettoUrl(findings: readonly Finding[], range?: TraceRange): string {
  const commands: { readonly id: string; readonly args: readonly string[] }[] = [
    {
      id: 'dev.perfetto.ExpandTracksByRegex',
      args: [`^(${FINDINGS_GROUP}|${CONTEXTS_GROUP}|(Offline)?AudioContext #[0-9]+)$| 5[0-9]{6}$`],
    },
  ];
  const rules = [...new Set(findings.map((each) => each.rule))];
  if (rules.length > 0) commands.push(pin(rules));
  const nodes = pinnedNodes(findings);
  if (nodes.length > 0) commands.push(pin(nodes));
  if (findings.length > 0) {
    commands.push({
      id: 'dev.perfetto.RunQueryAndShowTab',
      args: [FINDINGS_QUERY.replace(/\s+/gu, ' ')],
    });
  }
  const query = [`startupCommands=${encodeURIComponent(JSON.stringify(commands))}`];
  if (range !== undefined) query.push(`visStart=${range.startNs}`, `visEnd=${range.endNs}`);
  return `${PERFETTO_ORIGIN}/#!/?${query.join('&')}`;
}

/** Where to look first: around the first of the worst findings; undefined when there is none. */
export function firstLook(
  session: TracedSession,
  findings: readonly Finding[],
): TraceRange | undefined {
  const worst = bySeverity(findings)[0];
  if (worst === undefined) return undefined;
  const time = new TraceTime(session.documents);
  const at = time.start + time.ofTop(worst.first);
  return {
    startNs: BigInt(at - BEFORE_MICROS) * 1000n,
    endNs: BigInt(at + AFTER_MICROS) * 1000n,
  };
}

function pinnedNodes(findings: readonly Finding[]): readonly string[] {
  const labels = new Set<string>();
  for (const { entity } of bySeverity(findings))
    if (entity.kind === 'node') labels.add(entity.label);
  return [...labels].slice(0, MAX_PINNED_NODES);
}

function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort(
    (a, b) =>
      SEVERITY_ORDER.indexOf(a.severity) - SEVERITY_ORDER.indexOf(b.severity) || a.first - b.first,
  );
}

function pin(names: readonly string[]): { readonly id: string; readonly args: readonly string[] } {
  const pattern = names.map((each) => each.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&')).join('|');
  return { id: 'dev.perfetto.PinTracksByRegex', args: [`^(${pattern})$`] };
}
