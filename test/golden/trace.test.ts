import { expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import { encodeTrace } from '../../src/export/perfetto/trace.ts';
import { sessionOf } from '../support/text-records.ts';
import { openTrace } from '../support/trace-processor.ts';

test('a small session looks in the trace as it did', async () => {
  const session = sessionOf(`
    0      contextCreated       context=1 state=suspended stack="    at main (https://example.test/main.js:3:7)"
    500    threadStarted        thread=1 kind=audio context=1 name="audio #1"
    1000   moduleRequested      context=1 module=1 url="https://example.test/noise.js"
    2000   contextCall          context=1 call=1 method=resume
    5000   moduleSettled        module=1 outcome=resolved
    9000   contextState         context=1 state=running
    9500   contextSettled       context=1 call=1 method=resume outcome=resolved
    10000  neighbourSeen        context=1 node=2 type=AudioDestinationNode
    11000  nodeCreated          node=7 stack="    at start (https://example.test/main.js:12:5)"
    11500  processorConstructed ordinal=0 name=noise outcome=resolved
    12000  connected            source=7 target=2
    13333  process              node=7 times=2 duration=120
    20000  send                 main→7 "stop"
    21000  receive              main→7 "stop"
    22000  process              node=7
    25000  declaredDestroyed    node=7 stack="    at stop (https://example.test/main.js:20:3)"
    26667  process              node=7 times=2
    40000  lost                 thread=1 count=9 why=ring-full
    50000  page                 event=ended
  `);
  const engine = openTrace(encodeTrace(session, judge(session)));
  const rows = engine.query(`
    select (ts - trace_start()) / 1000 as us, dur / 1000 as dur, depth,
      ifnull(track.name, '') as track, slice.name, ifnull(category, '') as category,
      (select group_concat(key || '=' || display_value, '; ') from
        (select substr(key, 7) as key, display_value from args
         where args.arg_set_id = slice.arg_set_id order by key)) as args
    from slice join track on track.id = track_id order by track.name, ts, slice.id`);
  const lines: string[] = [];
  let track: unknown;
  for (const row of rows) {
    if (row['track'] !== track) lines.push('', `${row['track']}`);
    track = row['track'];
    const name = `${'  '.repeat(Number(row['depth']))}${row['name']}`;
    const kind = row['category'] === '' ? '' : ` (${row['category']})`;
    lines.push(`  ${row['us']}+${row['dur']} ${name}${kind}`);
    if (row['args'] !== null) lines.push(`      ${row['args']}`);
  }
  await expect(`${lines.join('\n').trim()}\n`).toMatchFileSnapshot('trace.txt');
});
