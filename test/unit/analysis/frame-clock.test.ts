import { describe, expect, test } from 'vitest';
import { AnchoredClock } from '../../../src/analysis/frame-clock.ts';
import type { Micros } from '../../../src/shared/units.ts';
import { Seeded } from '../../support/seeded.ts';

const RATE = 48_000;

describe('the frame clock', () => {
  test('knows no time before its first anchor', () => {
    expect(new AnchoredClock(RATE, false, 0 as Micros).timeOf(0)).toBeUndefined();
  });

  test('runs evenly between anchors and at the nominal rate beyond them', () => {
    const clock = new AnchoredClock(RATE, false, 0 as Micros);
    clock.add(48_000, 2_000_000);
    clock.add(96_000, 3_010_000);
    expect(clock.timeOf(72_000)).toBe(2_505_000);
    expect(clock.timeOf(144_000)).toBe(4_010_000);
    expect(clock.timeOf(24_000)).toBe(1_500_000);
  });

  test('lets a suspension pass between two frames', () => {
    const clock = new AnchoredClock(RATE, false, 0 as Micros);
    clock.add(0, 0);
    clock.add(48_000, 9_000_000);
    expect(clock.timeOf(24_000)).toBe(500_000);
    expect(clock.timeOf(47_999)).toBeLessThan(1_000_000);
    expect(clock.timeOf(48_000)).toBe(9_000_000);
    expect(clock.frameAt(5_000_000)).toBe(48_000);
  });

  test('follows an offline context that renders faster than real time', () => {
    const clock = new AnchoredClock(RATE, true, 1000 as Micros);
    clock.add(0, 10_000);
    clock.add(96_000, 20_000);
    expect(clock.timeOf(48_000)).toBe(15_000);
    expect(clock.timeOf(192_000)).toBe(30_000);
  });

  test.each([1, 2, 3])('is monotonic, and finds the frame of a time again (seed %i)', (seed) => {
    const random = new Seeded(seed);
    const clock = new AnchoredClock(RATE, seed === 3, 500 as Micros);
    let frame = 0;
    let micros = 1000;
    for (let i = 0; i < 200; i++) {
      clock.add(frame, micros);
      frame += 128 * random.below(40);
      micros += random.chance(0.05) ? 5_000_000 : 1000 * random.below(120) - 1000;
    }
    let before = Number.NEGATIVE_INFINITY;
    for (let f = 0; f < frame; f += 64) {
      const at = clock.time(f);
      const found = clock.frameAt(at);
      const again = clock.time(Math.ceil(found));
      const isRight = at >= before && found <= f + 1e-6 && again >= at - 30;
      if (!isRight) expect.fail(`frame ${f} at ${at}, after ${before}: ${found} at ${again}`);
      before = at;
    }
  });
});
