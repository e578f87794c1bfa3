/** What this folder makes of `base/intrinsics.ts`: the code here runs inside pages, in the middle of a call of theirs. */
import { matchOf } from '../base/intrinsics.ts';

/** Calls `visit` for each match of a global expression. */
export function eachMatch(
  pattern: RegExp,
  text: string,
  visit: (groups: readonly (string | undefined)[]) => void,
): void {
  pattern.lastIndex = 0;
  for (;;) {
    const groups = matchOf(pattern, text) as readonly (string | undefined)[] | null;
    if (!groups) return;
    visit(groups);
  }
}
