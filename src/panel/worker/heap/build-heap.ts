import type { Finding } from '../../../analysis/finding.ts';
import type { Session } from '../../../analysis/session.ts';
import { buildSessionTime } from '../session-time.ts';
import type { BlockIndexes } from './block-index.ts';
import { buildHeapCurve, Steps } from './heap-curve.ts';
import { buildHeapGroups } from './heap-groups.ts';
import { buildHeapMemories } from './heap-memories.ts';
import type { HeapQuery, HeapView } from './heap-protocol.ts';
import { Misuses } from './misuses.ts';

/**
 * What the heap view shows of a session. One pass over the blocks, so the cost is linear in their number; what is sent
 * is bounded by rows and pixels. What ended before `since` is not shown.
 */
export function buildHeap(
  session: Session,
  found: readonly Finding[],
  query: HeapQuery,
  indexes: BlockIndexes,
  since = 0,
): HeapView {
  const time = buildSessionTime(session.documents);
  const documents = session.documents.filter(
    (each) => each.goneAt === undefined || each.goneAt + time.offsetOf(each) >= since,
  );
  const known = new Steps(query.from, query.to, query.widthPx);
  const about = { since, found, indexes, misuses: new Misuses(session) };
  const offsetOf = time.offsetOf.bind(time);
  const { groups, omitted, blocks } = buildHeapGroups(documents, offsetOf, query, about, known);
  return {
    query,
    memories: buildHeapMemories(documents, indexes),
    curve: buildHeapCurve(documents, offsetOf, known, query.memory),
    groups,
    groupsOmitted: omitted,
    blocks,
    isolated: documents.some(({ isolated }) => isolated),
  };
}
