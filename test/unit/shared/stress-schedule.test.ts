import { expect, test } from 'vitest';
import { draw, MAX_SEED, STRESS_MILLIS, stressStep } from '../../../src/shared/stress-schedule.ts';

const STEPS = Array.from({ length: 200 }, (_, step) => step);
const SEEDS = [1, 2, 3, 42, 1_000_003, MAX_SEED];

/** SplitMix32 as it is published: a state that grows, and what is made of it. */
function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0_aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a_2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

test('draws the numbers that SplitMix32 makes of the seed, at any place at once', () => {
  for (const seed of SEEDS) {
    const next = splitMix32(seed);
    expect(STEPS.map((index) => draw(seed, index))).toEqual(STEPS.map(next));
  }
});

test('is the same for the same seed, and another for another', () => {
  const schedule = (seed: number) => STEPS.map((step) => stressStep(seed, step));
  for (const seed of SEEDS) expect(schedule(seed)).toEqual(schedule(seed));
  expect(new Set(SEEDS.map((seed) => JSON.stringify(schedule(seed)))).size).toBe(SEEDS.length);
});

test('stays what it is for a seed that was written down', () => {
  const words = [0, 1, 2, 3, 4, 5].map((step) => {
    const { action, millis } = stressStep(42, step);
    return `${action} ${millis}`;
  });
  expect(words).toMatchInlineSnapshot(`
    [
      "hold 67",
      "nothing 0",
      "hold 66",
      "suspend 77",
      "hold 57",
      "delay 9",
    ]
  `);
});

test('holds one of each two moments, and does everything else there is now and then', () => {
  const seen = new Set<string>();
  for (let seed = 1; seed <= 40; seed++) {
    for (let step = 0; step < 20; step += 2) {
      const pair = [stressStep(seed, step).action, stressStep(seed, step + 1).action];
      expect(pair).toContain('hold');
      for (const action of pair) seen.add(action);
    }
  }
  expect([...seen].sort()).toEqual(['delay', 'drop', 'hold', 'nothing', 'suspend']);
});

test('never lasts longer, or less, than its bounds say', () => {
  for (let seed = 1; seed <= 200; seed++) {
    for (const step of [0, 1, 2, 3]) {
      const { action, millis } = stressStep(seed, step);
      const [from, to] = action === 'nothing' ? [0, 0] : STRESS_MILLIS[action];
      expect(millis).toBeGreaterThanOrEqual(from);
      expect(millis).toBeLessThanOrEqual(to);
      expect(Number.isInteger(millis)).toBe(true);
    }
  }
});
