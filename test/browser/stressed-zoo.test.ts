import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/analysis/finding.ts';
import { stressStep } from '../../src/shared/stress-schedule.ts';
import { type Visit, Visitors } from '../support/visit.ts';
import { exhibitsOf, pagesOf } from '../support/zoo.ts';

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
const PLAIN = 'wrong/disconnect-then-free.html';
/** What the collision itself is called: memory is in use while, or after, it is given up. */
const COLLISIONS = ['process-in-flight-at-destroy', 'process-after-destroy', 'use-after-free'];

/** Right teardowns of several kinds; with `LIFELINE_STRESSED=all` every right page. */
const RIGHT_PAGES =
  process.env['LIFELINE_STRESSED'] === 'all'
    ? pagesOf('right')
    : [
        'right/acknowledged-stop.html',
        'right/emscripten-acknowledged.html',
        'right/return-false.html',
        'right/semaphore.html',
        'right/suspend-then-close.html',
      ];
const RIGHT_SEEDS = (process.env['LIFELINE_SEEDS'] ?? '3 4').split(' ').map(Number);

let visitors: Visitors;
beforeAll(async () => {
  visitors = await Visitors.open(2);
});
afterAll(async () => {
  await visitors?.[Symbol.asyncDispose]();
});

function seriousOf(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ severity }) => severity !== 'info').map(inWords);
}

function inWords({ rule, severity, certainty, message }: Finding): string {
  return `${rule} ${severity} ${certainty}: ${message}`;
}

function collisionsOf({ findings }: Visit): readonly Finding[] {
  return findings.filter(({ rule }) => COLLISIONS.includes(rule));
}

test('a plain disconnect and free collides in nine of ten seeds, within five seconds each', async () => {
  const [exhibit] = exhibitsOf(PLAIN);
  const times: number[] = [];
  const collided: number[] = [];
  for (const seed of SEEDS) {
    const from = performance.now();
    const visit = await visitors.visit(exhibit?.path ?? PLAIN, true, 'ledger', seed);
    times.push(performance.now() - from);
    const collisions = collisionsOf(visit);
    if (collisions.length > 0) collided.push(seed);
    for (const { severity, certainty } of collisions) {
      expect({ severity, certainty }).toEqual({ severity: 'error', certainty: 'proven' });
    }
    expect(visit.findings.map(({ rule }) => rule)).toContain('free-not-ordered');
    const steps = visit.session.documents.flatMap(({ interventions }) => interventions);
    for (const each of steps) {
      expect(each.seed).toBe(seed);
      const planned = stressStep(seed, each.step).action;
      expect(['nothing', 'resume', planned]).toContain(each.action);
    }
  }
  expect(collided.length).toBeGreaterThanOrEqual(9);
  expect(Math.max(...times)).toBeLessThan(5000);
}, 120_000);

test('without it the same page is racy, and nothing collides', async () => {
  for (const { path } of exhibitsOf(PLAIN)) {
    const visit = await visitors.visit(path, true);
    expect(seriousOf(visit.findings)).toEqual([
      expect.stringContaining('free-not-ordered error proven'),
    ]);
  }
});

describe.concurrent('right pages stay right, whatever is done to them', () => {
  test.for(
    RIGHT_PAGES.flatMap((page) =>
      exhibitsOf(page).flatMap(({ path }) => RIGHT_SEEDS.map((seed) => ({ path, seed }))),
    ),
  )('$path with seed $seed', async ({ path, seed }, { expect }) => {
    const visit = await visitors.visit(path, false, 'ledger', seed);
    const { page, complaints, findings } = visit;
    expect({ state: page.state, complaints, findings: seriousOf(findings) }).toEqual({
      state: 'done',
      complaints: [],
      findings: [],
    });
  });
});
