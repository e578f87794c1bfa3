import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../../src/analysis/finding.ts';
import { judge } from '../../../../src/analysis/judge.ts';
import type { Session } from '../../../../src/analysis/session.ts';
import { keptMessages } from '../../../../src/export/perfetto/message-flows.ts';
import { encodeTrace } from '../../../../src/export/perfetto/trace.ts';
import type { Frames, Micros } from '../../../../src/shared/units.ts';
import { checkTrace, expectedTrace } from '../../../support/check-trace.ts';
import { teardownSession } from '../../../support/teardown-session.ts';
import { sessionOf, sessionOfInputs, textInputs } from '../../../support/text-records.ts';

const SESSION = `
  1000   moduleRequested      context=1 module=1 url="https://example.test/noise.js"
  5000   moduleSettled        module=1 outcome=resolved
  10000  neighbourSeen        context=1 node=2 type=AudioDestinationNode
  11000  nodeCreated          node=7 stack="    at start (https://example.test/main.js:12:5)\\n    at https://example.test/main.js:40:1"
  11500  processorConstructed ordinal=0 name=noise outcome=resolved
  12000  connected            source=7 target=2
  13333  process              node=7 times=30 duration=120
  95000  process              node=7 times=5
  110000 send                 main→7 "stop"
  111000 receive              main→7 "stop"
  112000 process              node=7 times=2 returned=false
  113000 send                 7→main "stopped"
  114000 receive              7→main "stopped"
  120000 disconnected         source=7 what=all
  121000 portClosed           node=7 by=node
`;

const CHANNELS = `
  1000  workerCreated    worker=1 url="https://example.test/mixer.js" name=mixer type=module entered=yes
  1500  @w1 scopeState   state=started
  1600  @w1 scopeState   state=evaluated
  2000  portSent         end=103 preview="hello"
  2100  @w1 portReceived end=1
  2200  @w1 portSent     end=1 slot
  2260  portReceived     end=103 slot
  2300  channelCreated   first=5 second=7
  2310  passed           end=103 message=2 what=port local=7
  2310  portSent         end=103 preview="take it"
  2400  @w1 arrived      end=1 message=2 what=port local=3
  2400  @w1 portReceived end=1
  2500  @w1 portSent     end=3 slot
  2540  portReceived     end=5 slot
  2600  broadcastOpened  end=9 name=all
  2610  broadcastOpened  end=11 name=all
  2620  @w1 broadcastOpened end=5 name=all
  2700  portSent         end=9 hash=77 preview="to all"
  2710  @w1 portReceived end=5 hash=77
  2720  portReceived     end=11 hash=77
  2800  portSent         end=103 preview="too late"
  2900  workerEnded      worker=1 how=terminated
`;

function traced(session: Session, findings: readonly Finding[] = judge(session)) {
  const trace = encodeTrace(session, findings);
  return { trace, ...checkTrace(trace, expectedTrace(session.documents, findings)) };
}

const names = (rows: readonly { readonly [column: string]: unknown }[]) =>
  rows.map((row) => Object.values(row).join(' | '));

