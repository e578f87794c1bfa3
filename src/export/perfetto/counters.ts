import type { ContextFacts, DocumentFacts } from '../../analysis/model.ts';
import type { Micros } from '../../shared/units.ts';
import type { TraceTime } from './trace-time.ts';
import type { TraceWriter } from './trace-writer.ts';
import type { Tracks } from './tracks.ts';

const BUCKET_MICROS = 250_000;
/** However long a session claims to be. */
const MAX_BUCKETS = 20_000;

/** Counters of a context; each value holds until the next one, so only changes are written. */
export function writeCounters(
  out: TraceWriter,
  tracks: Tracks,
  time: TraceTime,
  document: DocumentFacts,
  context: ContextFacts,
): void {
  const { liveNodes, callRate } = tracks.context(context);
  for (const { at, value } of liveNodeSteps(context)) {
    out.write({ track: liveNodes, type: 'counter', at: time.of(document, at), value });
  }
  for (const { at, value } of callRateSteps(document, context)) {
    out.write({ track: callRate, type: 'counter', at: time.of(document, at), value });
  }
}

interface Step {
  readonly at: number;
  readonly value: number;
}

function liveNodeSteps(context: ContextFacts): readonly Step[] {
  const changes: { readonly at: number; readonly by: number }[] = [];
  for (const node of context.nodes) {
    changes.push({ at: node.created.at, by: 1 });
    if (node.collected !== undefined) changes.push({ at: node.collected.at, by: -1 });
  }
  changes.sort((a, b) => a.at - b.at || b.by - a.by);
  const steps: Step[] = [{ at: context.created.at, value: 0 }];
  let value = 0;
  for (const { at, by } of changes) {
    value += by;
    steps.push({ at: Math.max(at, context.created.at), value });
  }
  return steps;
}

/** Calls a second in each quarter of a second, from the context's creation on. */
function callRateSteps(document: DocumentFacts, context: ContextFacts): readonly Step[] {
  const from = context.created.at;
  const to = Math.max(document.goneAt ?? document.lastAt, from + 1);
  const count = Math.min(Math.ceil((to - from) / BUCKET_MICROS), MAX_BUCKETS);
  const bucket = (to - from) / count;
  const totals = new Float64Array(count);
  for (const node of context.nodes) {
    const { counts } = node.calls.buckets(from, to as Micros, count);
    for (let i = 0; i < count; i++) totals[i] = (totals[i] ?? 0) + (counts[i] ?? 0);
  }
  const steps: Step[] = [];
  for (const [index, total] of totals.entries()) {
    const value = Math.round((total * 1e6) / bucket);
    if (value !== steps.at(-1)?.value) steps.push({ at: from + index * bucket, value });
  }
  return steps;
}
