import { describe, expect, test } from 'vitest';
import { CargoWalk } from '../../../src/hooks/cargo-walk.ts';
import { hashContent } from '../../../src/hooks/content-hash.ts';
import { Random } from '../../support/random.ts';

/** The byte lengths of the shared memories in `value`, in the order in which they are met. */
function memoriesIn(value: unknown, isClone = false): readonly number[] {
  const found: number[] = [];
  const walk = new CargoWalk((buffer) => found.push((buffer as SharedArrayBuffer).byteLength));
  if (typeof value === 'object' && value !== null) walk.find(value, isClone);
  return found;
}

const block = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(bytes);

describe('the search for shared memory', () => {
  test('goes depth first, by keys, elements and entries, and counts each once', () => {
    const once = block(8);
    const message = {
      b: [1, { deep: block(16) }, new Int32Array(once)],
      2: once,
      1: new Map<unknown, unknown>([
        [block(24), new Set([block(32)])],
        ['again', once],
      ]),
      view: new DataView(block(40)),
      memory: new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }),
      own: new ArrayBuffer(48),
    };
    expect(memoriesIn(message)).toEqual([24, 32, 8, 16, 40, 65_536]);
  });

  test('ends at a getter, whose value only the clone has', () => {
    const message = {
      first: block(8),
      get second() {
        throw new Error('must not run');
      },
      third: block(16),
    };
    expect(memoriesIn(message)).toEqual([8]);
  });

  test('is not led astray by what a clone leaves out', () => {
    class Derived {
      static readonly left = block(8);
      readonly kept = block(16);
    }
    const message = [new Derived(), Object.create({ inherited: block(32) })];
    Object.defineProperty(message[0], 'hidden', { value: block(40) });
    expect(memoriesIn(message)).toEqual([16]);
    expect(memoriesIn(structuredClone(message), true)).toEqual([16]);
  });

  test('sees nothing in the holes of an array, whatever its prototype has there', () => {
    const message = [block(8), 1, 2, 3, block(16)];
    delete message[3];
    const Hole = Array.prototype as unknown as Record<number, unknown>;
    Object.defineProperty(Hole, 3, {
      configurable: true,
      get() {
        throw new Error('must not run');
      },
    });
    try {
      expect(memoriesIn(message)).toEqual([8, 16]);
      expect(memoriesIn(message, true)).toEqual([8, 16]);
    } finally {
      delete Hole[3];
    }
  });

  test('ends, however a message is knotted', () => {
    const knot: { [key: string]: unknown } = { cells: block(8) };
    knot['self'] = knot;
    knot['list'] = [knot, [knot]];
    expect(memoriesIn(knot)).toEqual([8]);
    expect(memoriesIn(structuredClone(knot), true)).toEqual([8]);
    const wide = Array.from({ length: 10_000 }, () => ({}));
    expect(memoriesIn([...wide, block(8)])).toEqual([]);
  });
});

for (let seed = 1; seed <= 30; seed++) {
  test(`sender and receiver find the same (seed ${seed})`, () => {
    const message = randomMessage(new Random(seed));
    const clone = structuredClone(message);
    expect(memoriesIn(clone, true)).toEqual(memoriesIn(message));
    expect(hashContent(clone)).toBe(hashContent(message));
  });
}

describe('the hash of a message', () => {
  test('tells different contents apart', () => {
    const values = [
      1,
      '1',
      true,
      null,
      undefined,
      [],
      {},
      [1],
      { a: 1 },
      { b: 1 },
      [[1]],
      -0,
      0,
      1n,
    ];
    expect(new Set(values.map((value) => hashContent(value))).size).toBe(values.length);
    expect(hashContent('a'.repeat(300))).not.toBe(hashContent('a'.repeat(301)));
  });

  test('is unknown where a getter had its part, and bounded', () => {
    expect(
      hashContent({
        get a() {
          throw new Error('must not run');
        },
      }),
    ).toBe(0);
    const knot: unknown[] = [];
    knot.push(knot);
    expect(hashContent(knot)).toBeGreaterThan(0);
  });
});

function randomMessage(random: Random, depth = 0): unknown {
  const pick = random.below(depth > 4 ? 4 : 12);
  const many = random.below(5);
  const parts = (): unknown[] =>
    Array.from({ length: many }, () => randomMessage(random, depth + 1));
  switch (pick) {
    case 0:
      return random.below(100) / 7;
    case 1:
      return 'text'.repeat(random.below(4));
    case 2:
      return random.below(2) === 0 ? undefined : null;
    case 3:
      return BigInt(random.below(1000));
    case 4:
      return block(8 * (1 + random.below(1000)));
    case 5:
      return new Int32Array(block(8 * (1 + random.below(1000))));
    case 6:
      return new ArrayBuffer(8);
    case 7:
      return new Map(parts().map((part, i) => [i % 2 === 0 ? i : part, part]));
    case 8:
      return new Set(parts());
    case 9:
      return parts();
    case 10:
      return new Date(0);
    default:
      return Object.fromEntries(parts().map((part, i) => [`key${i % 3}${i}`, part]));
  }
}
