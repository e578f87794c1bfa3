import { describe, expect, test } from 'vitest';
import { ANSWER, type Answer, CallStore } from '../../../src/analysis/call-columns.ts';
import { AnchoredClock } from '../../../src/analysis/frame-clock.ts';
import type { Call } from '../../../src/analysis/model.ts';
import type { Frames, Micros, Seq } from '../../../src/shared/units.ts';
import { expectAlike } from '../../support/expect-alike.ts';
import { Seeded } from '../../support/seeded.ts';
import { rounds } from '../../support/seeds.ts';

const RATE = 48_000;

function clock(): AnchoredClock {
  const made = new AnchoredClock(RATE, false, 0 as Micros);
  made.add(0, 0);
  return made;
}

interface Wanted {
  readonly enter: number;
  readonly exit: number;
  readonly frame: number;
  readonly answer: Answer;
  readonly units: number;
}

/** Calls as threads make them, with every irregularity that a column has a special form for. */
function randomCalls(seed: number, count: number): readonly Wanted[] {
  const random = new Seeded(seed);
  const calls: Wanted[] = [];
  let seq = random.below(1000);
  let frame = random.below(10) * 128;
  for (let i = 0; i < count; i++) {
    const enter = seq + 1 + (random.chance(0.001) ? 5_000_000_000 : random.below(4));
    const exit = enter + (random.chance(0.01) ? random.below(100_000) : 1 + random.below(3));
    frame += random.chance(0.01) ? 128 * (1 + random.below(5000)) : 128;
    const answer = random.chance(0.05) ? ANSWER.false : ANSWER.true;
    const timed = random.chance(0.2);
    const units = timed ? (random.chance(0.01) ? 70_000 : random.below(300)) : -1;
    calls.push({ enter, exit, frame, answer, units });
    seq = exit;
  }
  return calls;
}

function storeOf(calls: readonly Wanted[]): CallStore {
  const store = new CallStore(clock());
  for (const { enter, exit, frame, answer, units } of calls) {
    if (!store.append(enter, exit, frame, answer, units)) expect.fail('refused');
  }
  return store;
}

