import type { CDPSession } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';

const NODES = 50;
const WARM_UP_MS = 4000;
const SAMPLED_MS = 4000;
/** Nothing but readings of the clock: ten a second, and a quantum in 512. */
const MOST_BYTES = 0.1;

const FILES = {
  '/no-op.js': `registerProcessor('no-op', class extends AudioWorkletProcessor {
    process() { return true; }
  });`,
};

interface ProfileNode {
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

test('recording allocates nothing a call', async () => {
  const bare = await allocated(await launchPageBrowser({ files: FILES, extension: false }));
  const observed = await allocated(await launchPageBrowser({ files: FILES }));
  printFigure({
    figure: 'allocated in the worklet',
    value: observed - bare,
    unit: 'bytes/call',
    baseline: bare,
    bar: `value < ${MOST_BYTES}`,
  });
  expect(observed - bare).toBeLessThan(MOST_BYTES);
});

/** Bytes a call of `process()` that the engine's own profiler saw allocated in an audio worklet. */
async function allocated(browser: PageBrowser): Promise<number> {
  try {
    const { page } = await browser.open('/?isolated');
    const session = await page.context().newCDPSession(page);
    const worklet = attachToWorklet(session);
    await session.send('Target.setAutoAttach', {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
    });
    await page.evaluate(start, NODES);
    const send = await worklet;
    await page.waitForTimeout(WARM_UP_MS);
    await send('HeapProfiler.enable');
    await send('HeapProfiler.startSampling', {
      samplingInterval: 256,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    const before = await page.evaluate(framesSoFar);
    await page.waitForTimeout(SAMPLED_MS);
    const { profile } = await send('HeapProfiler.stopSampling');
    const frames = (await page.evaluate(framesSoFar)) - before;
    expect(frames).toBeGreaterThan(0);
    return sizeOf(profile.head) / ((frames / 128) * NODES);
  } finally {
    await browser.close();
  }
}

type Send = (
  method: string,
  params?: object,
) => Promise<{ readonly profile: { head: ProfileNode } }>;

/** Speaks to the first worklet that `session` is told of. */
function attachToWorklet(session: CDPSession): Promise<Send> {
  const answers = new Map<number, (result: Awaited<ReturnType<Send>>) => void>();
  let sent = 0;
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message);
    answers.get(id)?.(result);
  });
  return new Promise((attached) => {
    session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
      if (!targetInfo.type.includes('worklet')) return;
      attached((method, params = {}) => {
        const id = ++sent;
        const message = JSON.stringify({ id, method, params });
        const answer = new Promise<Awaited<ReturnType<Send>>>((done) => answers.set(id, done));
        return session
          .send('Target.sendMessageToTarget', { sessionId, message })
          .then(() => answer);
      });
    });
  });
}

interface BenchWindow {
  context: AudioContext;
}

async function start(nodes: number): Promise<void> {
  const context = new AudioContext();
  (globalThis as unknown as BenchWindow).context = context;
  await context.audioWorklet.addModule('/no-op.js');
  for (let i = 0; i < nodes; i++) {
    new AudioWorkletNode(context, 'no-op').connect(context.destination);
  }
}

function framesSoFar(): number {
  const { context } = globalThis as unknown as BenchWindow;
  return context.currentTime * context.sampleRate;
}

function sizeOf(node: ProfileNode): number {
  return node.children.reduce((sum, child) => sum + sizeOf(child), node.selfSize);
}
