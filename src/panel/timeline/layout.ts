import type { Severity } from '../../analysis/finding.ts';
import type { EntityKey } from '../../analysis/model.ts';
import type { ContextState } from '../../shared/records.ts';
import { ruleTicks, type Span, xOf } from '../drawing/time-scale.ts';
import { groupFindings } from '../worker/group-findings.ts';
import {
  type Arrow,
  type CallGeometry,
  MARKS,
  type MarkKind,
  type Row,
  type RowGeometry,
  type ShownFinding,
  type Tone,
} from '../worker/protocol.ts';
import { rowsBetween, type VisibleRow } from './visible-rows.ts';

export const RULER_PX = 24;
/** Least distance between two labels of the ruler. */
const TICK_PX = 90;
/** The gravest is drawn last, over the others. */
const FLAG_ORDER: readonly Severity[] = ['info', 'warning', 'error'];
/** Heights that a bar of aggregated calls can have. */
export const LEVELS = 4;

export interface LayoutInput {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Width of the column of names on the left. */
  readonly labelPx: number;
  readonly scrollPx: number;
  readonly span: Span;
  /** End of what is known, in session time. */
  readonly now: number;
  readonly live: boolean;
  readonly rows: readonly VisibleRow[];
  readonly geometry: ReadonlyMap<EntityKey, RowGeometry>;
  readonly arrows: readonly Arrow[];
  readonly findings: readonly ShownFinding[];
  readonly selectedRow: EntityKey | undefined;
  readonly selectedFinding: string | undefined;
  readonly hoveredRow: EntityKey | undefined;
  readonly hoverAt: number | undefined;
  readonly cursorAt: number | undefined;
}

/** `over`: a quantum took longer than its budget. */
export interface Bar {
  readonly x: number;
  readonly width: number;
  /** 1 … `LEVELS`. */
  readonly level: number;
  readonly tone: Tone | 'normal' | 'threw';
  readonly over: boolean;
}

export interface Stretch {
  readonly x: number;
  readonly width: number;
}

/** Every place in CSS pixels from the top left of the canvas. */
export interface SceneRow {
  readonly visible: VisibleRow;
  readonly y: number;
  readonly selected: boolean;
  readonly hovered: boolean;
  /** The lifeline: from birth to destruction, and what comes after it. */
  readonly life: Stretch | undefined;
  /** While a worker’s thread runs, and when it stood in a wait. */
  readonly thread: Stretch | undefined;
  readonly waits: readonly Stretch[];
  readonly after: (Stretch & { readonly tone: Tone }) | undefined;
  readonly bars: readonly Bar[];
  readonly bands: readonly (Stretch & { readonly state: ContextState })[];
  readonly gaps: readonly Stretch[];
  readonly marks: readonly { readonly x: number; readonly kind: MarkKind }[];
  readonly flags: readonly {
    readonly x: number;
    readonly severity: Severity;
    readonly selected: boolean;
  }[];
}

/** A message. `isDown`: to a row below. Not handled: it ends between the rows. */
export interface SceneArrow {
  readonly fromX: number;
  readonly fromY: number;
  readonly toX: number;
  readonly toY: number;
  readonly isDown: boolean;
  readonly isHandled: boolean;
}

export interface Scene {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly labelPx: number;
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  readonly rows: readonly SceneRow[];
  readonly arrows: readonly SceneArrow[];
  readonly bottomPx: number;
  readonly nowX: number | undefined;
  readonly evidence: readonly number[];
  readonly cursorX: number | undefined;
  readonly hoverX: number | undefined;
  readonly originX: number;
  /** The time under the pointer, else that of the cursor. */
  readonly pointedAt: number | undefined;
}

/** Model to geometry: nothing here knows a canvas. */
export function layoutTimeline(input: LayoutInput): Scene {
  const chartPx = Math.max(1, input.widthPx - input.labelPx);
  const place = (at: number): number => input.labelPx + xOf(input.span, chartPx, at);
  const inside = (at: number | undefined): number | undefined => {
    if (at === undefined) return undefined;
    const x = place(at);
    return x >= input.labelPx && x <= input.widthPx ? x : undefined;
  };
  const shown = rowsBetween(input.rows, input.scrollPx, input.scrollPx + input.heightPx - RULER_PX);
  const byRow = groupFindings(input.findings);
  const rows = shown.map((visible) =>
    layoutRow(visible, input, place, byRow.get(visible.row.key) ?? []),
  );
  const chosen = input.findings.find(({ id }) => id === input.selectedFinding);
  const last = input.rows.at(-1);
  const contentPx = last === undefined ? 0 : last.topPx + last.heightPx;
  return {
    widthPx: input.widthPx,
    heightPx: input.heightPx,
    labelPx: input.labelPx,
    ticks: ruleTicks(input.span, chartPx, TICK_PX)
      .map(({ at, label }) => ({ x: place(at), label }))
      .filter(({ x }) => x >= input.labelPx),
    rows,
    arrows: layoutArrows(input, place),
    bottomPx: Math.min(input.heightPx, RULER_PX + contentPx - input.scrollPx),
    nowX: input.live ? inside(input.now) : undefined,
    evidence: (chosen?.evidenceAt ?? []).map(inside).filter((x) => x !== undefined),
    cursorX: inside(input.cursorAt),
    hoverX: inside(input.hoverAt),
    pointedAt: input.hoverAt ?? input.cursorAt,
    originX: Math.max(input.labelPx, place(0)),
  };
}

