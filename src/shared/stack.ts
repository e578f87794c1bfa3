import {
  defineProperty,
  deleteProperty,
  getOwnPropertyDescriptor,
  IntrinsicError,
  indexOf,
  slice,
} from '../base/intrinsics.ts';
import * as LIMITS from './limits.ts';

/** Frames of ours that may lie above the page's. */
const OWN_FRAMES = 12;

/**
 * The stack of the caller as the engine prints it, one frame a line, without the header and without
 * frames whose text holds `own` (the address of our scripts) or `other`. Empty where the page lets none be had.
 *
 * V8 reads `Error.stackTraceLimit` and calls `Error.prepareStackTrace`, both of which the page may have
 * set; they are put aside meanwhile, so that none of its code runs.
 */
export function captureStack(own: string, other = own): string {
  const limit = getOwnPropertyDescriptor(IntrinsicError, 'stackTraceLimit');
  const prepare = getOwnPropertyDescriptor(IntrinsicError, 'prepareStackTrace');
  if (limit?.configurable === false || prepare?.configurable === false) return '';
  if (!override('stackTraceLimit', LIMITS.stackFrames + OWN_FRAMES)) return '';
  let text: unknown;
  try {
    if (!prepare || override('prepareStackTrace', undefined)) text = new IntrinsicError().stack;
  } finally {
    restore('stackTraceLimit', limit);
    if (prepare) restore('prepareStackTrace', prepare);
  }
  return typeof text === 'string' ? framesOf(text, own, other) : '';
}

/** Cuts a stack text as an error of the page carries it to what a record may hold. */
export function framesOf(text: string, own: string, other = own): string {
  let out = '';
  let frames = 0;
  let from = 0;
  while (from < text.length && frames < LIMITS.stackFrames && out.length < LIMITS.stackUnits) {
    const newline = indexOf(text, '\n', from);
    const end = newline < 0 ? text.length : newline;
    const line = slice(text, from, end);
    from = end + 1;
    if (indexOf(line, '    at ') !== 0) continue;
    if (indexOf(line, own) >= 0 || indexOf(line, other) >= 0) continue;
    out += frames === 0 ? slice(line, 4) : `\n${slice(line, 4)}`;
    frames++;
  }
  return slice(out, 0, LIMITS.stackUnits);
}

function override(key: string, value: unknown): boolean {
  const descriptor = { __proto__: null, configurable: true, writable: true, value };
  return defineProperty(IntrinsicError, key, descriptor as PropertyDescriptor);
}

function restore(key: string, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor) defineProperty(IntrinsicError, key, descriptor);
  else deleteProperty(IntrinsicError, key);
}
