import type { Finding } from '../../src/analysis/finding.ts';
import type { DocumentFacts } from '../../src/analysis/model.ts';
import type { TraceProcessor } from '../../src/export/perfetto/trace-processor.ts';
import { openTrace } from './trace-processor.ts';

/** What was recorded, to be found again in the trace. What is left out is not compared. */
export interface ExpectedTrace {
  readonly processes?: number;
  /** `process()` calls, all and by how they ended. */
  readonly calls?: number;
  readonly returnedTrue?: number;
  readonly returnedFalse?: number;
  readonly threw?: number;
  /** Messages of all channels seen at both ends, a broadcast once for each who heard it; each is one arrow. */
  readonly deliveredMessages?: number;
  /** Messages that were sent and that nobody was seen to handle, and those handled of which no sending was seen. */
  readonly unhandledMessages?: number;
  readonly unsentMessages?: number;
  readonly workers?: number;
  readonly interventions?: number;
  readonly contexts?: number;
  readonly nodes?: number;
  readonly findings?: number;
  /** Nodes constructed and not collected at the end, over all contexts. */
  readonly liveNodes?: number;
}

export interface CheckedTrace {
  readonly counts: Required<ExpectedTrace>;
  readonly slices: number;
  readonly flows: number;
  readonly counterValues: number;
  /** For questions of one's own. */
  readonly engine: TraceProcessor;
}

/** Names of statistics that count something gone wrong though their severity says `info`. */
const SUSPICIOUS = [
  '*error*',
  '*skipped*',
  '*dropped*',
  '*discarded*',
  '*without*',
  '*invalid*',
  '*missing*',
  '*duplicate*',
  '*out_of_order*',
];

/**
 * Loads a trace into the real trace processor and throws, with everything that is wrong, unless it
 * is sound and holds what was recorded: no loss in the engine's statistics, no slice without a name,
 * without an end or across another, no frame out of order, and `expected` found again by counting.
 */
export function checkTrace(trace: Uint8Array, expected: ExpectedTrace = {}): CheckedTrace {
  const engine = openTrace(trace);
  const problems = [...soundness(engine), ...callOrder(engine)];
  const counts = count(engine);
  for (const [what, wanted] of Object.entries(expected)) {
    const got = counts[what as keyof ExpectedTrace];
    if (wanted !== undefined && got !== wanted)
      problems.push(`${what}: ${got} instead of ${wanted}`);
  }
  if (problems.length > 0) throw new Error(`the trace is wrong:\n  ${problems.join('\n  ')}`);
  return {
    counts,
    slices: one(engine, 'select count(*) from slice'),
    flows: one(engine, 'select count(*) from flow'),
    counterValues: one(engine, 'select count(*) from counter'),
    engine,
  };
}

/** What a trace of this session must hold, counted from the facts. */
export function expectedTrace(
  documents: readonly DocumentFacts[],
  findings: readonly Finding[],
): Required<ExpectedTrace> {
  const nodes = documents.flatMap((each) => [...each.nodes.values()]);
  const returned = { true: 0, false: 0, threw: 0 };
  for (const { calls } of nodes) {
    for (let i = 0; i < calls.length; i++) returned[calls.at(i)?.returned ?? 'threw']++;
  }
  const messages = documents.flatMap((each) =>
    [...each.channels].flatMap((channel) => [...channel.messages]),
  );
  return {
    processes: documents.length,
    calls: nodes.reduce((sum, each) => sum + each.calls.length, 0),
    returnedTrue: returned.true,
    returnedFalse: returned.false,
    threw: returned.threw,
    deliveredMessages: messages.filter((each) => each.sent && each.received).length,
    unhandledMessages: messages.filter((each) => each.sent && !each.received).length,
    unsentMessages: messages.filter((each) => !each.sent && each.received).length,
    workers: documents.reduce((sum, each) => sum + each.workers.size, 0),
    interventions: documents.reduce((sum, each) => sum + each.interventions.length, 0),
    contexts: documents.reduce((sum, each) => sum + each.contexts.size, 0),
    nodes: nodes.length,
    findings: findings.length,
    liveNodes: nodes.filter((each) => each.collected === undefined).length,
  };
}

