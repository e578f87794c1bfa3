import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { err, ok, type Result } from '../base/result.ts';

const ON_PATH = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ELSEWHERE = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
];
/** From this version on, browsers of Google's own brand ignore `--load-extension`. */
const REFUSES_SINCE = 137;

export const HOW_TO_GET_ONE =
  'install Chromium ("apt-get install chromium" on Debian) or Chrome for Testing, and name it with --chrome PATH or $CHROME if it is not on PATH';

/**
 * The browser to drive: `given` (from `--chrome`), else `$CHROME`, else the first Chromium on PATH. An
 * error is one sentence for the user. A browser that is known to refuse unpacked extensions is one.
 */
export function findBrowser(given: string | undefined): Result<string> {
  const named = given ?? (process.env['CHROME'] || undefined);
  if (named !== undefined) {
    if (!isProgram(named)) return err(`there is no browser at ${named}: ${HOW_TO_GET_ONE}`);
    const refusal = refuses(named);
    return refusal === undefined ? ok(named) : err(refusal);
  }
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = ON_PATH.flatMap((name) => folders.map((folder) => join(folder, name)));
  const found = [...candidates, ...ELSEWHERE].filter(isProgram);
  let refusal: string | undefined;
  for (const path of found) {
    const reason = refuses(path);
    if (reason === undefined) return ok(path);
    refusal ??= reason;
  }
  return err(refusal ?? `no browser found: ${HOW_TO_GET_ONE}`);
}

/** Why this browser cannot be used, or undefined. */
function refuses(path: string): string | undefined {
  let version: string;
  try {
    version = execFileSync(path, ['--version'], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch (error) {
    return `${path} does not run as a browser (${(error as Error).message.split('\n')[0]}): ${HOW_TO_GET_ONE}`;
  }
  const branded = /^(?:Google Chrome|Microsoft Edge)(?! for Testing)\D*(\d+)/.exec(version);
  if (branded === null || Number(branded[1]) < REFUSES_SINCE) return undefined;
  return `${version} refuses unpacked extensions: ${HOW_TO_GET_ONE}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Not there, or not ours to run: the same to us.
  }
}
