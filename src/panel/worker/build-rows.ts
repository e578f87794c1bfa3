import type { Severity } from '../../analysis/finding.ts';
import { contextLabel, nodeLabel, workerLabel } from '../../analysis/labels.ts';
import type { ContextFacts, DocumentFacts, NodeFacts, WorkerFacts } from '../../analysis/model.ts';
import type { Session } from '../../analysis/session.ts';
import type { ThreadId } from '../../shared/units.ts';
import { worstVerdicts } from './build-teardowns.ts';
import { documentKey, rowOfThread } from './entity-lookup.ts';
import { groupFindings } from './group-findings.ts';
import type { Row, ShownFinding, Tone, Verdict } from './protocol.ts';
import type { SessionTime } from './session-time.ts';

/** Findings that say of a node's calls that they should not have happened. */
const OUT_OF_PLACE: readonly string[] = [
  'process-after-destroy',
  'process-in-flight-at-destroy',
  'zombie-processor',
  'orphaned-processor',
  'teardown-while-suspended',
];
const RANK = { error: 0, warning: 1, info: 2 } as const satisfies { [S in Severity]: number };

/** The outline: each document, its contexts, their nodes, its workers, in order of creation. */
export function buildRows(
  session: Session,
  time: SessionTime,
  findings: readonly ShownFinding[],
  now: number,
): readonly Row[] {
  const byRow = groupFindings(findings);
  const rows: Row[] = [];
  for (const document of session.documents) {
    const offset = time.offsetOf(document);
    const { contexts, workers } = document;
    if (contexts.size === 0 && workers.size === 0 && session.documents.length > 1) continue;
    const verdicts = worstVerdicts(session, document);
    rows.push(documentRow(document, offset, byRow.get(documentKey(document)) ?? []));
    for (const context of contexts.values()) {
      rows.push(contextRow(context, offset, byRow.get(context.key) ?? []));
      for (const node of context.nodes) {
        rows.push(nodeRow(node, offset, byRow.get(node.key) ?? [], verdicts.get(node), now));
      }
    }
    for (const worker of withItsOwn(workers.values())) {
      rows.push(workerRow(worker, offset, byRow.get(worker.key) ?? []));
    }
  }
  return rows;
}

function documentRow(
  document: DocumentFacts,
  offset: number,
  findings: readonly ShownFinding[],
): Row {
  return {
    key: documentKey(document),
    kind: 'document',
    parent: undefined,
    label: shortAddress(document.url),
    note: document.parentFrameId >= 0 ? 'frame' : '',
    born: offset,
    ended: document.goneAt === undefined ? undefined : document.goneAt + offset,
    started: undefined,
    destroyed: undefined,
    after: undefined,
    quantumMicros: 0,
    calls: 0,
    findings: findings.length,
    worst: worstOf(findings),
    verdict: undefined,
  };
}

/** Each worker followed by those that it made. */
function withItsOwn(workers: Iterable<WorkerFacts>): readonly WorkerFacts[] {
  const known = new Set<ThreadId>();
  const byParent = new Map<ThreadId, WorkerFacts[]>();
  for (const worker of workers) {
    if (worker.thread !== undefined) known.add(worker.thread.id);
    const group = byParent.get(worker.parent);
    if (group === undefined) byParent.set(worker.parent, [worker]);
    else group.push(worker);
  }
  const madeBy = (parent: ThreadId): readonly WorkerFacts[] =>
    (byParent.get(parent) ?? []).flatMap((worker) => [
      worker,
      ...(worker.thread === undefined ? [] : madeBy(worker.thread.id)),
    ]);
  return [...byParent.keys()].filter((parent) => !known.has(parent)).flatMap(madeBy);
}

function workerRow(worker: WorkerFacts, offset: number, findings: readonly ShownFinding[]): Row {
  const { document, scope } = worker;
  const ended = (worker.ended ?? scope.closing)?.at ?? document.goneAt;
  return {
    key: worker.key,
    kind: 'worker',
    parent: rowOfThread(document, worker.parent),
    label: workerLabel(worker),
    note: workerNote(worker),
    born: worker.created.at + offset,
    started: scope.started === undefined ? undefined : scope.started.at + offset,
    ended: ended === undefined ? undefined : ended + offset,
    destroyed: undefined,
    after: undefined,
    quantumMicros: 0,
    calls: 0,
    findings: findings.length,
    worst: worstOf(findings),
    verdict: undefined,
  };
}

