import type { Finding } from '../../analysis/finding.ts';
import type { DocumentFacts } from '../../analysis/model.ts';
import { CallSliceWriter } from './call-slices.ts';
import { writeCounters } from './counters.ts';
import { writeFindings } from './findings.ts';
import { Flows, LifecycleWriter } from './lifecycles.ts';
import { ProtoWriter } from './proto-writer.ts';
import { TraceTime } from './trace-time.ts';
import { TraceWriter } from './trace-writer.ts';
import { Tracks } from './tracks.ts';

/** What a trace is made of: a `Session`. */
export interface TracedSession {
  readonly documents: readonly DocumentFacts[];
}

/**
 * Packet sequences. Tracks have one of their own: a sequence that describes threads makes the trace
 * processor attach one of them to every event it carries.
 */
const SEQUENCE = { tracks: 1, facts: 2, lastBeforeCalls: 2 } as const;

/** A session as a Perfetto trace (`.pftrace`). The same session gives the same bytes. */
export function encodeTrace(
  session: TracedSession,
  findings: readonly Finding[],
): Uint8Array<ArrayBuffer> {
  const { documents } = session;
  const out = new ProtoWriter(64 * 1024);
  const time = new TraceTime(documents);
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
    new LifecycleWriter(facts, tracks, time, flows, document).write();
    for (const context of document.contexts.values()) {
      writeCounters(facts, tracks, time, document, context);
    }
  }
  const calls = new CallSliceWriter(out, SEQUENCE.lastBeforeCalls, time.start);
  for (const document of documents) {
    for (const node of document.nodes.values()) {
      if (node.calls.length === 0) continue;
      calls.write(tracks.node(node), node.calls, time.offset(document));
    }
  }
  return out.take();
}
