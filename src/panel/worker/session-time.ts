import type { DocumentFacts } from '../../analysis/model.ts';
import { TraceTime } from '../../export/perfetto/trace-time.ts';

/** Lays the documents of a session on one line, the one that traces use: document time + offset. */
export interface SessionTime {
  /** Microseconds since the Unix epoch at session time 0. */
  readonly epoch: number;
  /** Session time at a document's time 0. */
  offsetOf(document: DocumentFacts): number;
}

export function buildSessionTime(documents: readonly DocumentFacts[]): SessionTime {
  const time = new TraceTime(documents);
  return { epoch: time.start, offsetOf: (document) => time.offset(document) };
}
