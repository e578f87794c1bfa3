import { matchOf } from '../../base/intrinsics.ts';

const STOP =
  /(?:^|[^a-z])(?:stop|quit|kill|exit|close|destroy|dispose|terminate|shut-?down|tear-?down|free\b|end\b)/i;

/** Whether a message reads as if it asked a processor to stop. `preview` is its digest's. */
export function looksLikeStop(preview: string): boolean {
  return matchOf(STOP, preview) !== null;
}
