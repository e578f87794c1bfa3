import { describe, expect, test } from 'vitest';
import type { Palette } from '../../../../src/panel/drawing/palette.ts';
import {
  type ChartInput,
  layoutChart,
  RULER_PX,
  readCurve,
} from '../../../../src/panel/heap/layout-chart.ts';
import { paintChart } from '../../../../src/panel/heap/paint-chart.ts';
import type { HeapCurve } from '../../../../src/panel/worker/heap/heap-protocol.ts';
import { DrawLog } from '../../../support/draw-log.ts';

/** Every colour is its own name. */
const PALETTE = new Proxy({}, { get: (_, name) => String(name) }) as Palette;
const curve = (
  known: readonly number[],
  counted: readonly number[] = [],
  resting: readonly number[] = [],
): HeapCurve => ({
  from: 0,
  stepMicros: 100,
  known: Float64Array.from(known),
  counted: Float64Array.from(counted),
  resting: Float64Array.from(resting),
});

function draw(change: Partial<ChartInput>): DrawLog {
  const log = new DrawLog();
  const scene = layoutChart({
    curve: undefined,
    span: { from: 0, to: 400 },
    now: 400,
    widthPx: 400,
    heightPx: 101,
    cursorAt: undefined,
    hoverX: undefined,
    ...change,
  });
  paintChart(log.pen, scene, PALETTE);
  return log;
}

describe('the chart of live bytes', () => {
  test('has the highest value at its top, in words', () => {
    const log = draw({ curve: curve([0, 512, 2048, 0]) });
    expect(log.texts).toContain('2.00 KB');
    const [known] = log.of('call');
    expect(known).toMatchObject({ x: 0, width: 400 });
    expect((known?.y ?? 0) + (known?.height ?? 0)).toBe(100);
    expect(known?.y).toBeGreaterThan(RULER_PX);
  });

  test('stacks what rests in quarantine on what lives, and draws known blocks in front', () => {
    const log = draw({ curve: curve([50, 50], [100, 100], [100, 100]) });
    const heights = ['suspended', 'callLow', 'call'].map((style) => log.of(style)[0]?.height ?? 0);
    const [resting = 0, counted = 0, known = 0] = heights;
    expect(resting).toBeCloseTo(counted);
    expect(known).toBeCloseTo(counted / 2);
    expect(log.of('suspended')[0]?.y).toBeLessThan(log.of('callLow')[0]?.y ?? 0);
    const order = log.drawn.map(({ style }) => style);
    expect(order.indexOf('call')).toBeGreaterThan(order.indexOf('callLow'));
  });

  test('ends now', () => {
    const log = draw({ curve: curve([8, 8, 8, 8]), now: 250 });
    expect(log.of('call')[0]?.width).toBe(250);
  });

  test('goes along when the stretch in sight moves on before there is an answer', () => {
    const log = draw({ curve: curve([8, 8]), span: { from: 100, to: 500 } });
    expect(log.of('call')[0]).toMatchObject({ x: -100, width: 200 });
  });

  test('of an empty heap it is a ruler and nothing else', () => {
    for (const each of [undefined, curve([0, 0])]) {
      const log = draw({ curve: each });
      expect(log.of('call')).toEqual([]);
      expect(log.texts).toContain('200 µs');
    }
  });

  test('marks the place that was chosen, in sight only', () => {
    expect(draw({ cursorAt: 100 }).of('accent')).toHaveLength(1);
    expect(draw({ cursorAt: 1000 }).of('accent')).toEqual([]);
  });

  test('is read at a time, not before it begins nor after now', () => {
    const read = (at: number) => readCurve(curve([1, 2], [3, -4]), at, 180);
    expect(read(50)).toEqual({ known: 1, counted: 3 });
    expect(read(150)).toEqual({ known: 2, counted: 0 });
    expect(read(190)).toBeUndefined();
    expect(read(-1)).toBeUndefined();
  });
});