describe('a trace', () => {
  test('holds a slice for every call, with its frame, its end and whether it was timed', () => {
    const { engine, counts } = traced(sessionOf(SESSION));
    expect(counts.calls).toBe(37);
    expect(
      names(
        engine.query(
          `select name, count(*), min(dur), max(dur) from slice
           where name glob 'process()*' group by 1 order by 1`,
        ),
      ),
    ).toEqual([
      'process() → false, untimed | 2 | 1000 | 1000',
      'process() → true | 30 | 120000 | 120000',
      'process() → true, untimed | 5 | 1000 | 1000',
    ]);
    expect(
      engine.query(
        `select extract_arg(arg_set_id, 'debug.frame') as frame from slice
         where name glob 'process()*' order by ts limit 3`,
      ),
    ).toEqual([{ frame: 640 }, { frame: 768 }, { frame: 896 }]);
  });

  test('puts calls where the session says they were', () => {
    const session = sessionOf(SESSION);
    const { engine } = traced(session);
    const [node] = [...(session.documents[0]?.nodes.values() ?? [])];
    const rows = engine.query(
      "select ts from slice where name glob 'process()*' order by ts limit 40",
    );
    const start = 1_700_000_000_000_000_000n;
    for (const [index, { ts }] of rows.entries()) {
      const micros = Number((BigInt(ts as bigint) - start) / 1000n);
      expect(Math.abs(micros - (node?.calls.at(index)?.at ?? 0))).toBeLessThanOrEqual(1);
    }
  });

  test('leads an arrow from every message to its handler, both ways', () => {
    const { engine } = traced(sessionOf(SESSION));
    expect(
      names(
        engine.query(
          `select o.name, ot.name as a, i.name as b, it.name as c from flow
           join slice o on o.id = slice_out join slice i on i.id = slice_in
           join track ot on ot.id = o.track_id join track it on it.id = i.track_id
           where o.category = 'message' order by o.ts`,
        ),
      ),
    ).toEqual([
      'postMessage → noise #7 | Main thread | message from the page | noise #7',
      'postMessage → page | noise #7 | message from noise #7 | Main thread',
    ]);
  });

  test('says of a message which blocks went along', () => {
    const { engine } = traced(
      sessionOf(`
        0    workerCreated worker=1
        10   heapAllocated block=1 memory=1 offset=64 length=32 by=malloc
        10   heapAllocated block=2 memory=1 offset=128 length=32 by=malloc
        30   payloadIn     end=103 message=1 block=1
        30   payloadIn     end=103 message=1 block=2
        30   portSent      end=103
        40   portSent      end=103
      `),
    );
    expect(
      engine.query(
        `select extract_arg(arg_set_id, 'debug.payload') as payload from slice
         where category = 'message' order by ts`,
      ),
    ).toEqual([{ payload: 'malloc #1, malloc #2' }, { payload: null }]);
  });

  test('draws no arrow back in time, whatever the clocks of two threads say', () => {
    const { engine } = traced(
      sessionOf(`
        0     nodeCreated  node=7
        1000  process      node=7
        8000  send         main→7 "a"
        4000  receive      main→7 "a"
        9000  process      node=7
      `),
    );
    expect(
      engine.query(
        `select i.ts - o.ts as late from flow
         join slice o on o.id = slice_out join slice i on i.id = slice_in
         where o.category = 'message'`,
      ),
    ).toEqual([{ late: 0 }]);
  });

  test('draws no processor before its node, whatever the clocks of two threads say', () => {
    const { engine } = traced(
      sessionOf(`
        9000  nodeCreated           node=7
        8000  processorConstructed  ordinal=0 name=noise outcome=resolved
      `),
    );
    expect(
      engine.query(
        `select name, (ts - trace_start()) / 1000 as at from slice
         where name glob '*constructed*' order by name`,
      ),
    ).toEqual([
      { name: 'constructed', at: 9000 },
      { name: 'constructed: noise #7', at: 9000 },
    ]);
  });

  test('draws a call shorter than its clock can tell as a slice nevertheless', () => {
    const { engine } = traced(
      sessionOf('0 nodeCreated node=7\n1000 process node=7 duration=0 times=2'),
    );
    expect(engine.query("select name, dur from slice where name glob 'process()*'")).toEqual([
      { name: 'process() → true', dur: 1000 },
      { name: 'process() → true', dur: 1000 },
    ]);
  });

  test('has a thread for a worker, and an arrow for every message by whatever channel', () => {
    const { engine, counts } = traced(sessionOf(CHANNELS));
    expect(counts).toMatchObject({
      workers: 1,
      deliveredMessages: 6,
      unhandledMessages: 1,
      unsentMessages: 0,
    });
    expect(
      names(
        engine.query(
          `select o.name as a, ot.name as b, i.name as c, it.name as d,
             extract_arg(i.arg_set_id, 'debug.queuedMicros') as queued
           from flow join slice o on o.id = slice_out join slice i on i.id = slice_in
           join track ot on ot.id = o.track_id join track it on it.id = i.track_id order by o.ts, i.ts`,
        ),
      ),
    ).toEqual([
      'new Worker mixer #1 | Main thread | first statement | Worker mixer #1 | ',
      'postMessage → mixer #1 | Main thread | message from the page | Worker mixer #1 | 100',
      'postMessage → page | Worker mixer #1 | message from mixer #1 | Main thread | 60',
      'postMessage → mixer #1 | Main thread | message from the page | Worker mixer #1 | 90',
      'postMessage → MessageChannel #3 | Worker mixer #1 | message from MessageChannel #3 | Main thread | 40',
      'postMessage → BroadcastChannel "all" | Main thread | message from BroadcastChannel "all" | Worker mixer #1 | 10',
      'postMessage → BroadcastChannel "all" | Main thread | message from BroadcastChannel "all" | Main thread | 20',
      'undelivered-at-shutdown · mixer #1 | undelivered-at-shutdown | ⚠ undelivered-at-shutdown | Worker mixer #1 | ',
    ]);
    expect(
      names(
        engine.query(
          `select track.name as a, slice.name as b from slice join track on track.id = track_id
           where category = 'worker' order by ts`,
        ),
      ),
    ).toEqual([
      'Main thread | new Worker mixer #1',
      'Worker mixer #1 | first statement',
      'Worker mixer #1 | script evaluated',
      'Main thread | terminate() of mixer #1',
    ]);
  });

  test('leads an arrow from every atomic write, and every notification, to the one who saw it', () => {
    const session = sessionOfInputs(teardownSession());
    const { engine } = traced(session);
    expect(
      names(
        engine.query(
          `select o.name as a, ot.name as b, i.name as c, it.name as d,
             extract_arg(i.arg_set_id, 'debug.cell') as cell
           from flow join slice o on o.id = slice_out join slice i on i.id = slice_in
           join track ot on ot.id = o.track_id join track it on it.id = i.track_id
           where o.category = 'atomic' order by o.ts, i.ts`,
        ),
      ),
    ).toEqual([
      'Atomics.store | Worker decoder.js #1 | Atomics.load | Rendering thread of AudioContext #1 | byte 0 of shared memory #1',
      'Atomics.notify | Rendering thread of AudioContext #1 | Atomics.wait ended: notified | Worker decoder.js #1 | byte 0 of shared memory #1',
    ]);
  });

  test('says of a node how it was torn down, and of each farewell', () => {
    const { engine } = traced(sessionOfInputs(teardownSession()));
    const verdicts = (name: string) =>
      names(
        engine.query(
          `select track.name as track, extract_arg(arg_set_id, 'debug.verdict') as verdict,
             extract_arg(arg_set_id, 'debug.by') as by, extract_arg(arg_set_id, 'debug.certainty') as certainty
           from slice join track on track.id = track_id
           where slice.name = '${name}' and category = 'node' order by ts`,
        ),
      );
    expect(verdicts('created')).toEqual([
      'voice #1 | ordered | message | proven',
      'granular #2 | racy |  | proven',
      'reverb #3 |  |  | ',
    ]);
    expect(verdicts('destroyed: declared')).toEqual([
      'voice #1 | ordered | message | proven',
      'granular #2 | racy |  | proven',
    ]);
  });

  test('shows what stress teardown did, as long as it lasted, however it overlaps', () => {
    const { engine, counts } = traced(
      sessionOf(`
        0     nodeCreated     node=7
        1000  stressed        action=delay node=7 context=1 seed=42 step=1 micros=5000
        2000  stressed        action=suspend context=1 seed=42 step=2 micros=9000
        8000  stressed        action=nothing seed=42 step=3 micros=0
        8500  stressed        action=delay node=7 context=1 seed=42 step=4 micros=500
      `),
    );
    expect(counts.interventions).toBe(4);
    expect(
      names(
        engine.query(
          `select slice.name, dur / 1000 as dur, extract_arg(arg_set_id, 'debug.seed') as seed, track.name as track
           from slice join track on track.id = track_id where category = 'stress' order by ts`,
        ),
      ),
    ).toEqual([
      'stress: delay | 5000 | 42 | Stress teardown',
      'stress: suspend | 9000 | 42 | Stress teardown',
      'stress: nothing | 0 | 42 | Stress teardown',
      'stress: delay | 500 | 42 | Stress teardown',
    ]);
  });

  test('says of a message that nobody handled it', () => {
    const { engine, counts } = traced(
      sessionOf(`
        0     nodeCreated  node=7
        5000  send         main→7 "a"
      `),
    );
    expect(counts.deliveredMessages).toBe(0);
    expect(
      engine.query(
        `select extract_arg(arg_set_id, 'debug.delivered') as delivered from slice
         where name = 'postMessage → noise #7'`,
      ),
    ).toEqual([{ delivered: 0 }]);
  });

  test('shows a call that is in flight when its node is destroyed', () => {
    const { engine } = traced(
      sessionOf(`
        0      nodeCreated        node=7
        10000  process            node=7 duration=2000
        11000  declaredDestroyed  node=7
        20000  process            node=7 duration=100
      `),
    );
    expect(
      names(
        engine.query(
          `select d.name, p.name as parent from slice d join slice p on p.id = d.parent_id
           where d.name glob 'destroyed*'`,
        ),
      ),
    ).toEqual(['destroyed: declared | process() → true']);
  });

  test('shows the states of a context as slices that meet', () => {
    const { engine } = traced(
      sessionOf(`
        0       contextCreated  context=1 state=suspended
        50000   contextCall     context=1 call=1 method=resume
        60000   contextState    context=1 state=running
        61000   contextSettled  context=1 call=1 method=resume outcome=resolved
        200000  contextState    context=1 state=closed
        300000  mark            text="end"
      `),
    );
    expect(
      names(
        engine.query(
          "select name, (ts - trace_start()) / 1000, dur / 1000 from slice where category = 'state'",
        ),
      ),
    ).toEqual(['suspended | 0 | 60000', 'running | 60000 | 140000', 'closed | 200000 | 100000']);
    expect(
      engine.query(
        `select i.name from flow join slice i on i.id = slice_in where i.category = 'context'`,
      ),
    ).toEqual([{ name: 'resume() of AudioContext #1 resolved' }]);
  });

  test('shows what was lost as a gap from the last call before it', () => {
    const { engine } = traced(
      sessionOf(`
        0       nodeCreated  node=7
        10000   process      node=7 times=10
        200000  lost         thread=1 count=42 why=ring-full
        201000  process      node=7 times=3
        300000  lost         thread=0 count=2 why=history-limit
      `),
    );
    const gaps = engine.query(
      `select slice.name, track.name as track, dur / 1000 as dur from slice
       join track on track.id = track_id where category = 'gap' order by ts`,
    );
    expect(gaps).toEqual([
      {
        name: 'lost 42 records: ring-full',
        track: 'Rendering thread of AudioContext #1',
        dur: expect.closeTo(166_000, -3),
      },
      { name: 'lost 2 records: history-limit', track: 'Main thread', dur: 0 },
    ]);
  });

  test('counts live nodes and calls per second', () => {
    const { engine } = traced(
      sessionOf(`
        0        nodeCreated    node=7
        100000   nodeCreated    node=8
        0        process        node=7 times=750
        1500000  nodeCollected  node=7
        2000000  mark           text="end"
      `),
    );
    const counter = (name: string) =>
      names(
        engine.query(
          `select (counter.ts - trace_start()) / 1000000, value from counter
           join track on track.id = track_id where track.name = '${name}' order by counter.ts, value`,
        ),
      );
    expect(counter('live nodes')).toEqual(['0 | 0', '0 | 1', '100 | 2', '1500 | 1']);
    expect(counter('process() calls per second')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^0 \| 37\d$/)]),
    );
  });

  test('holds findings with their text, evidence and stacks, first of all tracks', () => {
    const session = sessionOf(SESSION);
    const { engine } = traced(session, [FINDING]);
    const [row] = engine.query(
      `select slice.name, (ts - trace_start()) / 1000 as at, slice.arg_set_id, slice.id
       from slice join track on track.id = track_id where track.name = 'process-after-destroy'`,
    );
    expect(row).toMatchObject({ name: 'process-after-destroy · noise #7', at: 112_000 });
    expect(
      names(
        engine.query(
          `select key, display_value from args where arg_set_id = ${row?.['arg_set_id']} order by key`,
        ),
      ),
    ).toEqual([
      'debug.certainty | proven',
      'debug.count | 2',
      'debug.entity | noise #7',
      'debug.evidence[0] | 110.000 ms, main: postMessage "stop"',
      'debug.evidence[1] | 112.000 ms, audio #1: process() at frame 5376',
      'debug.firstMs | 112',
      'debug.help | Wait for the answer.',
      'debug.lastMs | 114.667',
      'debug.link | https://webaudio.github.io/web-audio-api/',
      'debug.message | It went on.',
      'debug.rule | process-after-destroy',
      'debug.severity | error',
      'debug.stacks.create[0] | at start (https://example.test/main.js:12:5)',
      'debug.stacks.destroy[0] | at stop (https://example.test/main.js:20:3)',
      'debug.stacks.destroy[1] | at https://example.test/main.js:41:1',
    ]);
    expect(
      names(
        engine.query(
          `with recursive up as (
             select c.id, c.parent_id, c.frame_id, 0 as n from __intrinsic_track_event_callstacks e
             join stack_profile_callsite c on c.id = e.callsite_id where e.slice_id = ${row?.['id']}
             union all
             select c.id, c.parent_id, c.frame_id, n + 1 from up join stack_profile_callsite c on c.id = up.parent_id
           )
           select f.name, s.source_file, s.line_number from up
           join stack_profile_frame f on f.id = frame_id
           join stack_profile_symbol s on s.symbol_set_id = f.symbol_set_id order by n`,
        ),
      ),
    ).toEqual([
      'stop | https://example.test/main.js | 20',
      '(anonymous) | https://example.test/main.js | 41',
    ]);
    expect(
      names(
        engine.query(
          `select i.name, track.name as track from flow join slice o on o.id = slice_out
           join slice i on i.id = slice_in join track on track.id = i.track_id
           where o.category = 'finding'`,
        ),
      ),
    ).toEqual(['⚠ process-after-destroy | noise #7']);
  });

  test('of no session at all is empty and sound', () => {
    const { slices } = traced(sessionOfInputs([]));
    expect(slices).toBe(0);
  });

  test('is the same bytes for the same session', () => {
    const bytes = () => encodeTrace(sessionOf(SESSION), [FINDING]);
    expect(bytes()).toEqual(bytes());
  });

  test('keeps frames apart: a process each, on one time line', () => {
    const call = '0 nodeCreated node=7\n1000 process node=7 times=4';
    const session = sessionOfInputs([
      ...textInputs(call, { document: 'top', timeOrigin: 1.7e15 }),
      ...textInputs(call, {
        document: 'frame',
        frameId: 3,
        parentFrameId: 0,
        timeOrigin: 1.7e15 + 250_000,
      }),
    ]);
    const { engine } = traced(session);
    expect(
      names(
        engine.query(
          `select process.name, (min(slice.ts) - trace_start()) / 1000 from slice
           join process_track t on t.id = track_id join process using (upid)
           where slice.name glob 'process()*' group by 1 order by 2`,
        ),
      ),
    ).toEqual(['https://example.test/ | 1000', 'https://example.test/ (frame 3) | 251000']);
  });

  test('believes no frame that claims to live in another year', () => {
    const session = sessionOfInputs([
      ...textInputs('1000 mark text="here"', { document: 'top', timeOrigin: 1.7e15 }),
      ...textInputs('1000 mark text="there"', {
        document: 'frame',
        parentFrameId: 0,
        timeOrigin: 0,
      }),
    ]);
    const { engine } = traced(session);
    expect(
      engine.query("select name, ts - trace_start() as ts from slice where name like '%here'"),
    ).toEqual([
      { name: 'here', ts: 1_000_000 },
      { name: 'there', ts: 1_000_000 },
    ]);
  });
});