function count(engine: TraceProcessor): Required<ExpectedTrace> {
  const named = (glob: string) =>
    one(engine, `select count(*) from slice where name glob '${glob}'`);
  return {
    processes: one(engine, 'select count(*) from process where name is not null'),
    calls: one(engine, `select count(*) from slice where ${IS_CALL}`),
    returnedTrue: named('process() → true*'),
    returnedFalse: named('process() → false*'),
    threw: named('process() threw*'),
    deliveredMessages: one(
      engine,
      `select count(*) from flow
       join slice o on o.id = slice_out join slice i on i.id = slice_in
       where o.name glob 'postMessage →*' and i.category = 'message' and i.ts >= o.ts`,
    ),
    unhandledMessages: one(
      engine,
      `select count(*) from slice where name glob 'postMessage →*'
       and id not in (select slice_out from flow)`,
    ),
    unsentMessages: one(
      engine,
      `select count(*) from slice where category = 'message' and name not glob 'postMessage →*'
       and id not in (select slice_in from flow)`,
    ),
    workers: named('new Worker *'),
    interventions: named('stress: *'),
    contexts: one(engine, "select count(*) from track where name = 'state'"),
    nodes: one(engine, "select count(*) from slice where name = 'created' and category = 'node'"),
    findings: one(
      engine,
      `select count(*) from slice join track on track.id = track_id
       where category = 'finding' and track.type glob 'global*'`,
    ),
    liveNodes: one(
      engine,
      `select ifnull(sum(value), 0) from (
         select value, row_number() over (partition by track_id order by counter.ts desc, counter.id desc) as n
         from counter join track on track.id = track_id where track.name = 'live nodes'
       ) where n = 1`,
    ),
  };
}

const IS_CALL = "(name glob 'process() →*' or name glob 'process() threw*')";

function* soundness(engine: TraceProcessor): Iterable<string> {
  const suspicious = SUSPICIOUS.map((glob) => `name glob '${glob}'`).join(' or ');
  const stats = engine.query(
    `select name, value from stats
     where value > 0 and (severity in ('error', 'data_loss') or ${suspicious})`,
  );
  for (const { name, value } of stats) yield `statistic ${name} is ${value}`;
  const nameless = one(engine, "select count(*) from slice where name is null or name = ''");
  if (nameless > 0) yield `${nameless} slices have no name`;
  const unfinished = engine.query(
    'select name, count(*) as n from slice where dur = -1 group by 1',
  );
  for (const { name, n } of unfinished) yield `${n} slices named ${name} do not end`;
  const across = engine.query(
    `select name, count(*) as n from (
       select name, ts + dur as ends, lead(ts) over (partition by track_id, depth order by ts, id) as next
       from slice
     ) where ends > next group by 1`,
  );
  for (const { name, n } of across) yield `${n} slices named ${name} reach into the next one`;
  const nested = one(engine, `select count(*) from slice where ${IS_CALL} and depth > 0`);
  if (nested > 0) yield `${nested} calls lie inside another slice`;
  const tracks = one(
    engine,
    `select count(*) from slice left join track on track.id = track_id where track.name is null`,
  );
  if (tracks > 0) yield `${tracks} slices lie on a track without a name`;
}

/** Frames only rise along a node's track, and no call lacks its frame. */
function* callOrder(engine: TraceProcessor): Iterable<string> {
  const wrong = one(
    engine,
    `with calls as (
       select track_id, ts, id, extract_arg(arg_set_id, 'debug.frame') as frame
       from slice where ${IS_CALL}
     ), steps as (
       select frame, lag(frame) over (partition by track_id order by ts, id) as before from calls
     )
     select count(*) from steps where frame is null or before > frame`,
  );
  if (wrong > 0) yield `${wrong} calls have no frame or one that goes back`;
}

function one(engine: TraceProcessor, sql: string): number {
  const [row] = engine.query(sql);
  return Number(Object.values(row ?? {})[0]);
}
