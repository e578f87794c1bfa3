import type { Finding } from '../../analysis/finding.ts';
import type { DocumentFacts, NodeFacts } from '../../analysis/model.ts';
import type { Ordering } from '../../analysis/ordering/ordering.ts';
import type { Teardown } from '../../analysis/ordering/teardown.ts';
import { DEFAULT_THRESHOLDS, type Thresholds } from '../../analysis/thresholds.ts';
import type { Micros } from '../../shared/units.ts';
import { writeAtomicArrows } from './atomic-arrows.ts';
import { CallSliceWriter } from './call-slices.ts';
import { writeCounters } from './counters.ts';
import { writeFindings } from './findings.ts';
import { CATEGORY, Flows, HappeningWriter } from './happenings.ts';
import { writeInterventions } from './interventions.ts';
import { LifecycleWriter } from './lifecycles.ts';
import { keptMessages, MAX_TRACE_MESSAGES, writeMessages } from './message-flows.ts';
import { ProtoWriter } from './proto-writer.ts';
import { TraceTime } from './trace-time.ts';
import { TraceWriter } from './trace-writer.ts';
import { Tracks } from './tracks.ts';
import { Verdicts } from './verdicts.ts';
import { writeWorkers } from './workers.ts';

/** What a trace is made of: a `Session`. */
export interface TracedSession {
  readonly documents: readonly DocumentFacts[];
  ordering(document: DocumentFacts): Ordering;
  teardowns(document: DocumentFacts, thresholds: Thresholds): readonly Teardown[];
}

/**
 * Packet sequences. Tracks have one of their own: a sequence that describes threads makes the trace
 * processor attach one of them to every event it carries.
 */
const SEQUENCE = { tracks: 1, facts: 2, lastBeforeCalls: 2 } as const;

/**
 * More than this many calls no browser can open: the trace processor of the Perfetto UI has 4 GiB and
 * takes some 280 bytes a slice. The oldest calls go, and each node says how many it lost.
 */
export const MAX_TRACE_CALLS = 10_000_000;
/** A call seldom takes more; room made at once is not made again by copying. */
const CALL_BYTES = 33;

/** A session as a Perfetto trace (`.pftrace`). The same session gives the same bytes. */
export function encodeTrace(
  session: TracedSession,
  findings: readonly Finding[],
  maxCalls: number = MAX_TRACE_CALLS,
): Uint8Array<ArrayBuffer> {
  const { documents } = session;
  const time = new TraceTime(documents);
  const first = firstCalls(documents, time, maxCalls);
  const out = new ProtoWriter(64 * 1024 + CALL_BYTES * first.kept);
  const flows = new Flows();
  const tracks = new Tracks(
    new TraceWriter(out, SEQUENCE.tracks, time.start),
    documents,
    findings,
    time,
  );
  const facts = new TraceWriter(out, SEQUENCE.facts, time.start);
  writeFindings(facts, tracks, time, flows, documents, findings);
  for (const document of documents) {
    writeDocument(new HappeningWriter(facts, tracks, time, flows, document), session);
    for (const context of document.contexts.values()) {
      writeCounters(facts, tracks, time, document, context);
    }
  }
  const calls = new CallSliceWriter(out, SEQUENCE.lastBeforeCalls, time.start);
  for (const document of documents) {
    for (const node of document.nodes.values()) {
      const track = tracks.node(node);
      const from = first.indexOf(node);
      if (from > 0) writeLeftOut(facts, track, time, node, from);
      if (from < node.calls.length) {
        calls.write(track, node.calls, from, time.offset(document));
      }
    }
  }
  return out.take();
}

function writeDocument(out: HappeningWriter, session: TracedSession): void {
  const verdicts = new Verdicts(session.teardowns(out.document, DEFAULT_THRESHOLDS));
  new LifecycleWriter(out, verdicts).write();
  writeWorkers(out);
  const { since, leftOut } = keptMessages(out.document, MAX_TRACE_MESSAGES);
  if (leftOut > 0) {
    const name = `${leftOut} earlier messages are left out`;
    const args = { count: leftOut, why: 'a trace with all messages would not open' };
    out.instant(out.tracks.main(out.document), out.time(since), name, CATEGORY.gap, args);
  }
  writeMessages(out, since);
  writeAtomicArrows(out, session.ordering(out.document));
  writeInterventions(out);
}

/** Which calls stay when there are too many: all since one moment, the same for all nodes. */
function firstCalls(
  documents: readonly DocumentFacts[],
  time: TraceTime,
  maxCalls: number,
): { readonly kept: number; indexOf(node: NodeFacts): number } {
  const nodes = documents.flatMap((each) => [...each.nodes.values()]);
  const total = nodes.reduce((sum, { calls }) => sum + calls.length, 0);
  if (total <= maxCalls) return { kept: total, indexOf: () => 0 };
  const indexAt = (node: NodeFacts, micros: number) =>
    node.calls.firstFromTime((micros - time.offset(node.document)) as Micros);
  const keptFrom = (micros: number) =>
    nodes.reduce((sum, node) => sum + node.calls.length - indexAt(node, micros), 0);
  let low = 0;
  let high = Math.max(...nodes.map((node) => time.of(node.document, lastCallAt(node)) + 1));
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (keptFrom(middle) <= maxCalls) high = middle;
    else low = middle + 1;
  }
  return { kept: keptFrom(low), indexOf: (node) => indexAt(node, low) };
}

function lastCallAt({ calls }: NodeFacts): number {
  return calls.at(calls.length - 1)?.at ?? 0;
}

function writeLeftOut(
  out: TraceWriter,
  track: number,
  time: TraceTime,
  node: NodeFacts,
  count: number,
): void {
  out.write({
    track,
    type: 'instant',
    at: time.of(node.document, node.calls.at(count - 1)?.at ?? 0),
    name: `${count} earlier calls are left out`,
    category: CATEGORY.gap,
    args: { count, why: 'a trace with all calls would not open' },
  });
}