test('a trace of too many calls keeps the latest and says how many it left out', () => {
  const session = sessionOf(`
    0       nodeCreated  node=7
    0       nodeCreated  node=8
    0       process      node=7 times=100
    0       process      node=8 times=40
  `);
  const trace = encodeTrace(session, [], 50);
  const { engine } = checkTrace(trace, { calls: 50, nodes: 2 });
  expect(
    names(
      engine.query(
        `select track.name as track, slice.name from slice join track on track.id = track_id
         where slice.name glob '*left out' order by ts`,
      ),
    ),
  ).toEqual([
    'noise #8 | 40 earlier calls are left out',
    'noise #7 | 50 earlier calls are left out',
  ]);
  expect(
    engine.query(
      `select min(extract_arg(arg_set_id, 'debug.frame')) as frame from slice
       where name glob 'process()*'`,
    ),
  ).toEqual([{ frame: 50 * 128 }]);
  expect(trace.length).toBeLessThan(encodeTrace(session, []).length);
});

test('a trace of too many messages keeps the latest', () => {
  const { documents } = sessionOf(CHANNELS);
  const [document] = documents;
  if (document === undefined) throw new Error('no document');
  expect(keptMessages(document, 7)).toEqual({ since: Number.NEGATIVE_INFINITY, leftOut: 0 });
  expect(keptMessages(document, 4)).toEqual({ since: 2500, leftOut: 3 });
  expect(keptMessages(document, 0).leftOut).toBe(7);
});

