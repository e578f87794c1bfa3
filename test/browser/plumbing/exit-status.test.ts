import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StaticServer, serveStatic } from '../../../src/cli/serve.ts';
import { Gate } from '../../support/gate.ts';

/** With the wait for its turn. */
const COMMAND_MS = 240_000;
const PROGRAM = resolve(import.meta.dirname, '../../../dist/cli/main.js');

let server: StaticServer;
const folder = mkdtempSync(join(tmpdir(), 'lifeline-status-'));
beforeAll(async () => {
  server = await serveStatic({ root: resolve(import.meta.dirname, 'pages') });
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
});

interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function startInspect(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [PROGRAM, 'inspect', ...args], {
    env: { ...process.env, ...env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => {
    output.stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    output.stderr += data.toString();
  });
  const ended = new Promise<Ended>((done) => {
    child.once('close', (status, signal) => done({ status, signal, ...output }));
  });
  return { child, ended };
}

const gate = new Gate(2);
const inspect = (args: readonly string[], env?: NodeJS.ProcessEnv) =>
  gate.run(() => startInspect(args, env).ended);
const playing = () => `${server.origin}/playing.html`;
const oneLine = /^[^\n]+\n$/;

/** Processes whose command line names `text`. */
const processesOf = (text: string): readonly string[] =>
  readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false; // It has just ended.
    }
  });

test.concurrent(
  'is 2 when --run has not ended in its time, even while the page hangs',
  async () => {
    let took = Number.POSITIVE_INFINITY;
    const { status, stdout, stderr } = await gate.run(async () => {
      const started = performance.now();
      const run = ['--seconds', '1', '--run', 'for (;;);', '--run-seconds', '5', '--json'];
      const ended = await startInspect([playing(), ...run]).ended;
      took = performance.now() - started;
      return ended;
    });
    expect(took).toBeLessThan(36_000);
    expect(status).toBe(2);
    expect(stderr).toBe('--run timed out after 5 s\n');
    expect(JSON.parse(stdout)).toMatchObject({ version: 1, url: playing(), findings: [] });
  },
  COMMAND_MS,
);

test.concurrent.each([
  ['a URL that is none', ['not-a-url'], /^bad URL: not-a-url$/m],
  ['no URL', [], /^which URL\?$/m],
  ['a flag that is none', ['http://localhost/', '--frobnicate'], /frobnicate/],
  [
    'a browser that is not there',
    ['http://localhost/', '--chrome', '/no/browser'],
    /no browser at/,
  ],
])('is 2, with one line that says why, for %s', async (_, args, reason) => {
  const { status, stdout, stderr } = await inspect(args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(oneLine);
  expect(stderr).toMatch(reason);
});

test.concurrent('is 2 on a machine without a browser, and says how to get one', async () => {
  const { status, stdout, stderr } = await inspect([playing()], {
    PATH: join(folder, 'none'),
    CHROME: '',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(oneLine);
  expect(stderr).toMatch(/^no browser found: install Chromium/);
});

test.concurrent('is 2 for a browser that refuses unpacked extensions', async () => {
  const branded = join(mkdtempSync(join(folder, 'branded-')), 'google-chrome');
  writeFileSync(branded, '#!/bin/sh\necho "Google Chrome 141.0.7390.54 "\n');
  chmodSync(branded, 0o755);
  const { status, stderr } = await inspect([playing(), '--chrome', branded]);
  expect(status).toBe(2);
  expect(stderr).toMatch(oneLine);
  expect(stderr).toMatch(/^Google Chrome 141.* refuses unpacked extensions: install Chromium/);
});

test.concurrent(
  'is 2 when the page does not load',
  async () => {
    const gone = await serveStatic({ root: folder });
    await gone.close();
    for (const [url, reason] of [
      [gone.origin, /ERR_CONNECTION_REFUSED/],
      [`${server.origin}/missing.html`, /answered 404/],
    ] as const) {
      const { status, stdout, stderr } = await inspect([url, '--seconds', '1', '--json']);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toMatch(oneLine);
      expect(stderr).toMatch(reason);
    }
  },
  COMMAND_MS,
);

test.concurrent(
  'is 2 when --run rejects, after the report has been written',
  async () => {
    const out = join(folder, 'rejected');
    const run = `destroy().then(() => { throw new Error('as it must') })`;
    const { status, stdout, stderr } = await inspect([
      playing(),
      ...['--seconds', '1', '--run', run, '--out', out, '--json'],
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/^--run failed: Error: as it must/);
    const report = JSON.parse(stdout);
    expect(report.findings.map(({ rule }: { rule: string }) => rule)).toContain(
      'process-after-destroy',
    );
    expect(JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))).toEqual(report);
    expect(readdirSync(out).sort()).toEqual([
      'panel.png',
      'report.json',
      'session.lifeline',
      'trace.pftrace',
    ]);
    expect(readFileSync(join(out, 'panel.png')).subarray(1, 4).toString()).toBe('PNG');
  },
  COMMAND_MS,
);

test.concurrent(
  'is 1 for a warning, and recording goes on for a second after --run',
  async () => {
    const { status, stdout } = await inspect([
      playing(),
      ...['--seconds', '0', '--run', 'destroy().then(() => "fine")', '--json'],
    ]);
    expect(status).toBe(1);
    const report = JSON.parse(stdout);
    expect(report.seconds).toBeGreaterThan(1);
    expect(report).toMatchObject({ nodes: 1, contexts: 1, lost: 0 });
  },
  COMMAND_MS,
);

test.concurrent(
  'is 0 without a finding, and prints a table',
  async () => {
    const { status, stdout, stderr } = await inspect([
      playing(),
      '--seconds',
      '1',
      '--run',
      'play()',
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // Of quanta that a busy machine was late with it says so, and no more than that.
    expect(stdout).toMatch(/^No findings\.$|\bquantum-overrun\b/m);
  },
  COMMAND_MS,
);

test.concurrent(
  'leaves no browser behind when it is ended, however it is ended',
  async ({ expect }) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
      const profile = join(folder, `profile-${signal}`);
      const status = await gate.run(async () => {
        const { child, ended } = startInspect([playing(), '--seconds', '60', '--profile', profile]);
        const count = () => processesOf(profile).length;
        await expect.poll(count, { timeout: 20_000 }).toBeGreaterThan(3);
        const port = join(profile, 'DevToolsActivePort');
        await expect.poll(() => existsSync(port), { timeout: 20_000 }).toBe(true);
        expect(child.exitCode).toBe(null);
        child.kill(signal);
        return (await ended).status;
      });
      expect(status).toBe(signal === 'SIGKILL' ? null : 2);
      await expect.poll(() => processesOf(profile), { timeout: 10_000 }).toEqual([]);
    }
  },
  COMMAND_MS,
);