describe('call columns', () => {
  test.each([1, 2, 3])('give back every call that was put in (seed %i)', (seed) => {
    const calls = randomCalls(seed, 20_000);
    const store = storeOf(calls);
    expect(store.length).toBe(calls.length);
    calls.forEach(({ enter, exit, frame, answer, units }, index) => {
      const call = store.at(index) as Call;
      const want = [enter, exit, frame, answer === ANSWER.true ? 'true' : 'false'];
      if (want.join() !== [call.enter, call.exit, call.frame, call.returned].join()) {
        expect(call).toEqual(want);
      }
      if (call.duration !== (units < 0 ? undefined : units * 10)) expect(call).toEqual(units);
    });
    expect(store.at(-1)).toBeUndefined();
    expect(store.at(calls.length)).toBeUndefined();
  });

  test.each([4, 5])('answer every query as a search through a list would (seed %i)', (seed) => {
    const calls = randomCalls(seed, 9000);
    const store = storeOf(calls);
    const random = new Seeded(seed);
    const times = clock();
    const orEnd = (index: number) => (index < 0 ? calls.length : index);
    for (let i = 0; i < rounds(200); i++) {
      const call = random.pick(calls);
      const seq = call.enter + random.below(7) - 3;
      const frame = call.frame + random.below(300) - 150;
      expect(store.firstEnteredAfter(seq as Seq)).toBe(
        orEnd(calls.findIndex(({ enter }) => enter > seq)),
      );
      expect(store.firstFromFrame(frame as Frames)).toBe(
        orEnd(calls.findIndex((each) => each.frame >= frame)),
      );
      const flying = calls.findIndex(({ enter, exit }) => enter < seq && seq < exit);
      expect(store.inFlightAt(seq as Seq)?.index ?? -1).toBe(flying);
      const at = times.time(frame);
      expect(store.firstFromTime(at)).toBe(
        orEnd(calls.findIndex((each) => times.time(each.frame) >= at)),
      );
    }
  });

  test('visit exactly the calls asked for', () => {
    const calls = randomCalls(6, 9000);
    const store = storeOf(calls);
    const seen: number[] = [];
    store.each(4090, 4100, (enter, exit, frame, at, duration, returned) => {
      seen.push(enter, exit, frame, returned);
      expect(at).toBeCloseTo((frame * 1e6) / RATE);
      expect(duration).toBe(calls[4090 + seen.length / 4 - 1]?.units === -1 ? -1 : duration);
    });
    const wanted = calls.slice(4090, 4100);
    expect(seen).toEqual(
      wanted.flatMap((call) => [call.enter, call.exit, call.frame, call.answer]),
    );
    store.each(8999, 20_000, () => seen.push(0));
    expect(seen.length).toBe(41);
  });

  test('count every call in exactly one bucket, with its worst duration', () => {
    const calls = randomCalls(7, 30_000).map((call) => ({ ...call, units: call.units % 60_000 }));
    const store = storeOf(calls);
    const end = ((calls.at(-1)?.frame ?? 0) * 1e6) / RATE + 1;
    for (const count of [1, 10, 333, 2000]) {
      const { counts, worstMicros } = store.buckets(0 as Micros, end as Micros, count);
      const wantCounts = new Uint32Array(count);
      const wantWorst = new Uint32Array(count);
      for (const { frame, units } of calls) {
        const bucket = Math.floor(((frame * 1e6) / RATE / end) * count);
        wantCounts[bucket] = (wantCounts[bucket] ?? 0) + 1;
        wantWorst[bucket] = Math.max(wantWorst[bucket] ?? 0, units * 10);
      }
      expectAlike(counts, wantCounts);
      expectAlike(worstMicros, wantWorst);
    }
  });

  test('refuse a call that cannot follow the one before', () => {
    const store = new CallStore(clock());
    expect(store.append(10, 12, 128, ANSWER.true, -1)).toBe(true);
    expect(store.append(11, 14, 256, ANSWER.true, -1)).toBe(false);
    expect(store.append(13, 14, 0, ANSWER.true, -1)).toBe(false);
    expect(store.append(14, 13, 256, ANSWER.true, -1)).toBe(false);
    expect(store.length).toBe(1);
  });

  test('take calls while the frame stands still, as it does while the page builds its graph', () => {
    const store = new CallStore(clock());
    const frames = [128, 128, 128, 256, 256, 384];
    for (const [i, frame] of frames.entries()) {
      expect(store.append(i * 2, i * 2 + 1, frame, ANSWER.true, -1)).toBe(true);
    }
    expect(frames.map((_, i) => store.at(i)?.frame)).toEqual(frames);
    const first = (frame: number) => store.firstFromFrame(frame as Frames);
    expect([0, 128, 129, 256, 384, 385].map(first)).toEqual([0, 0, 3, 3, 5, 6]);
  });

  test('know how many of the last calls answered false', () => {
    const store = new CallStore(clock());
    const answers = [ANSWER.false, ANSWER.true, ANSWER.false, ANSWER.false];
    const seen = answers.map((answer, i) => {
      store.append(i * 2, i * 2 + 1, i * 128, answer, -1);
      return store.trailingFalse;
    });
    expect(seen).toEqual([1, 0, 1, 2]);
  });

  test('take at most eight bytes a call, timed or not', () => {
    for (const units of [-1, 12]) {
      const store = new CallStore(clock());
      for (let i = 0; i < 400_000; i++) {
        store.append(i * 200, i * 200 + 1, i * 128, ANSWER.true, units);
      }
      expect(store.byteLength / store.length).toBeLessThanOrEqual(units < 0 ? 5.1 : 7.2);
    }
  });
});
