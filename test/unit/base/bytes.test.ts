import { describe, expect, test } from 'vitest';
import { ByteReader, ByteReaderError } from '../../../src/base/byte-reader.ts';
import { ByteWriter } from '../../../src/base/byte-writer.ts';
import { Seeded } from '../../support/seeded.ts';

function written(write: (out: ByteWriter) => void): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(1);
  write(out);
  return out.take();
}

describe('bytes come back as they were written', () => {
  const UINTS = [
    0,
    1,
    127,
    128,
    16_383,
    16_384,
    2 ** 31,
    2 ** 32,
    2 ** 52,
    Number.MAX_SAFE_INTEGER,
  ];

  test.each(UINTS)('unsigned %d', (value) => {
    const input = new ByteReader(written((out) => out.uint(value)));
    expect(input.uint()).toBe(value);
    expect(input.done).toBe(true);
  });

  test.each([0, -1, 1, -64, 64, -(2 ** 40), 2 ** 52 - 1, -(2 ** 52) + 1])('signed %d', (value) => {
    expect(new ByteReader(written((out) => out.int(value))).int()).toBe(value);
  });

  test.each([0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 5e-324])('float %d', (value) => {
    expect(new ByteReader(written((out) => out.float(value))).float()).toBe(value);
  });

  test.each(['', 'a', 'ä→😀', '\ud800 alone', '\0'.repeat(9000)])('text %j', (value) => {
    expect(new ByteReader(written((out) => out.text(value))).text(9000)).toBe(value);
  });

  test('a thousand mixed values in a row (seeded)', () => {
    const random = new Seeded(1);
    const values = Array.from({ length: 1000 }, () => {
      const kind = random.pick(['byte', 'uint', 'int', 'float', 'bytes'] as const);
      const number = Math.floor(random.next() * 2 ** random.below(50));
      return { kind, number: kind === 'byte' || kind === 'bytes' ? number % 256 : number };
    });
    const bytes = written((out) => {
      for (const { kind, number } of values) {
        if (kind === 'bytes') out.bytes(new Uint8Array(number).fill(number));
        else out[kind](number);
      }
    });
    const input = new ByteReader(bytes);
    for (const { kind, number } of values) {
      if (kind === 'bytes')
        expect(input.bytes(number)).toEqual(new Uint8Array(number).fill(number));
      else expect(input[kind]()).toBe(number);
    }
    expect(input.done).toBe(true);
    expect(input.offset).toBe(bytes.length);
  });
});

describe('the writer', () => {
  test('clamps what is no unsigned integer', () => {
    for (const [value, read] of [
      [-5, 0],
      [Number.NaN, 0],
      [1.9, 1],
      [Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER],
    ] as const) {
      expect(new ByteReader(written((out) => out.uint(value))).uint()).toBe(read);
    }
  });

  test('forgets what was written on reset, and gives a copy of its own', () => {
    const out = new ByteWriter();
    out.uint(300);
    const first = out.take();
    out.reset();
    expect(out.length).toBe(0);
    out.uint(7);
    expect([...first]).toEqual([0xac, 0x02]);
    expect([...out.take()]).toEqual([7]);
  });
});

describe('the reader', () => {
  const whole = written((out) => {
    out.uint(300);
    out.int(-70_000);
    out.float(1.25);
    out.text('abc');
    out.bytes(new Uint8Array(5));
  });
  const readAll = (bytes: Uint8Array) => {
    const input = new ByteReader(bytes);
    input.uint();
    input.int();
    input.float();
    input.text(10);
    input.bytes(5);
    return input;
  };

  test('names the place where the input ends too early, at every length', () => {
    expect(readAll(whole).done).toBe(true);
    for (let length = 0; length < whole.length; length++) {
      expect(() => readAll(whole.subarray(0, length)), `${length} bytes`).toThrow(ByteReaderError);
    }
    expect(() => readAll(whole.subarray(0, 1))).toThrow('unexpected end at byte 1');
  });

  test('refuses integers beyond 2^53 and texts beyond the limit', () => {
    expect(() => new ByteReader(new Uint8Array(9).fill(0xff)).uint()).toThrow('integer too large');
    expect(() => new ByteReader(new Uint8Array([0xff, 0xff, 0xff, 0xff, 1])).text(100)).toThrow(
      'text of',
    );
  });
});
