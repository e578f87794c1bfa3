import { expect, test } from 'vitest';
import { WordClock } from '../../../src/hooks/word-clock.ts';

const WORD = 2 ** 32;
const read = (start: number, millis: number): number => {
  const clock = new WordClock(start);
  clock.read(millis);
  return clock.high * WORD + ((clock.low[0] ?? 0) >>> 0);
};

test.each([
  0,
  0.7,
  999,
  1023,
  2 ** 20 - 1,
  2 ** 32 - 1,
  2 ** 32,
  5_000_123.4,
  2 ** 40 + 2 ** 31,
  3e13,
])('time goes on in whole microseconds from %d', (start) => {
  for (const millis of [0, 1, 1023, 1024, 1048, 65_535, 4_294_967, 86_400_000, 2 ** 30 - 1]) {
    expect(read(start, millis), `${millis} ms`).toBe(Math.floor(start) + millis * 1000);
  }
});

test('a clock that was set back gives what it says, while the document was there', () => {
  expect(read(5_000_000, -1)).toBe(4_999_000);
  expect(read(5_000_000, -2000)).toBe(3_000_000);
});

test('one clock may be read many times', () => {
  const clock = new WordClock(2 ** 32 - 500);
  for (const millis of [0, 1, 0]) {
    clock.read(millis);
    expect([clock.high, clock.low[0]]).toEqual(millis ? [1, 500] : [0, -500]);
  }
});
