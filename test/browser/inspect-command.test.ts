import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StaticServer } from '../../src/cli/serve.ts';
import type { Report } from '../../src/export/report.ts';
import { PROJECT, startServer } from '../support/server.ts';
import { asDeclared, byRule, exhibitsOf } from '../support/zoo.ts';

const COMMAND_MS = 120_000;

let server: StaticServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.close());

test.each([
  ['wrong/emscripten-destroy.html', 1],
  ['shapes/frame-cross-origin.html', 1],
  ['right/node-pool.html', 0],
])(
  '`npm run inspect` prints what %s declares, and ends with %i',
  async (file, status) => {
    for (const { path, isolated, findings } of exhibitsOf(file)) {
      const run = await inspect(`${server.origin}/${path}`, '--json', '--seconds', '6');
      expect(run, run.stderr).toMatchObject({ status });
      const report = JSON.parse(run.stdout) as Report;
      expectShape(report);
      expect(report).toMatchObject({ url: `${server.origin}/${path}`, isolated, lost: 0 });
      expect(asDeclared(report.findings, findings)).toEqual([...findings].sort(byRule));
    }
  },
  COMMAND_MS,
);

test(
  '`npm run inspect` says in one line why it could not do the job, and ends with 2',
  async () => {
    const run = await inspect(`${server.origin}/no-such-page.html`, '--json');
    expect(run.status).toBe(2);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.stdout).toBe('');
  },
  COMMAND_MS,
);

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function inspect(...args: readonly string[]): Promise<Run> {
  const child = spawn('npm', ['run', '--silent', 'inspect', '--', ...args], { cwd: PROJECT });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (status) => done({ status, stdout, stderr }));
  });
}

/** The document of version 1: what stands in it may grow, never change. */
function expectShape(report: Report): void {
  expect(report).toMatchObject({
    version: 1,
    url: expect.any(String),
    browser: expect.stringMatching(/\d/),
    seconds: expect.any(Number),
    isolated: expect.any(Boolean),
    calls: expect.any(Number),
    lost: expect.any(Number),
    contexts: expect.any(Number),
    nodes: expect.any(Number),
  });
  for (const each of report.coverage) expect(each).toEqual(expect.any(String));
  for (const teardown of report.teardowns) {
    expect(teardown).toMatchObject({
      entity: { kind: expect.any(String), id: expect.any(String), label: expect.any(String) },
      verdict: expect.stringMatching(/^(ordered|racy|unknown)$/),
      by: expect.any(String),
      certainty: expect.stringMatching(/^(proven|likely)$/),
      releaseMs: expect.any(Number),
      release: expect.stringMatching(/^[a-z-]+$/),
      message: expect.stringMatching(/\w/),
    });
    for (const each of teardown.evidence) {
      expect(each).toEqual({
        ms: expect.any(Number),
        thread: expect.any(String),
        what: expect.any(String),
      });
    }
  }
  for (const finding of report.findings) {
    expect(finding).toMatchObject({
      rule: expect.stringMatching(/^[a-z-]+$/),
      severity: expect.stringMatching(/^(error|warning|info)$/),
      certainty: expect.stringMatching(/^(proven|likely)$/),
      entity: {
        kind: expect.stringMatching(/^(context|node|port|worker|memory|block|thread)$/),
        id: expect.any(String),
        label: expect.any(String),
      },
      count: expect.any(Number),
      firstMs: expect.any(Number),
      lastMs: expect.any(Number),
      message: expect.stringMatching(/\w/),
      help: expect.stringMatching(/\w/),
      link: expect.stringMatching(/^https:\/\//),
    });
    expect(finding.evidence.length).toBeGreaterThan(0);
    for (const each of finding.evidence) {
      expect(each).toEqual({
        ms: expect.any(Number),
        thread: expect.any(String),
        what: expect.any(String),
      });
    }
    for (const frames of Object.values(finding.stacks)) {
      for (const frame of frames) expect(frame).toEqual(expect.any(String));
    }
  }
}
