/**
 * What this folder needs of the built-ins beside `base/intrinsics.ts`, as they were before the page's first script:
 * the code here runs inside pages, in the middle of a call of theirs.
 */
import { uncurryThis } from '../base/intrinsics.ts';

export const fromCharCode: (unit: number) => string = String.fromCharCode;
const setBytes = uncurryThis(
  Uint8Array.prototype.set as (source: ArrayLike<number>, offset: number) => void,
) as unknown as (target: Uint8Array, source: Uint8Array, offset: number) => void;
const subarray = uncurryThis(
  Uint8Array.prototype.subarray as (begin: number, end: number) => Uint8Array,
) as unknown as (bytes: Uint8Array, begin: number, end: number) => Uint8Array;

/** Below that many bytes a loop is faster than a call. */
const SHORT_RUN = 48;

/** Copies `source[from … to)` to `target[at …)`. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  if (to - from < SHORT_RUN) {
    for (let i = from; i < to; i++) target[at++] = source[i] as number;
  } else {
    setBytes(target, subarray(source, from, to), at);
  }
}

const exec = uncurryThis(RegExp.prototype.exec);

/** Calls `visit` for each match of a global expression. */
export function eachMatch(
  pattern: RegExp,
  text: string,
  visit: (groups: readonly (string | undefined)[]) => void,
): void {
  pattern.lastIndex = 0;
  for (let groups = exec(pattern, text); groups; groups = exec(pattern, text)) visit(groups);
}
