import { ruleTicks, type Span, type Tick, xOf } from '../drawing/time-scale.ts';
import { formatBytes } from '../worker/format.ts';
import type { HeapCurve } from '../worker/heap/heap-protocol.ts';

export const RULER_PX = 20;
const TICK_PX = 90;
/** Room above the highest value, for what the areas mean. */
const HEAD_PX = 22;

export interface ChartInput {
  readonly curve: HeapCurve | undefined;
  readonly span: Span;
  readonly now: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly cursorAt: number | undefined;
  readonly hoverX: number | undefined;
}

/** The outline of an area from left to right, in steps: it keeps its height until the next x. */
export interface ChartArea {
  readonly kind: 'counted' | 'known' | 'resting';
  readonly xs: Float64Array;
  /** Upper and lower edge. */
  readonly tops: Float64Array;
  readonly bottoms: Float64Array;
}

export interface ChartScene {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly ticks: readonly (Tick & { readonly x: number })[];
  readonly areas: readonly ChartArea[];
  readonly cursorX: number | undefined;
  readonly hoverX: number | undefined;
  /** The highest value in words, and where it is; undefined while all is 0. */
  readonly peak: { readonly label: string; readonly y: number } | undefined;
}

/** Live bytes over time: all that are counted below, what rests in quarantine on top; those known one by one in front. */
export function layoutChart(input: ChartInput): ChartScene {
  const { curve, span, now, widthPx, heightPx, cursorAt, hoverX } = input;
  const inSight = (x: number): number | undefined => (x >= 0 && x <= widthPx ? x : undefined);
  const ticks = ruleTicks(span, widthPx, TICK_PX).map((tick) => ({
    ...tick,
    x: xOf(span, widthPx, tick.at),
  }));
  const most = curve === undefined ? 0 : highest(curve);
  const basePx = heightPx - 1;
  const perByte = most === 0 ? 0 : (basePx - RULER_PX - HEAD_PX) / most;
  const areas: ChartArea[] = [];
  if (curve !== undefined && most > 0) {
    const { counted, known, resting } = curve;
    const area = (
      kind: ChartArea['kind'],
      values: Float64Array,
      below: Float64Array | undefined,
    ): void => {
      const steps = values.length;
      const xs = new Float64Array(steps + 1);
      for (let i = 0; i <= steps; i++) {
        xs[i] = xOf(span, widthPx, Math.min(curve.from + i * curve.stepMicros, now));
      }
      const tops = new Float64Array(steps);
      const bottoms = new Float64Array(steps);
      for (let i = 0; i < steps; i++) {
        const from = Math.max(0, below?.[i] ?? 0);
        bottoms[i] = basePx - from * perByte;
        tops[i] = basePx - (from + Math.max(0, values[i] ?? 0)) * perByte;
      }
      areas.push({ kind, xs, tops, bottoms });
    };
    if (resting.length > 0) area('resting', resting, counted.length > 0 ? counted : known);
    if (counted.length > 0) area('counted', counted, undefined);
    area('known', known, undefined);
  }
  return {
    widthPx,
    heightPx,
    ticks,
    areas,
    cursorX: cursorAt === undefined ? undefined : inSight(xOf(span, widthPx, cursorAt)),
    hoverX,
    peak: most === 0 ? undefined : { label: formatBytes(most), y: basePx - most * perByte },
  };
}

function highest({ counted, known, resting }: HeapCurve): number {
  let most = 0;
  for (let i = 0; i < known.length; i++) {
    const live = Math.max(counted[i] ?? 0, known[i] ?? 0);
    most = Math.max(most, live + Math.max(0, resting[i] ?? 0));
  }
  return most;
}

/** What the curve says of a time; undefined outside of it. */
export function readCurve(
  curve: HeapCurve | undefined,
  at: number,
  now: number,
): { readonly known: number; readonly counted?: number; readonly resting?: number } | undefined {
  if (curve === undefined || at > now) return undefined;
  const step = Math.floor((at - curve.from) / curve.stepMicros);
  const known = curve.known[step];
  if (known === undefined) return undefined;
  const counted = curve.counted[step];
  const resting = curve.resting[step];
  return {
    known: Math.max(0, known),
    ...(counted === undefined ? {} : { counted: Math.max(0, counted) }),
    ...(resting === undefined ? {} : { resting: Math.max(0, resting) }),
  };
}
