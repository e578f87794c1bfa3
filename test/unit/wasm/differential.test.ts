import { describe, expect, test } from 'vitest';
import { firstFreed, readAccessSite } from '../../../src/wasm/access-site.ts';
import type { CheckOptions } from '../../../src/wasm/instrument.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import {
  difference,
  INNER_SHADOW,
  type Report,
  reportsOf,
} from '../../support/wasm-differential.ts';
import { generateModule, HEAP_BYTES } from '../../support/wasm-generator.ts';
import '../../support/wasm-engine.ts';
import { rounds } from '../../support/seeds.ts';

/** Many more run in Chromium, with a shadow in a memory of its own: `npm run bench wasm`. */
const SEEDS = rounds(20);

const STYLES = {
  accumulated: { accesses: 'all', precision: 'accumulated', bodies: 'one' },
  'in two bodies': { accesses: 'all', precision: 'accumulated', bodies: 'two' },
  'writes only': { accesses: 'writes', precision: 'accumulated', bodies: 'one' },
  exact: { accesses: 'all', precision: 'exact', bodies: 'one' },
} as const;

const options = (seed: number) => ({
  bounded: true,
  shared: seed % 2 === 0,
  simd: seed % 3 === 0,
  exceptions: seed % 5 === 0,
});

const checks = (style: (typeof STYLES)[keyof typeof STYLES]): CheckOptions => ({
  ...style,
  shared: true,
  shadow: INNER_SHADOW,
});

/** Poisons as much as the seed says, from nothing to most of it. */
const poison = (seed: number) => (shadow: Uint8Array) => {
  const every = [0, 97, 13, 3][seed % 4] ?? 0;
  for (let i = seed % 7; every > 0 && i < shadow.length; i += every) shadow[i] = 0xff;
};

describe.each(Object.entries(STYLES))('%s', (_, style) => {
  test('a random module does what it did, whatever is found', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const found = difference(seed, options(seed), checks(style), { prepare: poison(seed) });
      expect(found?.reason, `seed ${seed}\n${found?.text}`).toBeUndefined();
    }
  });
});

test('so does one whose atomic instructions are recorded as well', () => {
  for (let seed = 0; seed < SEEDS; seed += 2) {
    const found = difference(seed, options(seed), checks(STYLES.accumulated), {
      prepare: poison(seed),
      atomics: true,
    });
    expect(found?.reason, `seed ${seed}\n${found?.text}`).toBeUndefined();
  }
});

test('nothing is reported where nothing is poisoned', () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    for (const style of Object.values(STYLES)) {
      expect(reportsOf(seed, options(seed), checks(style), () => undefined)).toEqual([]);
    }
  }
});

test('what is accumulated is a part of what is exact, once the hook has looked again', () => {
  let exactly = 0;
  let accumulated = 0;
  for (let seed = 0; seed < SEEDS; seed++) {
    const module = readModule(assemble(generateModule(seed, options(seed))));
    if (!module.ok) throw new Error(module.error.reason);
    const shadow = new Uint8Array(HEAP_BYTES / 8);
    poison(seed)(shadow);
    const confirmed = ({ site, address }: Report): boolean => {
      const access = readAccessSite(module.value, site);
      return access.ok && firstFreed(shadow, access.value, address) !== undefined;
    };
    const exact = reportsOf(seed, options(seed), checks(STYLES.exact), poison(seed));
    const found = reportsOf(seed, options(seed), checks(STYLES.accumulated), poison(seed));
    expect(exact.filter((report) => !confirmed(report))).toEqual([]);
    const known = new Set(exact.map(({ site, address }) => `${site} ${address}`));
    const certain = found.filter(confirmed);
    for (const { site, address } of certain) expect(known).toContain(`${site} ${address}`);
    if (exact.length > 0) exactly++;
    if (certain.length > 0) accumulated++;
  }
  expect(exactly).toBeGreaterThan(SEEDS / 5);
  // Constant addresses, the stack, and what is near something checked are left out.
  expect(accumulated).toBeGreaterThan(exactly / 3);
});
