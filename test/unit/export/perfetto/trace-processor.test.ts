import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { encodeTrace } from '../../../../src/export/perfetto/trace.ts';
import {
  QueryError,
  type TraceProcessor,
} from '../../../../src/export/perfetto/trace-processor.ts';
import { sessionOf } from '../../../support/text-records.ts';
import { openTrace } from '../../../support/trace-processor.ts';

const TRACE = encodeTrace(sessionOf('0 nodeCreated node=7\n1000 process node=7 times=700'), []);

let engine: TraceProcessor;
beforeAll(() => {
  engine = openTrace(TRACE);
});

test('gives every kind of cell back', () => {
  expect(
    engine.query(
      "select 1 as one, -3 as less, 1.5 as real, 'Grüße' as text, null as none, 1 << 60 as big, '' as empty",
    ),
  ).toEqual([
    { one: 1, less: -3, real: 1.5, text: 'Grüße', none: null, big: 2n ** 60n, empty: '' },
  ]);
});

test('gives rows that come in several batches', () => {
  const rows = engine.query(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
     select i, 'row ' || i as name from n`,
  );
  expect(rows).toHaveLength(100_000);
  expect(rows.at(-1)).toEqual({ i: 100_000, name: 'row 100000' });
});

test('says what is wrong with a query, and goes on', () => {
  expect(() => engine.query('select nothing from nowhere')).toThrow(QueryError);
  expect(() => engine.query('select nothing from nowhere')).toThrow(/nowhere/);
  expect(engine.query("select count(*) as n from slice where name glob 'process()*'")).toEqual([
    { n: 700 },
  ]);
});

test('opens a compressed trace as it is', () => {
  const other = openTrace(new Uint8Array(gzipSync(TRACE)));
  expect(other.query("select count(*) as n from slice where name glob 'process()*'")).toEqual([
    { n: 700 },
  ]);
});
