import { expect, test } from 'vitest';
import { parseIntake } from '../../../src/content/intake.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { RecordWriter } from '../../../src/shared/record-codec.ts';
import { SLOT, SLOT_BYTES } from '../../../src/shared/slots.ts';

const records = (): Uint8Array<ArrayBuffer> => {
  const writer = new RecordWriter();
  writer.write('mark', 1, 10, { text: '<img src=x onerror=alert(1)>' });
  return writer.take();
};
const slots = (): Uint8Array<ArrayBuffer> => {
  const words = new Int32Array([SLOT.clock, 1, 128, 0]);
  return new Uint8Array(words.buffer);
};
const chunk = (fields: object = {}) => ({
  kind: 'chunk',
  number: 1,
  thread: 0,
  form: 'records',
  bytes: records(),
  ...fields,
});
const refused = (value: unknown): string => {
  const result = parseIntake(value);
  return result.ok ? `let through: ${JSON.stringify(result.value)}` : result.error;
};

test('lets through whole chunks of records and of slots', () => {
  expect(parseIntake(chunk())).toEqual({ ok: true, value: chunk() });
  const ofSlots = chunk({ form: 'slots', thread: 3, bytes: slots() });
  expect(parseIntake(ofSlots)).toEqual({ ok: true, value: ofSlots });
});

test('drops every field that it does not know', () => {
  const forged = { kind: 'flushed', id: 4, document: 'another', origin: { url: 'https://bank' } };
  expect(parseIntake(forged)).toEqual({ ok: true, value: { kind: 'flushed', id: 4 } });
});

test('refuses what is no message', () => {
  for (const value of [undefined, null, 7, 'chunk', [], {}, { kind: 'watch', from: 1 }]) {
    expect(refused(value)).not.toMatch(/^let through/);
  }
});

test('refuses a chunk with impossible fields', () => {
  for (const fields of [
    { number: 0 },
    { number: 1.5 },
    { number: '1' },
    { thread: LIMITS.threads },
    { thread: -1 },
    { form: 'text' },
    { bytes: [1, 2, 3] },
    { bytes: new Uint8ClampedArray(4) },
    { bytes: new Uint8Array(LIMITS.chunkBytes + 1) },
  ]) {
    expect(refused(chunk(fields))).toMatch(/^chunk: /);
  }
});

test('refuses records that are truncated anywhere', () => {
  const whole = records();
  for (let length = 1; length < whole.length; length++) {
    expect(refused(chunk({ bytes: whole.slice(0, length) })), `${length} bytes`).toMatch(
      /^chunk: /,
    );
  }
});

test('refuses slots that are truncated or of an unknown kind', () => {
  for (let length = 1; length < SLOT_BYTES; length++) {
    expect(refused(chunk({ form: 'slots', bytes: slots().slice(0, length) }))).toMatch(/^chunk: /);
  }
  expect(refused(chunk({ form: 'slots', bytes: new Uint8Array(SLOT_BYTES).fill(255) }))).toMatch(
    /unknown slot/,
  );
});

test('passes on bytes of their own, whatever buffer they came in', () => {
  const bytes = records();
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const large = new Uint8Array(new ArrayBuffer(1_000_000), 16, bytes.length);
  large.set(bytes);
  const resizable = new Uint8Array(
    new ArrayBuffer(bytes.length, { maxByteLength: 64 * 1024 * 1024 }),
  );
  resizable.set(bytes);
  for (const forged of [shared, large, resizable]) {
    const result = parseIntake(chunk({ bytes: forged }));
    if (!result.ok || result.value.kind !== 'chunk') throw new Error(refused(forged));
    expect(result.value.bytes).toEqual(bytes);
    expect(result.value.bytes.buffer).not.toBe(forged.buffer);
    expect(result.value.bytes.buffer.byteLength).toBe(bytes.length);
    expect(Object.prototype.toString.call(result.value.bytes.buffer)).toBe('[object ArrayBuffer]');
  }
});
