import { describe, expect, test } from 'vitest';
import { BinaryReader } from '../../../src/wasm/binary-reader.ts';
import { BinaryWriter } from '../../../src/wasm/binary-writer.ts';
import { attempt } from '../../../src/wasm/refusal.ts';
import { Random } from '../../support/random.ts';

/** What a reader makes of these bytes, or where and why it gave up. */
function read(bytes: readonly number[], take: (reader: BinaryReader) => unknown): unknown {
  const result = attempt(() => take(new BinaryReader(new Uint8Array(bytes))));
  return result.ok ? result.value : `${result.error.reason} at ${result.error.offset}`;
}

function written(write: (out: BinaryWriter) => void): number[] {
  const out = new BinaryWriter(1);
  write(out);
  return [...out.take()];
}

const edges = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1];
const random = new Random(1);
const numbers = [
  ...edges,
  ...Array.from({ length: 500 }, () => random.below(2 ** 31) >>> random.below(31)),
];

test('unsigned integers come back as they were written', () => {
  for (const value of [...numbers, 2 ** 31, 2 ** 32 - 1]) {
    const bytes = written((out) => out.u32(value));
    expect(read(bytes, (reader) => reader.u32())).toBe(value);
    expect(read(bytes, (reader) => reader.u64())).toBe(value);
  }
});

test('signed integers come back as they were written', () => {
  for (const value of [...numbers, ...numbers.map((each) => -each), -(2 ** 31)]) {
    const bytes = written((out) => out.s32(value));
    expect(read(bytes, (reader) => reader.s32())).toBe(value | 0);
    expect(read(bytes, (reader) => reader.s33())).toBe(value | 0);
    expect(written((out) => out.s53(value))).toEqual(bytes);
  }
});

test('each is as short as it can be', () => {
  expect(written((out) => out.u32(127))).toEqual([0x7f]);
  expect(written((out) => out.s32(63))).toEqual([0x3f]);
  expect(written((out) => out.s32(-64))).toEqual([0x40]);
  expect(written((out) => out.s32(64))).toEqual([0xc0, 0x00]);
  expect(written((out) => out.s53(2 ** 32))).toEqual([0x80, 0x80, 0x80, 0x80, 0x10]);
});

test('longer forms are read, up to as many bytes as there may be', () => {
  expect(read([0x81, 0x80, 0x80, 0x80, 0x00], (reader) => reader.u32())).toBe(1);
  expect(read([0xff, 0xff, 0xff, 0xff, 0x7f], (reader) => reader.s32())).toBe(-1);
  const tooLarge = 'integer too large at 4';
  expect(read([0x81, 0x80, 0x80, 0x80, 0x80, 0x00], (reader) => reader.u32())).toBe(tooLarge);
  expect(read([0xff, 0xff, 0xff, 0xff, 0x1f], (reader) => reader.u32())).toBe(tooLarge);
  expect(read([0xff, 0xff, 0xff, 0xff, 0x0f], (reader) => reader.s32())).toBe(tooLarge);
  expect(read([0xff, 0xff, 0xff, 0xff, 0x0f], (reader) => reader.u32())).toBe(2 ** 32 - 1);
});

test('what ends too early is refused where it ends', () => {
  expect(read([], (reader) => reader.byte())).toBe('unexpected end at 0');
  expect(read([0x80], (reader) => reader.u32())).toBe('unexpected end at 1');
  expect(read([3, 0x61, 0x62], (reader) => reader.name())).toBe('unexpected end at 1');
  expect(read([1, 2], (reader) => reader.skip(2 ** 32))).toBe('unexpected end at 0');
});

describe('names', () => {
  test.each(['', 'memory', 'ümlaut', '日本', '🎧 lifeline'])('%s is decoded', (text) => {
    const encoded = [...Buffer.from(text)];
    expect(read([encoded.length, ...encoded], (reader) => reader.name())).toBe(text);
  });

  test('what is no UTF-8 is shown as such', () => {
    expect(read([3, 0xc3, 0x28, 0x61], (reader) => reader.name())).toBe('\ufffd(a');
    expect(read([1, 0xe2], (reader) => reader.name())).toBe('\ufffd');
  });
});

test('a writer that grew holds what it held', () => {
  const out = new BinaryWriter(1);
  const source = new Uint8Array(300).map((_, i) => i);
  for (let from = 0; from < 300; from += 20) out.copy(source, from, from + 20);
  out.append(out);
  const part = new BinaryWriter();
  part.sized(out);
  expect([...part.take()]).toEqual([0xd8, 0x04, ...source, ...source]);
  out.reset();
  expect(out.take()).toHaveLength(0);
});
