import { expect, test } from 'vitest';
import {
  clampSpan,
  fitSpan,
  followSpan,
  MIN_SPAN_MICROS,
  panSpan,
  roundStep,
  ruleTicks,
  timeAt,
  xOf,
  zoomSpan,
} from '../../../src/panel/drawing/time-scale.ts';

const END = 60e6;

test('a place and its pixel are each other’s inverse', () => {
  const span = { from: 2e6, to: 7e6 };
  for (const x of [0, 1, 333.3, 1000])
    expect(xOf(span, 1000, timeAt(span, 1000, x))).toBeCloseTo(x, 6);
});

test('zooming keeps the time under the pointer where it is', () => {
  const span = { from: 20e6, to: 30e6 };
  const anchor = timeAt(span, 1000, 250);
  const zoomed = zoomSpan(span, 0.5, anchor, END);
  expect(zoomed.to - zoomed.from).toBeCloseTo(5e6, 3);
  expect(xOf(zoomed, 1000, anchor)).toBeCloseTo(250, 6);
});

test('zooming ends at the whole session and at the smallest span', () => {
  const whole = fitSpan(END);
  expect(zoomSpan({ from: 0, to: END }, 100, 5e6, END)).toEqual(whole);
  const closest = zoomSpan({ from: 10e6, to: 10e6 + 300 }, 0.01, 10e6 + 100, END);
  expect(closest.to - closest.from).toBeCloseTo(MIN_SPAN_MICROS, 6);
});

test('panning stops at both ends and keeps the length', () => {
  const whole = fitSpan(END);
  const left = panSpan({ from: 1e6, to: 11e6 }, -1e9, END);
  expect(left.from).toBe(whole.from);
  expect(left.to - left.from).toBeCloseTo(10e6, 3);
  expect(panSpan({ from: 1e6, to: 11e6 }, 1e9, END).to).toBeCloseTo(whole.to, 3);
});

test('a span longer than the session shows the session', () => {
  expect(clampSpan({ from: -5e9, to: 5e9 }, END)).toEqual(fitSpan(END));
});

test('following keeps the length, however often it is done', () => {
  let span = followSpan(10e6, 0);
  for (let now = 0; now <= 30e6; now += 0.1e6) {
    span = followSpan(span.to - span.from, now);
    expect(span.to - span.from).toBeCloseTo(10e6, 3);
    expect(span.to).toBeGreaterThan(now);
  }
  expect(span.to).toBeLessThan(31e6);
});

test('following a session shorter than the span starts at its beginning', () => {
  const span = followSpan(10e6, 2e6);
  expect(span.from).toBeLessThanOrEqual(0);
  expect(span.from).toBeGreaterThan(-1e6);
});

test('steps are 1, 2 or 5 times a power of ten', () => {
  expect([0.3, 1, 1.1, 2.5, 7, 99, 1001].map(roundStep)).toEqual([0.5, 1, 2, 5, 10, 100, 2000]);
});

test('ticks are at least as far apart as asked, round, and in one unit', () => {
  const ticks = ruleTicks({ from: -0.1e6, to: 6.2e6 }, 1000, 90);
  expect(ticks.map(({ label }) => label)).toEqual([
    '0 s',
    '1 s',
    '2 s',
    '3 s',
    '4 s',
    '5 s',
    '6 s',
  ]);
  expect(ruleTicks({ from: 3.2e6, to: 3.21e6 }, 1000, 90).map(({ label }) => label)).toContain(
    '3.205 s',
  );
  expect(ruleTicks({ from: 0, to: 900 }, 1000, 90).map(({ label }) => label)).toContain('500 µs');
});

test('labels of neighbouring ticks differ at every zoom', () => {
  for (let length = MIN_SPAN_MICROS; length < 4e9; length *= 1.7) {
    const labels = ruleTicks({ from: 1e6, to: 1e6 + length }, 900, 90).map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
  }
});

test('no width and no length give no ticks', () => {
  expect(ruleTicks({ from: 0, to: 0 }, 1000, 90)).toEqual([]);
  expect(ruleTicks({ from: 0, to: 1e6 }, 0, 90)).toEqual([]);
});
