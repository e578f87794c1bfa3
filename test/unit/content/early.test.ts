import { expect, test } from 'vitest';
import { parseIntake } from '../../../src/content/intake.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { parseRecords } from '../../../src/shared/record-codec.ts';

const page = (event: unknown = 'ended') => ({ name: 'page', seq: 4, at: 1500, fields: { event } });
const earlyOf = (records: readonly unknown[]) => ({
  kind: 'early',
  records: new Map(records.map((record, i) => [i, record])),
});
const early = (...records: readonly unknown[]) => earlyOf(records);

test('what a document left behind becomes its first chunk', () => {
  const mark = { name: 'mark', seq: 2, at: 1000.5, fields: { text: 'lifeline:x' } };
  const parsed = parseIntake(early(mark, page()));
  if (!parsed.ok || parsed.value.kind !== 'chunk') throw new Error('refused');
  const { number, thread, form, bytes } = parsed.value;
  expect({ number, thread, form }).toEqual({ number: 1, thread: 0, form: 'records' });
  expect(parseRecords(bytes)).toEqual({
    ok: true,
    value: [
      { record: 'mark', seq: 2, at: 1000, text: 'lifeline:x' },
      { record: 'page', seq: 4, at: 1500, event: 'ended' },
    ],
  });
});

test('as much of it as fits into a chunk', () => {
  const count = (4 * LIMITS.chunkBytes) / 500;
  const texts = Array.from({ length: count }, (_, i) => `${i}${'x'.repeat(500)}`);
  const marks = texts.map((text) => ({ name: 'mark', seq: 0, at: 0, fields: { text } }));
  const parsed = parseIntake(earlyOf(marks));
  if (!parsed.ok || parsed.value.kind !== 'chunk') throw new Error('refused');
  expect(parsed.value.bytes.byteLength).toBeLessThan(LIMITS.chunkBytes);
  expect(parsed.value.bytes.byteLength).toBeGreaterThan(LIMITS.chunkBytes / 2);
});

test.each([
  ['no records', { kind: 'early' }],
  ['a list', { kind: 'early', records: [page()] }],
  ['none', early()],
  ['too many', earlyOf(Array.from({ length: LIMITS.earlyRecords + 1 }, () => page()))],
  ['what is no record', early(undefined)],
  ['an unknown name', early({ ...page(), name: 'constructor' })],
  ['a place that is no number', early({ ...page(), seq: 4n })],
  ['a time that is no number', early({ ...page(), at: '1' })],
  ['missing fields', early({ ...page(), fields: {} })],
  ['a field of another type', early(page(1n))],
  ['one wrong among right ones', early(page(), page(null))],
  ['a negative time', early({ ...page(), seq: -3 })],
])('refuses %s', (_what, message) => {
  expect(parseIntake(message).ok).toBe(false);
});
