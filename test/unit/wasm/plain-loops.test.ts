import { describe, expect, test } from 'vitest';
import { firstFreed, readAccessSite } from '../../../src/wasm/access-site.ts';
import { type CheckOptions, instrument } from '../../../src/wasm/instrument.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { Random } from '../../support/random.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import {
  FROM,
  INNER_SHADOW,
  type Report,
  runInstrumented,
} from '../../support/wasm-differential.ts';
import { BOUNDED_PAGES, HEAP_BYTES } from '../../support/wasm-generator.ts';
import '../../support/wasm-engine.ts';
import { rounds } from '../../support/seeds.ts';

const style = (precision: 'accumulated' | 'exact'): CheckOptions => ({
  accesses: 'all',
  precision,
  bodies: 'one',
  shared: false,
  shadow: INNER_SHADOW,
});

/** `main` with an index (local 5), a count (6), an unchanging base (7), a second index (8) and a float (9). */
const module = (...lines: readonly string[]): Uint8Array<ArrayBuffer> =>
  assemble(`
    import func env.log il:i
    import memory env.memory ${BOUNDED_PAGES} ${BOUNDED_PAGES}
    export main func 1
    export memory memory 0
    func iilfd:i locals iiiif
      ${lines.join('\n')}
      i32.const 0
    end`);

const ROUNDS = 20;
const START = 1024;
const COUNT = 'local.get 6\ni32.const 1\ni32.sub\nlocal.tee 6\nbr_if 0';
const advance = (stride: number): string =>
  `local.get 5\ni32.const ${stride}\ni32.add\nlocal.set 5`;
const setup = `i32.const ${ROUNDS}\nlocal.set 6\ni32.const ${START}\nlocal.set 5\ni32.const 4096\nlocal.set 7`;
const loop = (...lines: readonly string[]): Uint8Array<ArrayBuffer> =>
  module(setup, 'loop', ...lines, COUNT, 'end');
const load = 'local.get 5\nf32.load\nlocal.set 9';

/** How many accesses are checked at all, and how many of them in line. */
function calmChecks(bytes: Uint8Array): { readonly inline: number; readonly checks: number } {
  const checked = instrument(bytes, { from: FROM, checks: style('accumulated') });
  if (!checked.ok) throw new Error(checked.error.reason);
  const read = readModule(checked.value.bytes);
  if (!read.ok) throw new Error(read.error.reason);
  // In line, an access looks into the shadow, at an offset that nothing else has.
  const text = Buffer.from(checked.value.bytes.subarray(0, read.value.bodyTo.at(0))).toString(
    'latin1',
  );
  const inline = text.split('\x41\x03\x76\x2d').length - 1;
  return { inline, checks: checked.value.checks };
}

function reports(
  bytes: Uint8Array,
  precision: 'accumulated' | 'exact',
  prepare: (shadow: Uint8Array) => void,
): Report[] {
  const checked = instrument(bytes, { from: FROM, checks: style(precision) });
  if (!checked.ok) throw new Error(checked.error.reason);
  const found: Report[] = [];
  runInstrumented(checked.value, { bounded: true }, { prepare }, (report) => {
    found.push(report);
  });
  return found;
}

describe('an access in a plain loop is checked when the loop ends', () => {
  test.each([
    ['that goes up', [load, advance(4)]],
    ['that goes down', [load, advance(-4)]],
    ['before and after its index has moved', [load, advance(4), load]],
    [
      'at a multiple of an index',
      [`local.get 5\ni32.const 2\ni32.shl\nf32.load\nlocal.set 9`, advance(1)],
    ],
    [
      'at a base plus an index',
      [`local.get 7\nlocal.get 5\ni32.add\nf32.load\nlocal.set 9`, advance(4)],
    ],
    [
      'at a base less an index',
      [`local.get 7\nlocal.get 5\ni32.sub\nf32.load\nlocal.set 9`, advance(4)],
    ],
    [
      'at an index times three',
      [`local.get 5\ni32.const 3\ni32.mul\nf32.load\nlocal.set 9`, advance(4)],
    ],
    [
      'of two rounds in one',
      ['local.get 5\ni32.const 4\ni32.or\nf32.load\nlocal.set 9', advance(8)],
    ],
    ['that writes', ['local.get 5\nf32.const 1\nf32.store offset=8', advance(4)]],
    [
      'that writes at a sum',
      ['local.get 5\nlocal.get 7\ni32.add\nf32.const 1\nf32.store', advance(4)],
    ],
  ] as const)('%s', (_, lines) => {
    expect(calmChecks(loop(...lines))).toEqual({ inline: 0, checks: 1 });
  });

  test('so it is in one that is left by a branch at its end', () => {
    const bytes = module(setup, 'block', 'loop', load, advance(4), COUNT, 'br 1', 'end', 'end');
    expect(calmChecks(bytes)).toEqual({ inline: 0, checks: 1 });
    const poison = (shadow: Uint8Array): void => {
      shadow[(START + 40) / 8] = 1;
    };
    expect(reports(bytes, 'accumulated', poison)).toHaveLength(2);
    const twice = module(
      setup,
      'block',
      'loop',
      load,
      advance(4),
      COUNT,
      'br 1',
      'br 1',
      'end',
      'end',
    );
    expect(reports(twice, 'accumulated', poison)).toHaveLength(2);
  });
});