test('tracks stand in the order that people look for them', () => {
  const session = sessionOf(
    `${SESSION}
    130000 nodeCreated node=8 processorName=gain
    131000 nodeCreated node=9 processorName=gain
    140000 process node=8 times=2
    150000 process node=9 times=2`,
  );
  const { engine } = traced(session, [FINDING]);
  engine.query('include perfetto module viz.summary.track_event;');
  const rows = engine.query(
    `select min_track_id as id, parent_id as parent, name, upid, utid, order_id as rank
     from _track_event_tracks_ordered_groups where has_data or has_children order by parent_id, order_id`,
  );
  const lines: string[] = [];
  const visit = (parent: unknown, depth: number) => {
    for (const row of rows) {
      if (row['parent'] !== parent) continue;
      const owner = row['utid'] !== null ? 'thread: ' : row['upid'] === null ? 'global: ' : '';
      lines.push(`${'  '.repeat(depth)}${depth === 0 ? owner : ''}${row['name']}`);
      visit(row['id'], depth + 1);
    }
  };
  visit(null, 0);
  expect(lines).toEqual([
    'global: Findings',
    '  process-after-destroy',
    'thread: Main thread',
    'thread: Rendering thread of AudioContext #1',
    'Web Audio',
    '  AudioContext #1',
    '    state',
    '    live nodes',
    '    process() calls per second',
    '    noise #7',
    '    gain #8',
    '    gain #9',
  ]);
});

const FINDING: Finding = {
  id: 'process-after-destroy:0/n7',
  rule: 'process-after-destroy',
  severity: 'error',
  certainty: 'proven',
  entity: { kind: 'node', id: '0/n7', label: 'noise #7' },
  count: 2,
  first: 112_000 as Micros,
  last: 114_667 as Micros,
  message: 'It went on.',
  help: 'Wait for the answer.',
  link: 'https://webaudio.github.io/web-audio-api/',
  evidence: [
    { at: 110_000 as Micros, thread: 'main', what: 'postMessage "stop"' },
    { at: 112_000 as Micros, thread: 'audio #1', what: `process() at frame ${5376 as Frames}` },
  ],
  stacks: {
    create: ['at start (https://example.test/main.js:12:5)'],
    destroy: [
      'at stop (https://example.test/main.js:20:3)',
      'at https://example.test/main.js:41:1',
    ],
  },
};