function workerNote({ entered, ended }: WorkerFacts): string {
  if (ended?.how === 'not-loaded') return 'did not load';
  return entered === 'yes' ? 'worker' : 'not observed';
}

function contextRow(context: ContextFacts, offset: number, findings: readonly ShownFinding[]): Row {
  const ended = closedAt(context) ?? context.collected?.at ?? context.document.goneAt;
  return {
    key: context.key,
    kind: 'context',
    parent: documentKey(context.document),
    label: contextLabel(context),
    note: `${context.sampleRate / 1000} kHz`,
    born: context.created.at + offset,
    ended: ended === undefined ? undefined : ended + offset,
    started: undefined,
    destroyed: undefined,
    after: undefined,
    quantumMicros: quantumMicros(context),
    calls: context.nodes.reduce((sum, node) => sum + node.calls.length, 0),
    findings: findings.length,
    worst: worstOf(findings),
    verdict: undefined,
  };
}

function nodeRow(
  node: NodeFacts,
  offset: number,
  findings: readonly ShownFinding[],
  verdict: Verdict | undefined,
  now: number,
): Row {
  const farewell = node.farewells.find(
    ({ signal }) => signal !== 'detached' && signal !== 'collected',
  );
  const lastCall = node.calls.at(node.calls.length - 1)?.at;
  const ending = node.collected?.at ?? closedAt(node.context) ?? node.document.goneAt;
  const ended =
    ending === undefined ? undefined : Math.max(ending, Math.min(lastCall ?? 0, now - offset));
  return {
    key: node.key,
    kind: 'node',
    parent: node.context.key,
    label: nodeLabel(node),
    note: node.className === 'AudioWorkletNode' || node.processorName === '' ? '' : node.className,
    born: node.created.at + offset,
    ended: ended === undefined ? undefined : ended + offset,
    started: undefined,
    destroyed:
      farewell === undefined ? undefined : { at: farewell.at + offset, signal: farewell.signal },
    after: afterOf(node, offset, findings, farewell?.at),
    quantumMicros: quantumMicros(node.context),
    calls: node.calls.length,
    findings: findings.length,
    worst: worstOf(findings),
    verdict,
  };
}

function afterOf(
  node: NodeFacts,
  offset: number,
  findings: readonly ShownFinding[],
  farewell: number | undefined,
): Row['after'] {
  const wrong = findings.filter(({ rule }) => OUT_OF_PLACE.includes(rule));
  const worst = worstOf(wrong);
  if (worst !== undefined) {
    const first = Math.min(...wrong.map((finding) => finding.firstAt)) - offset;
    const cut = node.farewells.findLast(({ at }) => at <= first)?.at ?? first;
    const tone: Tone = worst === 'info' ? 'quiet' : worst;
    return { at: Math.min(cut, farewell ?? cut) + offset, tone };
  }
  return farewell === undefined ? undefined : { at: farewell + offset, tone: 'quiet' };
}

function worstOf(findings: readonly ShownFinding[]): Severity | undefined {
  let worst: Severity | undefined;
  for (const { severity } of findings) {
    if (worst === undefined || RANK[severity] < RANK[worst]) worst = severity;
  }
  return worst;
}

function quantumMicros(context: ContextFacts): number {
  const frames = context.quantumFrames > 0 ? context.quantumFrames : 128;
  return context.sampleRate > 0 ? (frames / context.sampleRate) * 1e6 : 2667;
}

/** An offline context closes by itself, once it has rendered. */
function closedAt(context: ContextFacts): number | undefined {
  const last = context.states.at(-1);
  return context.closed?.at ?? (last?.state === 'closed' ? last.at : undefined);
}

/** Host and path: what tells pages and frames apart in a narrow column. */
function shortAddress(url: string): string {
  if (!URL.canParse(url)) return url === '' ? 'page' : url;
  const { protocol, host, pathname } = new URL(url);
  return host === '' ? `${protocol}${pathname}` : `${host}${pathname === '/' ? '' : pathname}`;
}
