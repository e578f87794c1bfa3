import { expect, test } from 'vitest';
import type { Clock } from '../../../../src/analysis/ordering/ordering.ts';
import { Seeded } from '../../../support/seeded.ts';
import { rounds, seeds } from '../../../support/seeds.ts';
import { analysis, isTrulyBefore, run, type TrueEvent, take } from './simulator.ts';

const SEEDS = rounds(30);
/** Each of these once showed a wrong edge, or an order denied that there was. */
const FAILED_ONCE = [48, 58, 67, 96, 123, 194, 276, 348, 353, 383, 389];

interface Judged {
  /** Truly ordered pairs of different threads. */
  readonly ordered: number;
  /** Truly ordered, and not said to be. */
  readonly missed: number;
  /** Truly ordered, and said not to be. */
  readonly denied: readonly string[];
  /** Not truly ordered, and said to be. */
  readonly wrong: readonly string[];
}

function judge(seed: number, how: { distinct: boolean; vague: boolean }): Judged {
  const random = new Seeded(seed);
  const threads = 2 + random.below(3);
  const cells = 1 + random.below(3);
  const { events, told } = run(random, { ...how, threads, cells, operations: 40 });
  const { sinks, ordering } = analysis(threads, cells);
  take(told, sinks, random);
  ordering.refresh();
  const denied: string[] = [];
  const wrong: string[] = [];
  let ordered = 0;
  let missed = 0;
  for (const b of events) {
    const clock = ordering.clockOf(b.place);
    for (const a of events) {
      if (a.place.thread === b.place.thread) continue;
      const words = `${a.place.thread}:${a.place.tick} → ${b.place.thread}:${b.place.tick}`;
      if (!isTrulyBefore(a, b)) {
        if (clock.has(a.place)) wrong.push(words);
        continue;
      }
      ordered++;
      if (clock.has(a.place)) continue;
      missed++;
      if (clock.openFor(a.place) === undefined) denied.push(words);
    }
  }
  return { ordered, missed, denied, wrong };
}

function* tried(): Iterable<number> {
  yield* FAILED_ONCE;
  for (let seed = 1; seed <= SEEDS; seed++) yield seed;
}

test('no edge is ever wrong, however alike the values; what is missed is never denied', () => {
  let ordered = 0;
  let missed = 0;
  for (const seed of tried()) {
    const judged = judge(seed, { distinct: false, vague: true });
    expect(judged.wrong, `seed ${seed}`).toEqual([]);
    expect(judged.denied, `seed ${seed}`).toEqual([]);
    ordered += judged.ordered;
    missed += judged.missed;
  }
  expect(missed / ordered).toBeLessThan(0.1);
});

test('the same where every value is another, but repetitions are told together', () => {
  let ordered = 0;
  let missed = 0;
  for (const seed of tried()) {
    const judged = judge(seed, { distinct: true, vague: true });
    expect(judged.wrong, `seed ${seed}`).toEqual([]);
    expect(judged.denied, `seed ${seed}`).toEqual([]);
    ordered += judged.ordered;
    missed += judged.missed;
  }
  expect(missed / ordered).toBeLessThan(0.03);
});

test('where every write has a value of its own, and is told by itself, no order is missed', () => {
  let ordered = 0;
  for (const seed of tried()) {
    const judged = judge(seed, { distinct: true, vague: false });
    expect(judged.wrong, `seed ${seed}`).toEqual([]);
    expect(judged.missed, `seed ${seed}`).toBe(0);
    ordered += judged.ordered;
  }
  expect(ordered).toBeGreaterThan(0);
});

test('asking while the threads still speak changes no answer', () => {
  for (let seed = 1; seed <= SEEDS / 2; seed++) {
    const random = new Seeded(seed);
    const threads = 2 + random.below(3);
    const cells = 1 + random.below(3);
    const how = { distinct: random.chance(0.3), vague: true, operations: 40 };
    const { events, told } = run(random, { ...how, threads, cells });
    const batch = analysis(threads, cells);
    take(told, batch.sinks, random);
    batch.ordering.refresh();
    const live = analysis(threads, cells);
    take(told, live.sinks, random, () => {
      live.ordering.refresh();
      if (random.chance(0.5)) live.ordering.clockOf(random.pick(events).place);
    });
    const all = events.map(({ place }) => place);
    for (const { place } of events) {
      const words = (clock: Clock) =>
        all.map((each) => `${clock.tickOf(each.thread)} ${clock.openFor(each)}`).join();
      const answer = words(live.ordering.clockOf(place));
      expect(answer, `seed ${seed}`).toBe(words(batch.ordering.clockOf(place)));
    }
  }
});

test('a path leads by edges from the one place to the other', () => {
  for (const seed of seeds(20)) {
    const random = new Seeded(seed);
    const { events, told } = run(random, {
      threads: 4,
      cells: 2,
      operations: 30,
      distinct: true,
      vague: false,
    });
    const { sinks, ordering } = analysis(4, 2);
    take(told, sinks, random);
    ordering.refresh();
    const pick = (): TrueEvent => random.pick(events);
    for (let i = 0; i < 100; i++) {
      const [a, b] = [pick(), pick()];
      const { order, path } = ordering.compare(a.place, b.place);
      if (order !== 'before' || a.place.thread === b.place.thread) continue;
      let at = a.place;
      for (const { from, to } of path) {
        expect(from.thread).toBe(at.thread);
        expect(from.tick).toBeGreaterThanOrEqual(at.tick);
        at = to;
      }
      expect(at.thread).toBe(b.place.thread);
      expect(at.tick).toBeLessThanOrEqual(b.place.tick);
    }
  }
});