describe('an access is checked each time round where the stretch would not be known', () => {
  test.each([
    ['its index moves unevenly', [load, 'local.get 5\nlocal.get 6\ni32.add\nlocal.set 5']],
    ['its index moves only sometimes', [load, 'local.get 6\nif', advance(4), 'end']],
    ['its index moves twice', [load, advance(4), advance(4)]],
    ['it happens only sometimes', ['local.get 6\nif', load, 'end', advance(4)]],
    ['the loop begins again before it', ['local.get 6\nbr_if 0', load, advance(4)]],
    ['the loop can be left elsewhere', ['local.get 0\nbr_if 1', load, advance(4)]],
    ['something is called', [load, advance(4), 'i32.const 0\ni64.const 0\ncall 0\ndrop']],
    ['it passes over most of it', [load, advance(256)]],
    ['its index does not move', [load, 'local.get 5\nlocal.set 5']],
    ['low bits may carry', ['local.get 5\ni32.const 4\ni32.or\nf32.load\nlocal.set 9', advance(4)]],
  ] as const)('%s', (_, lines) => {
    expect(calmChecks(loop(...lines)).inline).toBe(1);
  });

  test('an index of one loop is nothing in the next', () => {
    const sum = 'local.get 5\nlocal.set 8';
    const second =
      'local.get 8\nf32.load\nlocal.set 9\nlocal.get 5\ni32.const 4\ni32.add\nlocal.set 5';
    const bytes = module(
      setup,
      'loop',
      sum,
      advance(4),
      COUNT,
      'end',
      setup,
      'loop',
      second,
      COUNT,
      'end',
    );
    expect(calmChecks(bytes)).toEqual({ inline: 1, checks: 1 });
  });
});

describe('an access inside of what an unchanged base points to is looked at where it was last', () => {
  const at = (...address: readonly string[]): string =>
    [...address, 'f32.load offset=8', 'local.set 9'].join('\n');
  const step = 'local.get 5\ni32.const 13\ni32.add\ni32.const 511\ni32.and\nlocal.set 5';
  const index = 'local.get 5\ni32.const 2\ni32.shl';
  const base = 'i32.const 16384\nlocal.get 0\ni32.const 0\ni32.and\ni32.or\nlocal.set 7';
  const loopAt = (...address: readonly string[]): Uint8Array<ArrayBuffer> =>
    module(setup, base, 'loop', at(...address), step, COUNT, 'end');

  test.each([
    ['at a masked index', ['local.get 7', 'local.get 5\ni32.const 1532\ni32.and', 'i32.add']],
    ['at an index times four', ['local.get 7', index, 'i32.add']],
    ['the other way round', [index, 'local.get 7', 'i32.add']],
    ['at an index times twelve', ['local.get 7', 'local.get 5\ni32.const 12\ni32.mul', 'i32.add']],
    [
      'at two indices',
      ['local.get 7', index, 'i32.add', 'local.get 6\ni32.const 3\ni32.shl', 'i32.add'],
    ],
    [
      'at the sum of two indices',
      [index, 'local.get 6\ni32.const 3\ni32.shl', 'i32.add', 'local.get 7', 'i32.add'],
    ],
  ] as const)('%s', (_, address) => {
    const bytes = loopAt(...address);
    expect(calmChecks(bytes)).toEqual({ inline: 1, checks: 1 });
    const freed = reports(bytes, 'accumulated', (shadow) => {
      shadow.fill(1, 16_384 / 8);
    });
    // `main` is called twice.
    expect(freed).toHaveLength(2);
    const elsewhere = reports(bytes, 'accumulated', (shadow) => {
      shadow.fill(1, 0, 16_384 / 8);
    });
    expect(elsewhere).toEqual([]);
  });

  test('that never happens, nothing', () => {
    const never = ['i32.const 0\nif', at('local.get 7', index, 'i32.add'), 'end'];
    const bytes = module(setup, base, 'loop', ...never, step, COUNT, 'end');
    const found = reports(bytes, 'accumulated', (shadow) => {
      shadow.fill(1);
    });
    expect(found).toEqual([]);
  });

  /** What is found where only what the first access touches is freed. */
  const atFirst = (address: readonly string[]): number => {
    const bytes = loopAt(...address);
    const all = reports(bytes, 'exact', (shadow) => {
      shadow.fill(1);
    });
    const granule = ((all[0]?.address ?? 0) + 8) >> 3;
    const isLast = ((all.at(-1)?.address ?? 0) + 8) >> 3 === granule;
    expect([all.length > 1, isLast]).toEqual([true, false]);
    return reports(bytes, 'accumulated', (shadow) => {
      shadow[granule] = 1;
    }).length;
  };

  test('so one that is freed alone goes unseen, as no block is', () => {
    expect(atFirst(['local.get 7', index, 'i32.add'])).toBe(0);
  });

  test.each([
    ['that may be an address itself', ['local.get 7', 'local.get 5', 'i32.add']],
    ['that is taken away', ['local.get 7', index, 'i32.sub']],
    ['without a base', ['local.get 5\ni32.const 1532\ni32.and']],
    ['whose base moves', ['local.get 6', index, 'i32.add']],
    ['that is a rounded address', ['local.get 7', 'local.get 5\ni32.const -8\ni32.and', 'i32.add']],
  ] as const)('but not at an index %s', (_, address) => {
    expect(atFirst(address)).toBeGreaterThan(0);
  });
});

