export interface Measure {
  measureText(text: string): { readonly width: number };
}

/** Strings that come from a page may be of any length; no more than this is ever measured. */
const MAX_UNITS = 200;

/**
 * The longest part of `text` that fits `maxPx`, with an ellipsis where something is missing: at the
 * end, or in the middle where both ends tell something (addresses). Empty when nothing fits.
 */
export function fitText(
  pen: Measure,
  text: string,
  maxPx: number,
  cut: 'end' | 'middle' = 'end',
): string {
  const line = oneLine(text);
  const whole = line.length > MAX_UNITS ? shorten(line, MAX_UNITS, cut) : line;
  if (pen.measureText(whole).width <= maxPx) return whole;
  let low = 0;
  let high = whole.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(shorten(whole, middle, cut)).width <= maxPx) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : shorten(whole, low, cut);
}

/** `units` of the text and an ellipsis. */
function shorten(text: string, units: number, cut: 'end' | 'middle'): string {
  if (cut === 'end') return `${text.slice(0, units).trimEnd()}…`;
  const head = Math.ceil(units / 3);
  return `${text.slice(0, head)}…${text.slice(text.length - (units - head))}`;
}

/** Control characters and direction overrides would let a name draw over its neighbours. */
function oneLine(text: string): string {
  return text.slice(0, 4 * MAX_UNITS).replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ');
}
