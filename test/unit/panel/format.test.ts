import { expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExactTime,
  formatTime,
  plural,
} from '../../../src/panel/worker/format.ts';

test('exact times have every microsecond', () => {
  expect(formatExactTime(3_200_000)).toBe('3.200\u202f000 s');
  expect(formatExactTime(2_667)).toBe('0.002\u202f667 s');
});

test('times have as many digits as the span needs', () => {
  expect(formatTime(3_204_567, 60e6)).toBe('3.20 s');
  expect(formatTime(3_204_567, 1e6)).toBe('3.205 s');
  expect(formatTime(3_567, 10_000)).toBe('3.57 ms');
});

test('durations are short', () => {
  expect([12, 999, 2667, 45_300, 999_999, 6e6, 135e6].map(formatDuration)).toEqual([
    '12 µs',
    '999 µs',
    '2.67 ms',
    '45.3 ms',
    '1000 ms',
    '6.00 s',
    '2 min 15 s',
  ]);
});

test('counts are grouped and agree with their noun', () => {
  expect(formatCount(7466)).toBe('7\u2009466');
  expect(plural(1, 'call')).toBe('1 call');
  expect(plural(1200, 'call')).toBe('1\u2009200 calls');
  expect(formatBytes(3 * 1024 * 1024)).toBe('3.00 MB');
});