function layoutRow(
  visible: VisibleRow,
  input: LayoutInput,
  place: (at: number) => number,
  findings: readonly ShownFinding[],
): SceneRow {
  const { row } = visible;
  const geometry = input.geometry.get(row.key);
  const clip = (from: number, to: number): Stretch | undefined => {
    const x = Math.max(place(from), input.labelPx);
    const width = Math.min(place(to), input.widthPx) - x;
    return width > 0 ? { x, width } : undefined;
  };
  const end = row.ended ?? input.now;
  const after = row.after === undefined ? undefined : clip(row.after.at, end);
  return {
    visible,
    y: RULER_PX + visible.topPx - input.scrollPx,
    selected: row.key === input.selectedRow,
    hovered: row.key === input.hoveredRow,
    life: row.kind === 'document' ? undefined : clip(row.born, Math.min(end, row.after?.at ?? end)),
    thread: row.started === undefined ? undefined : clip(row.started, end),
    waits: pairsOf(geometry?.waits)
      .map(([from, to]) => clip(from, Math.min(to, end)))
      .filter((wait) => wait !== undefined),
    after:
      after === undefined || row.after === undefined
        ? undefined
        : { ...after, tone: row.after.tone },
    bars: geometry?.calls === undefined ? [] : layoutCalls(geometry.calls, row, input, place),
    bands: layoutBands(geometry?.bands ?? [], row, end, clip),
    gaps: pairsOf(geometry?.gaps)
      .map(([from, to]) => clip(from, to))
      .filter((gap) => gap !== undefined),
    marks: layoutMarks(geometry, input, place),
    flags: findings
      .toSorted((a, b) => FLAG_ORDER.indexOf(a.severity) - FLAG_ORDER.indexOf(b.severity))
      .map(({ id, firstAt, severity }) => ({
        x: place(firstAt),
        severity,
        selected: id === input.selectedFinding,
      }))
      .filter(({ x }) => x >= input.labelPx && x <= input.widthPx),
  };
}

/** From the lower or upper edge of one row’s middle to that of the other. */
const ARROW_OFF_PX = 4;
/** How much of its way an arrow goes that nobody handles. */
const LOST_SHARE = 0.4;

function layoutArrows(input: LayoutInput, place: (at: number) => number): readonly SceneArrow[] {
  if (input.arrows.length === 0) return [];
  const middles = new Map(
    input.rows.map(({ row, topPx, heightPx }) => [
      row.key,
      RULER_PX + topPx + Math.floor(heightPx / 2) - input.scrollPx,
    ]),
  );
  const arrows: SceneArrow[] = [];
  for (const { from, to, sentAt, handledAt } of input.arrows) {
    const start = middles.get(from);
    const end = middles.get(to);
    if (start === undefined || end === undefined) continue;
    const fromX = place(sentAt);
    const toX = handledAt === undefined ? fromX : place(handledAt);
    if (toX < input.labelPx || fromX > input.widthPx) continue;
    const isDown = end > start;
    const off = isDown ? ARROW_OFF_PX : -ARROW_OFF_PX;
    const fromY = start + off;
    const isHandled = handledAt !== undefined;
    const toY = isHandled ? end - off : fromY + (end - off - fromY) * LOST_SHARE;
    arrows.push({ fromX, fromY, toX, toY, isDown, isHandled });
  }
  return arrows;
}

function layoutCalls(
  calls: CallGeometry,
  row: Row,
  input: LayoutInput,
  place: (at: number) => number,
): readonly Bar[] {
  return calls.form === 'single'
    ? singleBars(calls, row, input, place)
    : bucketBars(calls, row, input, place);
}

function toneAt(row: Row, at: number): Tone | 'normal' {
  return row.after !== undefined && at >= row.after.at ? row.after.tone : 'normal';
}

