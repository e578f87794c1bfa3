/** A stretch of session time in microseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Zooming in ends here: a hundred nanoseconds a pixel would show nothing that was measured. */
export const MIN_SPAN_MICROS = 200;
/** Empty space kept beyond both ends of the session, as a part of the span. */
const MARGIN = 0.04;

export function xOf(span: Span, widthPx: number, at: number): number {
  return ((at - span.from) / (span.to - span.from)) * widthPx;
}

export function timeAt(span: Span, widthPx: number, x: number): number {
  return span.from + (x / widthPx) * (span.to - span.from);
}

/** The whole of `start` … `end` with a little air. */
export function fitSpan(end: number, start = 0): Span {
  const length = Math.max(end - start, MIN_SPAN_MICROS);
  return { from: start - length * MARGIN * 0.5, to: start + length * (1 + MARGIN) };
}

/** Keeps a span within reach of 0 … `end` and within the limits of zoom. */
export function clampSpan(span: Span, end: number): Span {
  const whole = fitSpan(end);
  const wholeLength = whole.to - whole.from;
  const length = Math.min(Math.max(span.to - span.from, MIN_SPAN_MICROS), wholeLength);
  const middle = (span.from + span.to) / 2;
  const from = Math.min(Math.max(middle - length / 2, whole.from), whole.to - length);
  return { from, to: from + length };
}

/** `factor` below 1 zooms in; the time `anchor` stays where it is. */
export function zoomSpan(span: Span, factor: number, anchor: number, end: number): Span {
  const whole = fitSpan(end);
  const length = span.to - span.from;
  const wanted = Math.min(
    Math.max(length * factor, MIN_SPAN_MICROS),
    Math.max(whole.to - whole.from, MIN_SPAN_MICROS),
  );
  const share = (anchor - span.from) / length;
  const from = anchor - share * wanted;
  return clampSpan({ from, to: from + wanted }, end);
}

export function panSpan(span: Span, byMicros: number, end: number): Span {
  return clampSpan({ from: span.from + byMicros, to: span.to + byMicros }, end);
}

/** `length` microseconds that end a little after `end`; the first ones while there are no more. */
export function followSpan(length: number, end: number): Span {
  const to = Math.max(end + length * MARGIN, length * (1 - MARGIN * 0.5));
  return { from: to - length, to };
}

/** The same length around a place; no longer than `maxLength`. */
export function spanAround(span: Span, at: number, maxLength: number, end: number): Span {
  const length = Math.min(span.to - span.from, maxLength);
  return clampSpan({ from: at - length / 2, to: at + length / 2 }, end);
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

/** Round places at least `minPx` apart, labelled in one unit and no more digits than they need. */
export function ruleTicks(span: Span, widthPx: number, minPx: number): readonly Tick[] {
  const length = span.to - span.from;
  if (!(length > 0) || !(widthPx > 0)) return [];
  const step = roundStep((length / widthPx) * minPx);
  const ticks: Tick[] = [];
  const unit = unitOf(step, span.to);
  for (let i = Math.ceil(Math.max(span.from, 0) / step); i * step <= span.to; i++) {
    ticks.push({ at: i * step, label: tickLabel(i * step, step, unit) });
  }
  return ticks;
}

/** The next 1, 2 or 5 times a power of ten. */
export function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  for (const factor of [1, 2, 5]) if (factor * power >= atLeast * 0.999_999) return factor * power;
  return 10 * power;
}

/** One unit for the whole ruler. */
function unitOf(step: number, last: number): Unit {
  if (last >= 1e6 && step >= 1000) return { micros: 1e6, name: 's' };
  return step >= 1 && last < 1000 ? { micros: 1, name: 'µs' } : { micros: 1000, name: 'ms' };
}

interface Unit {
  readonly micros: number;
  readonly name: string;
}

function tickLabel(micros: number, step: number, unit: Unit): string {
  const digits = Math.min(6, Math.max(0, Math.ceil(-Math.log10(step / unit.micros) - 1e-9)));
  return `${(micros / unit.micros).toFixed(digits)} ${unit.name}`;
}
