import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StaticServer } from '../../src/cli/serve.ts';
import type { Report } from '../../src/export/report.ts';
import { stressStep } from '../../src/shared/stress-schedule.ts';
import { Gate } from '../support/gate.ts';
import { PROJECT, startServer } from '../support/server.ts';
import { asDeclared, byRule, exhibitsOf } from '../support/zoo.ts';

/** With the wait for its turn. */
const COMMAND_MS = 240_000;

let server: StaticServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server?.close());

/** Until the scenario of a page of the zoo is over. */
const UNTIL_DONE = `(async () => {
  const { dataset } = document.documentElement;
  while (!['done', 'failed'].includes(dataset.state)) await new Promise((next) => setTimeout(next, 50));
  return dataset.state;
})()`;

test.concurrent.each([
  ['wrong/emscripten-destroy.html', 1, ['--seconds', '6']],
  ['wrong/heap-block-freed-while-running.html', 1, ['--seconds', '1', '--run', UNTIL_DONE]],
  ['shapes/frame-cross-origin.html', 1, ['--seconds', '1', '--run', UNTIL_DONE]],
  ['right/node-pool.html', 0, ['--seconds', '1', '--run', UNTIL_DONE]],
] as const)(
  '`npm run inspect` prints what %s declares, and ends with %i',
  async (file, status, flags) => {
    for (const { path, isolated, findings, memory } of exhibitsOf(file)) {
      const level = memory === undefined ? [] : ['--memory', memory];
      const run = await inspect(`${server.origin}/${path}`, '--json', ...flags, ...level);
      expect(run, run.stderr).toMatchObject({ status });
      const report = JSON.parse(run.stdout) as Report;
      expectShape(report);
      expect(report).toMatchObject({ url: `${server.origin}/${path}`, isolated, lost: 0 });
      expect(asDeclared(report.findings, findings)).toEqual([...findings].sort(byRule));
    }
  },
  COMMAND_MS,
);

test.concurrent(
  '`npm run inspect` says in one line why it could not do the job, and ends with 2',
  async () => {
    const run = await inspect(`${server.origin}/no-such-page.html`, '--json');
    expect(run.status).toBe(2);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.stdout).toBe('');
  },
  COMMAND_MS,
);

/** Disconnects a node and frees its memory, as most pages do, and says nothing else of it. */
const DISCONNECT_AND_FREE = `(async () => {
  const voice = \`registerProcessor('voice', class extends AudioWorkletProcessor {
    constructor({ processorOptions }) {
      super();
      this.calls = new Int32Array(processorOptions);
    }
    process() {
      this.calls[0]++;
      return true;
    }
  })\`;
  const context = new AudioContext();
  const url = URL.createObjectURL(new Blob([voice], { type: 'text/javascript' }));
  await context.audioWorklet.addModule(url);
  const memory = new SharedArrayBuffer(16);
  __lifeline__.alloc(memory, 0, 16, 'voice');
  const node = new AudioWorkletNode(context, 'voice', { processorOptions: memory });
  node.connect(context.destination);
  const calls = new Int32Array(memory);
  while (calls[0] < 40) await new Promise((done) => setTimeout(done, 20));
  node.disconnect();
  __lifeline__.free(memory, 0);
  await context.close();
})()`;

test.concurrent(
  '`npm run inspect -- --stress` makes the collision happen, says what it did, and does the same once more',
  async () => {
    const url = `${server.origin}/hostile/empty.html?isolated`;
    const flags = ['--json', '--seconds', '1', '--run', DISCONNECT_AND_FREE];
    const runs = [];
    for (const _ of [1, 2]) runs.push(await inspect(url, ...flags, '--stress', '42'));
    const reports = runs.map(({ stdout }) => JSON.parse(stdout) as Report);
    const schedules = reports.map(({ stress }) =>
      [...new Set(stress?.steps.map(({ step }) => step))].sort(),
    );
    expect(schedules).toEqual([
      [0, 1],
      [0, 1],
    ]);
    for (const [index, { stress }] of reports.entries()) {
      expect(runs[index]?.status).toBe(1);
      expect(stress?.seed).toBe(42);
      for (const { step, action, ms } of stress?.steps ?? []) {
        const planned = stressStep(42, step);
        if (action === planned.action) expect(ms).toBe(planned.millis);
        else expect(['nothing', 'resume']).toContain(action);
      }
    }
    // Nine of ten, as `stressed-zoo.test.ts` has it: where the machine keeps the audio thread away, a run may miss.
    const collisions = reports.flatMap(({ findings }) =>
      findings.filter(({ rule }) => rule === 'use-after-free'),
    );
    expect(collisions[0]).toMatchObject({ severity: 'error', certainty: 'proven' });
    expect(await inspect(url, ...flags)).toMatchObject({
      status: 1,
      stdout: expect.not.stringContaining('"stress"'),
    });
  },
  COMMAND_MS,
);

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const gate = new Gate(2);
const inspect = (...args: readonly string[]): Promise<Run> => gate.run(() => start(args));

function start(args: readonly string[]): Promise<Run> {
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
