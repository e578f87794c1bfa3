/**
 * What this folder needs of the built-ins beside `base/intrinsics.ts`, as they were before the page's first script:
 * the code here runs inside pages, in the middle of a call of theirs.
 */
import { uncurryThis } from '../base/intrinsics.ts';

export const fromCharCode: (unit: number) => string = String.fromCharCode;
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
