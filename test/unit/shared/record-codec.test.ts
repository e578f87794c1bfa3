import { describe, expect, test } from 'vitest';
import * as LIMITS from '../../../src/shared/limits.ts';
import { parseRecords, RecordWriter } from '../../../src/shared/record-codec.ts';
import { type FieldType, RECORDS, type RecordName } from '../../../src/shared/records.ts';
import { Seeded } from '../../support/seeded.ts';

const NAMES = Object.keys(RECORDS) as readonly RecordName[];

function fieldValue(type: FieldType, random: Seeded): unknown {
  if (typeof type !== 'string') return random.pick(type);
  switch (type) {
    case 'flag':
      return random.chance(0.5);
    case 'text':
    case 'stack':
      return random.pick(['', 'noise', '<img src=x onerror=alert(1)>', 'ä→😀', 'x'.repeat(400)]);
    case 'float':
      return random.next() * 1e6;
    case 'int':
      return random.below(1e9) - 5e8;
    case 'uint':
    case 'frames':
      return Math.floor(random.next() * 2 ** random.below(52));
    default:
      return random.below(LIMITS.ids);
  }
}

interface Written {
  readonly record: RecordName;
  readonly seq: number;
  readonly at: number;
  readonly fields: { readonly [field: string]: unknown };
}

function randomRecords(seed: number, count: number): readonly Written[] {
  const random = new Seeded(seed);
  return Array.from({ length: count }, (_, i) => {
    const record = NAMES[i % NAMES.length] as RecordName;
    const fields: { [field: string]: unknown } = {};
    for (const [field, type] of Object.entries(RECORDS[record].fields)) {
      fields[field] = fieldValue(type, random);
    }
    return { record, seq: random.below(1e9), at: random.below(1e9), fields };
  });
}

function chunkOf(records: readonly Written[]): Uint8Array<ArrayBuffer> {
  const writer = new RecordWriter();
  for (const { record, seq, at, fields } of records) writer.write(record, seq, at, fields as never);
  expect(writer.count).toBe(records.length);
  return writer.take();
}

describe('a chunk of records', () => {
  test.each([1, 2, 3])('gives back every record of every kind (seed %i)', (seed) => {
    const written = randomRecords(seed, NAMES.length * 10);
    const read = parseRecords(chunkOf(written));
    const wanted = written.map(({ fields, ...rest }) => ({ ...rest, ...fields }));
    expect(read).toEqual({ ok: true, value: wanted });
  });

  test('stands alone: a writer starts each chunk anew', () => {
    const writer = new RecordWriter();
    const fields = { text: 'lifeline:again' };
    writer.write('mark', 5, 100, fields);
    const first = writer.take();
    writer.write('mark', 6, 200, fields);
    const second = writer.take();
    expect(first.length).toBe(second.length);
    expect(parseRecords(second)).toEqual({
      ok: true,
      value: [{ record: 'mark', seq: 6, at: 200, ...fields }],
    });
  });

  test('holds each text once', () => {
    const writer = new RecordWriter();
    const text = 'x'.repeat(300);
    for (let i = 0; i < 100; i++) writer.write('mark', i, i, { text });
    expect(writer.byteLength).toBeLessThan(300 + 100 * 6);
  });

  test('cuts long text with an ellipsis', () => {
    const writer = new RecordWriter();
    writer.write('mark', 1, 1, { text: 'y'.repeat(1_000_000) });
    const read = parseRecords(writer.take());
    const [mark] = read.ok ? read.value : [];
    const text = mark?.record === 'mark' ? mark.text : '';
    expect(text.length).toBe(LIMITS.textUnits);
    expect(text.endsWith('y…')).toBe(true);
  });

  test('is refused when it was cut anywhere but between two records', () => {
    const written = randomRecords(4, NAMES.length);
    const whole = chunkOf(written);
    const ends = new Set(written.map((_, i) => chunkOf(written.slice(0, i)).length));
    for (let length = 0; length < whole.length; length++) {
      const read = parseRecords(whole.subarray(0, length));
      expect(read.ok, `${length} bytes`).toBe(ends.has(length));
    }
  });

  test('is read or refused, never more, whatever its bytes (seeded)', () => {
    const random = new Seeded(9);
    const whole = chunkOf(randomRecords(5, NAMES.length));
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      const bytes = random.chance(0.5) ? whole.slice() : new Uint8Array(random.below(200));
      for (let j = 0; j < 8; j++) bytes[random.below(bytes.length)] = random.below(256);
      const read = parseRecords(bytes);
      if (!read.ok) {
        refused++;
        expect(read.error).not.toBe('');
      }
    }
    expect(refused).toBeGreaterThan(1500);
  });

  test('is refused with the place where it goes wrong', () => {
    expect(parseRecords(new Uint8Array([99]))).toEqual({
      ok: false,
      error: 'unknown op 99 at byte 1',
    });
    expect(parseRecords(new Uint8Array(LIMITS.chunkBytes + 1)).ok).toBe(false);
    const backInTime = new Uint8Array([RECORDS.page.op, 0, 1, 0]);
    expect(parseRecords(backInTime)).toEqual({
      ok: false,
      error: 'negative seq or time at byte 3',
    });
  });

  test('is refused when it holds an id, a word or a text that cannot be', () => {
    const writer = new RecordWriter();
    writer.write('nodeCollected', 1, 1, { node: (LIMITS.ids + 1) as never });
    expect(parseRecords(writer.take())).toMatchObject({ ok: false });
    expect(parseRecords(new Uint8Array([RECORDS.page.op, 2, 2, 9]))).toEqual({
      ok: false,
      error: 'no word 9 at byte 4',
    });
    expect(parseRecords(new Uint8Array([RECORDS.mark.op, 2, 2, 7]))).toEqual({
      ok: false,
      error: 'no text 7 at byte 4',
    });
  });
});

describe('the vocabulary', () => {
  test('gives every record an op of its own', () => {
    const ops = NAMES.map((name) => RECORDS[name].op);
    expect(new Set(ops).size).toBe(ops.length);
    expect(Math.min(...ops)).toBe(1);
    expect(Math.max(...ops)).toBe(ops.length);
  });

  test('has no field that would hide what every record carries', () => {
    for (const name of NAMES) {
      const fields = Object.keys(RECORDS[name].fields);
      expect(fields).not.toEqual(expect.arrayContaining(['record']));
      expect(fields.includes('seq') || fields.includes('at'), name).toBe(false);
    }
  });
});
