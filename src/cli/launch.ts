import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext } from 'playwright-core';
import { connect } from './debugging-socket.ts';
import { Failure } from './failure.ts';

const START_MS = 20_000;
const CLOSE_MS = 3_000;
const POLL_MS = 25;
const STDERR_KEPT = 4096;

export interface LaunchOptions {
  readonly executable: string;
  /** The folder of the built extension; undefined: none. */
  readonly extension?: string;
  /** Opens DevTools for every tab. */
  readonly devtools?: boolean;
  readonly headless: boolean;
  /** More switches for the browser's command line. */
  readonly flags?: readonly string[];
  /** A profile to keep. Undefined: a fresh one, removed at the end. */
  readonly profile?: string;
}

export interface Launched {
  readonly browser: Browser;
  readonly context: BrowserContext;
  /** The address of its debugging port. */
  readonly endpoint: string;
  readonly profile: string;
  /** Ends the browser and removes a fresh profile. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a Chromium of our own and connects to it. It ends with `close()`, when this process exits, and
 * even when this process is killed: the browser stops when its end of the debugging pipe breaks.
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const fresh = options.profile === undefined;
  const profile = fresh ? makeProfile() : resolve(options.profile);
  if (fresh) prepareProfile(profile);
  else rmSync(join(profile, 'DevToolsActivePort'), { force: true });

  const child = spawn(options.executable, flags(options, profile), {
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  let stderr = '';
  child.stderr?.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString()).slice(-STDERR_KEPT);
  });
  for (const pipe of child.stdio.slice(3)) {
    pipe?.on('error', () => undefined); // The browser went first.
    if (pipe instanceof Readable) pipe.resume();
  }

  const remove = (): void => {
    if (fresh) rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  const onExit = (): void => {
    kill(child);
    remove();
  };
  process.once('exit', onExit);

  let browser: Browser | undefined;
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const quit = browser?.newBrowserCDPSession().then((session) => session.send('Browser.close'));
    await Promise.race([quit?.catch(() => undefined), exited, sleep(CLOSE_MS)]);
    await Promise.race([exited, sleep(CLOSE_MS)]);
    kill(child);
    await browser?.close().catch(() => undefined);
    process.off('exit', onExit);
    remove();
  };

  try {
    const endpoint = await Promise.race([
      debuggingEndpoint(profile),
      exited.then(() => {
        throw new Failure(explainExit(options, stderr));
      }),
    ]);
    browser = await connect(endpoint, START_MS);
    const context = browser.contexts()[0];
    if (!context) throw new Failure('the browser has no window');
    return {
      browser,
      context,
      endpoint,
      profile,
      close: () => {
        closed ??= close();
        return closed;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function flags(options: LaunchOptions, profile: string): readonly string[] {
  const { extension, devtools, headless, flags: more = [] } = options;
  return [
    `--user-data-dir=${profile}`,
    '--remote-debugging-port=0',
    '--remote-debugging-pipe',
    '--no-first-run',
    '--no-default-browser-check',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-default-apps',
    '--disable-sync',
    '--disable-quic',
    '--disable-breakpad',
    '--disable-dev-shm-usage',
    '--disable-background-timer-throttling',
    '--disable-backgrounding-occluded-windows',
    '--disable-renderer-backgrounding',
    '--disable-search-engine-choice-screen',
    // The last two keep two documents of the browser's own loaded, which cost a second of each start.
    '--disable-features=Translate,MediaRouter,OptimizationHints,WebUIOmniboxPopup,WebUIOmniboxAimPopup',
    '--metrics-recording-only',
    '--password-store=basic',
    '--use-mock-keychain',
    '--autoplay-policy=no-user-gesture-required',
    '--window-size=1600,1000',
    ...(headless ? ['--headless=new', '--disable-gpu', '--hide-scrollbars'] : []),
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(devtools ? ['--auto-open-devtools-for-tabs'] : []),
    ...(extension === undefined
      ? []
      : [`--disable-extensions-except=${extension}`, `--load-extension=${extension}`]),
    ...more,
    'about:blank',
  ];
}

/** A folder of ours; those of processes that were killed before they could remove theirs go now. */
function makeProfile(): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(/^lifeline-profile-(\d+)-/.exec(name)?.[1]);
    if (owner > 0 && !isAlive(owner)) {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    }
  }
  return mkdtempSync(join(tmpdir(), `lifeline-profile-${process.pid}-`));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** DevTools docked at the bottom, over most of the window; extensions as developers have them. */
function prepareProfile(profile: string): void {
  const preferences = {
    // Without it an unpacked extension that is reloaded stays switched off.
    extensions: { ui: { developer_mode: true } },
    devtools: {
      preferences: {
        currentDockState: '"bottom"',
        // Until ours is shown one that does little: Elements would follow each page from then on.
        'panel-selected-tab': '"heap-profiler"',
        'inspector-view.split-view-state': '{"horizontal":{"size":640}}',
      },
    },
  };
  mkdirSync(join(profile, 'Default'));
  writeFileSync(join(profile, 'Default/Preferences'), JSON.stringify(preferences));
}

/** The browser writes the port it chose, and the path of its own target, into the profile. */
async function debuggingEndpoint(profile: string): Promise<string> {
  const file = join(profile, 'DevToolsActivePort');
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const [port, path] = readIfThere(file).split('\n');
    if (port && path) return `ws://127.0.0.1:${port}${path}`;
    await sleep(POLL_MS);
  }
  throw new Failure(`the browser did not start within ${START_MS / 1000} s`);
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Not written yet.
  }
}

function explainExit({ executable, profile }: LaunchOptions, stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? '';
  const inUse = profile === undefined ? '' : '; is its profile open in another window?';
  return `${executable} ended at once${inUse}${last === '' ? '' : `: ${last}`}`;
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
