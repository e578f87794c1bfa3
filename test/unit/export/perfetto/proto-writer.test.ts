import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { ProtoReader } from '../../../../src/export/perfetto/proto-reader.ts';
import { ProtoWriter } from '../../../../src/export/perfetto/proto-writer.ts';
import { Random } from '../../../support/random.ts';
import { seeds } from '../../../support/seeds.ts';

const written = (write: (out: ProtoWriter) => void) => {
  const out = new ProtoWriter(1);
  write(out);
  return out.take();
};

test.each([0, 1, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 32, 2 ** 35, Number.MAX_SAFE_INTEGER])(
  'writes the integer %d as somebody else reads it',
  (value) => {
    const input = new BinaryReader(written((out) => out.uint(3, value)));
    expect(input.tag()).toEqual([3, 0]);
    expect(input.uint64()).toBe(BigInt(value));
    expect(input.pos).toBe(input.len);
  },
);

test.each([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 1_790_000_000_123_456_789n])(
  'writes the 64-bit integer %d as somebody else reads it',
  (value) => {
    const input = new BinaryReader(written((out) => out.big(1, value)));
    input.tag();
    expect(input.int64()).toBe(value);
  },
);

test('writes negative numbers, doubles, fixed numbers and flags', () => {
  const input = new BinaryReader(
    written((out) => {
      out.int(1, -5);
      out.double(2, -1.5e300);
      out.fixed64(3, 2 ** 40 + 7);
      out.fixed32(4, 2 ** 32 - 1);
      out.flag(5, true);
    }),
  );
  input.tag();
  expect(input.int64()).toBe(-5n);
  input.tag();
  expect(input.double()).toBe(-1.5e300);
  input.tag();
  expect(input.fixed64()).toBe(BigInt(2 ** 40 + 7));
  input.tag();
  expect(input.fixed32()).toBe(2 ** 32 - 1);
  input.tag();
  expect(input.bool()).toBe(true);
});

test.each(['', 'gain', 'Grüße 𝄞', 'x'.repeat(127), 'x'.repeat(128), 'ß'.repeat(20_000)])(
  'writes text of any length (%#)',
  (text) => {
    const input = new BinaryReader(written((out) => out.text(2, text)));
    expect(input.tag()).toEqual([2, 2]);
    expect(input.string()).toBe(text);
  },
);

test('writes half a character as a replacement character, not as broken UTF-8', () => {
  const input = new BinaryReader(written((out) => out.text(2, 'a\ud800b')));
  input.tag();
  expect(input.string()).toBe('a\ufffdb');
});

test('writes the same nested messages as somebody else does', () => {
  for (const seed of seeds(40)) {
    const ours = new ProtoWriter(1);
    const theirs = new BinaryWriter();
    message(ours, theirs, new Random(seed), 0);
    expect(Buffer.compare(ours.take(), theirs.finish()), `seed ${seed}`).toBe(0);
  }
});

test('is read back by its own reader', () => {
  const read = new ProtoReader(
    written((out) => {
      out.begin(1);
      out.text(2, 'inner');
      out.end();
      out.uint(3, 2 ** 50);
      out.big(4, -1n);
      out.blob(5, new Uint8Array([1, 200, 1]));
      out.fixed64(6, 9);
    }),
  );
  expect(read.message(1)?.text(2)).toBe('inner');
  expect(read.uint(3)).toBe(2 ** 50);
  expect(read.packedBig(4)).toEqual([-1n]);
  expect(read.packed(5)).toEqual([1, 200]);
  expect(read.uint(6)).toBe(9);
  expect(read.text(99)).toBeUndefined();
});

test('a message that ends early is an error of its reader', () => {
  expect(() => new ProtoReader(new Uint8Array([0x0a, 0x05, 0x01]))).toThrow('ends before');
  expect(() => new ProtoReader(new Uint8Array([0x08]))).toThrow('ends at');
});

/** Fields at random, up to four levels deep and long enough for lengths of two and three bytes. */
function message(ours: ProtoWriter, theirs: BinaryWriter, random: Random, depth: number): void {
  for (let i = 0; i < 1 + random.below(8); i++) {
    const field = 1 + random.below(3000);
    switch (random.below(4)) {
      case 0: {
        const value = random.below(2 ** 32);
        ours.uint(field, value);
        theirs.tag(field, 0).uint32(value);
        break;
      }
      case 1: {
        const value = 'é'.repeat(random.below(random.chance(0.1) ? 20_000 : 50));
        ours.text(field, value);
        theirs.tag(field, 2).string(value);
        break;
      }
      case 2:
        if (depth === 4) break;
        ours.begin(field);
        theirs.tag(field, 2).fork();
        message(ours, theirs, random, depth + 1);
        ours.end();
        theirs.join();
        break;
      default: {
        const value = random.next();
        ours.double(field, value);
        theirs.tag(field, 1).double(value);
      }
    }
  }
}
