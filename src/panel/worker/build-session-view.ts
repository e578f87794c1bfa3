import type { Finding } from '../../analysis/finding.ts';
import type { DocumentFacts, EntityKey } from '../../analysis/model.ts';
import { RULES } from '../../analysis/rules/registry.ts';
import { Scene } from '../../analysis/scene.ts';
import type { Session } from '../../analysis/session.ts';
import { buildRows } from './build-rows.ts';
import { portRows, rowOfEntity } from './entity-lookup.ts';
import type { SessionView, ShownFinding } from './protocol.ts';
import type { Recording } from './recording.ts';
import { buildSessionTime, type SessionTime } from './session-time.ts';

/** More than these the panel is not sent, ten times a second, whatever a page does; the session keeps all. */
const MAX_FINDINGS = 2000;
const MAX_ROWS = 20_000;

/** All that the panel shows besides geometry, judged now. The gravest findings come first. */
export function buildSessionView(recording: Recording): SessionView {
  const { session } = recording;
  const time = buildSessionTime(session.documents);
  const scene = new Scene(session);
  const { since } = recording;
  const notShown: string[] = [];
  const atMost = <T>(list: readonly T[], most: number, what: string): readonly T[] => {
    if (list.length <= most) return list;
    notShown.push(`${list.length - most} ${what} are not shown here; the session file has them`);
    return list.slice(0, most);
  };
  const rowOfPort = portRows();
  const findings = atMost(recording.findings(), MAX_FINDINGS, 'findings')
    .map((finding) => showFinding(session, scene, time, rowOfPort, finding))
    .filter(({ lastAt }) => lastAt >= since);
  let now = 0;
  let contexts = 0;
  let nodes = 0;
  let liveDocuments = 0;
  for (const document of session.documents) {
    now = Math.max(now, lastOf(document) + time.offsetOf(document));
    contexts += document.contexts.size;
    nodes += document.nodes.size;
    if (document.goneAt === undefined) liveDocuments++;
  }
  const rows = buildRows(session, time, findings, now).filter(
    ({ ended }) => ended === undefined || ended >= since,
  );
  return {
    rows: atMost(rows, MAX_ROWS, 'lifelines'),
    findings,
    since,
    now,
    epoch: time.epoch,
    documents: session.documents.length,
    liveDocuments,
    contexts,
    nodes,
    calls: session.totals.calls,
    lost: session.totals.lost,
    refused: recording.refused,
    forgottenBytes: recording.forgottenBytes,
    coverage: [...session.coverage, ...notShown],
    file: recording.file,
  };
}

/** The last record, or the last call where slots have run ahead of records. */
function lastOf(document: DocumentFacts): number {
  let last = document.lastAt as number;
  for (const { calls } of document.nodes.values()) {
    last = Math.max(last, calls.at(calls.length - 1)?.at ?? 0);
  }
  return last;
}

function showFinding(
  session: Session,
  scene: Scene,
  time: SessionTime,
  rowOfPort: ReturnType<typeof portRows>,
  finding: Finding,
): ShownFinding {
  const offset = topOffset(session, scene, time, finding.entity.id);
  const words = wordsOf(finding.rule);
  return {
    ...finding,
    title: words.title,
    explain: words.explain,
    firstAt: finding.first + offset,
    lastAt: finding.last + offset,
    evidenceAt: finding.evidence.map((each) => each.at + offset),
    row: rowOfEntity(session, finding.entity, rowOfPort),
  };
}

/** Session time at the time origin of the top document above an entity, which findings count from. */
function topOffset(session: Session, scene: Scene, time: SessionTime, key: EntityKey): number {
  const document = session.documents.find((each) => key.startsWith(`${each.index}/`));
  return document === undefined ? 0 : time.offsetOf(document) - scene.time(document, 0);
}

function wordsOf(rule: string): { readonly title: string; readonly explain: string } {
  const rules: {
    readonly [id: string]: { readonly title: string; readonly explain: string } | undefined;
  } = RULES;
  return rules[rule] ?? { title: rule, explain: '' };
}