test('the stretch is just what was touched, up or down, to its last byte', () => {
  for (const stride of [4, -4, 8, -8]) {
    const bytes = loop('local.get 5\ni64.load offset=16\ndrop', advance(stride));
    const first = START + 16;
    const last = first + stride * (ROUNDS - 1);
    const [low, high] = [Math.min(first, last), Math.max(first, last) + 8];
    for (let granule = low / 8 - 4; granule < high / 8 + 4; granule++) {
      const at = Math.floor(granule);
      const found = reports(bytes, 'accumulated', (shadow) => {
        shadow[at] = 1;
      });
      const touched = at * 8 < high && at * 8 + 8 > low;
      expect(found.length > 0, `stride ${stride}, ${at * 8}`).toBe(touched);
    }
  }
});

test('random sweeps are found out exactly where single checks find them out', () => {
  const random = new Random(3);
  let hits = 0;
  for (let round = 0; round < rounds(240); round++) {
    const stride = random.pick([1, 2, 4, 8, -1, -2, -4, 16]);
    const shift = random.below(3);
    const terms = [
      'local.get 5',
      ...(random.chance(0.3) ? [`i32.const ${random.below(8)}\ni32.or`] : []),
      ...(random.chance(0.5) ? [`i32.const ${shift}\ni32.shl`] : []),
      ...(random.chance(0.5) ? ['local.get 7\ni32.add'] : []),
      ...(random.chance(0.2) ? ['local.get 5\ni32.add'] : []),
      ...(random.chance(0.2) ? [`i32.const ${random.below(64)}\ni32.sub`] : []),
    ].join('\n');
    const access = random.chance(0.5)
      ? `${terms}\nf32.load offset=${random.below(64)}\nlocal.set 9`
      : `${terms}\nf32.const 2\nf32.store offset=${random.below(64)}`;
    const moved = random.chance(0.5) ? [access, advance(stride)] : [advance(stride), access];
    const bytes = loop(...moved);
    // In line only the first bytes of an access are looked at.
    if (calmChecks(bytes).inline > 0) continue;
    const module = readModule(bytes);
    if (!module.ok) throw new Error(module.error.reason);
    const poisoned = new Uint8Array(HEAP_BYTES / 8);
    for (let left = 5 + random.below(30); left > 0; left--) {
      poisoned[random.below(1400)] = 1;
    }
    const prepare = (shadow: Uint8Array): void => shadow.set(poisoned);
    const exact = reports(bytes, 'exact', prepare);
    const found = reports(bytes, 'accumulated', prepare).filter(({ site, address }) => {
      const at = readAccessSite(module.value, site);
      return at.ok && firstFreed(poisoned, at.value, address) !== undefined;
    });
    expect(found.length > 0, `round ${round}: ${access}`).toBe(exact.length > 0);
    if (exact.length > 0) hits++;
  }
  expect(hits).toBeGreaterThan(30);
});
