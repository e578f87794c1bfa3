import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { judge } from '../analysis/judge.ts';
import { judgeTeardowns } from '../analysis/judge-teardowns.ts';
import { Session } from '../analysis/session.ts';
import { encodeTrace } from '../export/perfetto/trace.ts';
import { buildReport, type Report } from '../export/report.ts';
import { parseSessionFile } from '../export/session-file.ts';
import { DEFAULT_SETTINGS } from '../shared/settings.ts';
import type { InspectArguments } from './arguments.ts';
import { openPanel } from './devtools-panel.ts';
import { Failure } from './failure.ts';
import { findBrowser } from './find-browser.ts';
import { type Launched, launch } from './launch.ts';
import { attachPanel, type PanelHandle } from './panel-handle.ts';

const LOAD_MS = 30_000;
/** With an expression to await the page gets less, so that all fits into the time there is. */
const LOAD_BEFORE_RUN_MS = 15_000;
const ANSWER_MS = 1_000;
const FLUSH_MS = 5_000;

export interface Inspection {
  readonly report: Report;
  readonly session: Uint8Array;
  readonly trace: Uint8Array;
  /** A picture of the panel, as PNG. */
  readonly picture: Uint8Array;
  /** Why `--run` did not end well. The rest is complete nevertheless. */
  readonly runFailure: string | undefined;
}

/**
 * Opens a page in a headless browser under the eyes of the real panel, records it, and judges the
 * session here. Rejects with a `Failure` when that could not be done. `extension` is the built one.
 */
export async function inspect(args: InspectArguments, extension: string): Promise<Inspection> {
  const executable = findBrowser(args.chrome);
  if (!executable.ok) throw new Failure(executable.error);
  const launched = await launch({
    executable: executable.value,
    extension,
    devtools: true,
    headless: true,
    ...(args.profile === undefined ? {} : { profile: args.profile }),
  });
  try {
    return await record(args, launched);
  } finally {
    await launched.close();
  }
}

async function record(args: InspectArguments, launched: Launched): Promise<Inspection> {
  const page = launched.context.pages()[0] ?? (await launched.context.newPage());
  const panel = await attachPanel(await openPanel(launched.endpoint, page));
  const crashed = new Promise<never>((_, reject) => {
    page.once('crash', () => reject(new Failure('the page crashed')));
  });
  crashed.catch(() => undefined); // Also after the race below has been decided.
  // Stored before the page is opened, so that it is told in time.
  const before = await panel.setStress(args.stress ?? 0);
  const memoryBefore = await panel.setMemory(args.memory ?? 'ledger');
  const quarantineBefore = await panel.setQuarantine(
    args.quarantine ?? DEFAULT_SETTINGS.quarantine,
  );
  try {
    return await Promise.race([crashed, recordLoaded(args, launched, page, panel)]);
  } finally {
    if (args.profile !== undefined) {
      await panel.setStress(before).catch(() => undefined);
      await panel.setMemory(memoryBefore).catch(() => undefined);
      await panel.setQuarantine(quarantineBefore).catch(() => undefined);
    }
  }
}

async function recordLoaded(
  args: InspectArguments,
  launched: Launched,
  page: Page,
  panel: PanelHandle,
): Promise<Inspection> {
  await load(page, args);
  const loadedAt = performance.now();
  const isolated = await isIsolated(page);
  const runFailure =
    args.run === undefined ? undefined : await evaluate(page, args.run, args.runSeconds);
  const ranMs = performance.now() - loadedAt;
  const recordMs = Math.max(args.seconds * 1000, args.run === undefined ? 0 : ranMs + 1000);
  await sleep(recordMs - ranMs);

  const { complete } = await panel.flush(FLUSH_MS);
  const bytes = await panel.session();
  const picture = await panel.picture();
  const inputs = parseSessionFile(bytes);
  if (!inputs.ok)
    throw new Failure(`the panel gave a session that cannot be read: ${inputs.error}`);
  const session = new Session();
  for (const input of inputs.value) session.ingest(input);
  const findings = judge(session);
  const report = buildReport(session, findings, judgeTeardowns(session), {
    url: args.url,
    browser: `Chromium ${launched.browser.version()}`,
    seconds: Math.round(recordMs / 100) / 10,
    stress: args.stress,
  });
  const coverage = complete
    ? []
    : ['Not every frame answered in time: the last records are missing.'];
  return {
    report: { ...report, isolated, coverage: [...report.coverage, ...coverage] },
    session: bytes,
    trace: encodeTrace(session, findings),
    picture,
    runFailure,
  };
}

async function load(page: Page, { url, run }: InspectArguments): Promise<void> {
  const timeout = run === undefined ? LOAD_MS : LOAD_BEFORE_RUN_MS;
  const response = await page.goto(url, { waitUntil: 'load', timeout }).catch((error: Error) => {
    const reason = (error.message.split('\n')[0] ?? '').replace(/^page\.goto: /, '');
    throw new Failure(`the page failed to load: ${reason}`);
  });
  if (response !== null && response.status() >= 400) {
    throw new Failure(
      `the page failed to load: the server answered ${response.status()} for ${url}`,
    );
  }
}

/** A page that never answers is taken for one that is not. */
function isIsolated(page: Page): Promise<boolean> {
  const answer = page.evaluate<boolean>('crossOriginIsolated').catch(() => false);
  return Promise.race([answer, sleep(ANSWER_MS, false, { ref: false })]);
}

/** Evaluates an expression of the user's in the page. Gives why it failed, or undefined. */
async function evaluate(
  page: Page,
  expression: string,
  seconds: number,
): Promise<string | undefined> {
  const session = await page.context().newCDPSession(page);
  const ended = session
    .send('Runtime.evaluate', { expression, awaitPromise: true, userGesture: true })
    .then(
      ({ exceptionDetails: details }) =>
        details &&
        `--run failed: ${details.exception?.description ?? details.exception?.value ?? details.text}`,
      (error: Error) => `--run failed: ${error.message}`,
    );
  const late = sleep(seconds * 1000, `--run timed out after ${seconds} s`, { ref: false });
  const failure = await Promise.race([ended, late]);
  return failure?.split('\n')[0];
}

/** Writes what `--out` asks for. */
export function writeInspection(inspection: Inspection, folder: string): void {
  const into = resolve(folder);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'trace.pftrace'), inspection.trace);
  writeFileSync(join(into, 'session.lifeline'), inspection.session);
  writeFileSync(join(into, 'report.json'), `${JSON.stringify(inspection.report, undefined, 2)}\n`);
  writeFileSync(join(into, 'panel.png'), inspection.picture);
}