/** Timed calls as wide as they took; untimed ones as narrow as can be seen. */
function singleBars(
  calls: CallGeometry & { readonly form: 'single' },
  row: Row,
  input: LayoutInput,
  place: (at: number) => number,
): readonly Bar[] {
  const bars: Bar[] = [];
  for (let i = 0; i < calls.at.length; i++) {
    const at = calls.at[i] ?? 0;
    const duration = calls.duration[i] ?? 0;
    const left = place(at);
    const wide = Math.max(duration > 0 ? place(at + duration) - left : 0, 2);
    const x = Math.max(left, input.labelPx);
    const width = Math.min(left + wide, input.widthPx) - x;
    if (width <= 0) continue;
    bars.push({
      x,
      width,
      level: calls.returned[i] === 0 ? LEVELS - 2 : LEVELS,
      tone: calls.returned[i] === 2 ? 'threw' : toneAt(row, at),
      over: duration > row.quantumMicros,
    });
  }
  return bars;
}

/** Neighbouring buckets that look the same become one bar. */
function bucketBars(
  calls: CallGeometry & { readonly form: 'buckets' },
  row: Row,
  input: LayoutInput,
  place: (at: number) => number,
): readonly Bar[] {
  const { counts, worstMicros, bucketMicros } = calls;
  const expected = row.quantumMicros > 0 ? bucketMicros / row.quantumMicros : 1;
  const bars: Bar[] = [];
  let open:
    | { from: number; to: number; level: number; tone: Bar['tone']; over: boolean }
    | undefined;
  const close = (): void => {
    if (open === undefined) return;
    const x = Math.max(place(open.from), input.labelPx);
    const end = Math.min(open.to, Math.max(input.now + row.quantumMicros, open.from));
    const width = Math.min(place(end), input.widthPx) - x;
    if (width > 0) {
      bars.push({ x, width, level: open.level, tone: open.tone, over: open.over });
    }
    open = undefined;
  };
  for (let i = 0; i < counts.length; i++) {
    const level = levelOf(densityAt(counts, i, expected), expected);
    const from = calls.from + i * bucketMicros;
    const to = from + bucketMicros;
    const cut = row.after?.at;
    if (level === 0) {
      close();
      continue;
    }
    const over = (worstMicros[i] ?? 0) > row.quantumMicros;
    const tone = toneAt(row, cut !== undefined && cut > from && cut < to ? to : from);
    if (open !== undefined && open.level === level && open.tone === tone && open.over === over) {
      open.to = to;
      continue;
    }
    close();
    open = { from, to, level, tone, over };
  }
  close();
  return bars;
}

/**
 * The densest of a bucket and its neighbours, so that half-filled buckets at edges look whole. An
 * empty bucket that is no longer than the way from one call to the next is no pause.
 */
function densityAt(counts: Uint32Array, i: number, expected: number): number {
  const own = counts[i] ?? 0;
  const [before, after] = [counts[i - 1] ?? 0, counts[i + 1] ?? 0];
  if (own > 0) return Math.max(own, before, after);
  return expected < 1 && before > 0 && after > 0 ? expected : 0;
}

function levelOf(count: number, expected: number): number {
  if (count === 0) return 0;
  return Math.min(LEVELS, Math.max(1, Math.round((count / expected) * LEVELS)));
}

function layoutBands(
  bands: RowGeometry['bands'],
  row: Row,
  end: number,
  clip: (from: number, to: number) => Stretch | undefined,
): SceneRow['bands'] {
  if (row.kind !== 'context') return [];
  const all = [{ at: row.born, state: 'suspended' as ContextState }, ...bands];
  return all.flatMap(({ at, state }, i) => {
    const rect = clip(at, all[i + 1]?.at ?? end);
    return rect === undefined ? [] : [{ ...rect, state }];
  });
}

function layoutMarks(
  geometry: RowGeometry | undefined,
  input: LayoutInput,
  place: (at: number) => number,
): SceneRow['marks'] {
  if (geometry === undefined) return [];
  const { at, kinds } = geometry.marks;
  const marks: { x: number; kind: MarkKind }[] = [];
  for (let i = 0; i < at.length; i++) {
    const x = place(at[i] ?? 0);
    const kind = MARKS[kinds[i] ?? 0];
    if (kind !== undefined && x >= input.labelPx && x <= input.widthPx) marks.push({ x, kind });
  }
  return marks;
}

function pairsOf(flat: Float64Array | undefined): readonly (readonly [number, number])[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i + 1 < (flat?.length ?? 0); i += 2) {
    pairs.push([flat?.[i] ?? 0, flat?.[i + 1] ?? 0]);
  }
  return pairs;
}
