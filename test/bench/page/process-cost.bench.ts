import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { launchPageBrowser, type PageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { threadCpuMillis } from '../../support/thread-cpu.ts';

const PROCESSORS = `
  class NoOp extends AudioWorkletProcessor {
    process() {
      return true;
    }
  }
  registerProcessor('no-op', NoOp);

  class Mix extends AudioWorkletProcessor {
    process([a, b], [out]) {
      for (let channel = 0; channel < out.length; channel++) {
        const x = a[channel];
        const y = b[channel];
        const z = out[channel];
        if (!x || !y) continue;
        for (let i = 0; i < z.length; i++) z[i] = 0.5 * x[i] + 0.5 * y[i];
      }
      return true;
    }
  }
  registerProcessor('mix', Mix);
`;

const NODES = 50;
/** Long enough for the steady state: the engine takes some hundred thousand calls to settle. */
const SECONDS = 40;
const ROUNDS = 5;
/** As Chromium names the thread that renders offline contexts, cut to the kernel's fifteen letters. */
const THREAD = 'Offline AudioWo';

interface BenchWindow {
  context: OfflineAudioContext;
}

/** The fine clock has no bar: it is a setting, and says what it costs. */
const SCENES = [
  { name: 'no-op', figure: '50 no-op processors', fine: false, bar: 1.3 },
  { name: 'mix', figure: '50 processors that mix two channels', fine: false, bar: 1.05 },
  { name: 'no-op', figure: '50 no-op processors, fine clock', fine: true, bar: undefined },
] as const;

/** Makes a context with fifty processors in a page. */
async function prepare([name, nodes, seconds]: readonly [string, number, number]): Promise<void> {
  const rate = 48_000;
  const context = new OfflineAudioContext(2, rate * seconds, rate);
  await context.audioWorklet.addModule('/processors.js');
  const noise = [0, 1].map(() => {
    const buffer = context.createBuffer(2, rate, rate);
    for (const channel of [0, 1]) {
      const data = buffer.getChannelData(channel);
      for (let i = 0; i < data.length; i++) data[i] = Math.random() - 0.5;
    }
    const source = new AudioBufferSourceNode(context, { buffer, loop: true });
    source.start();
    return source;
  });
  for (let i = 0; i < nodes; i++) {
    const mixes = name === 'mix';
    const options = mixes ? { numberOfInputs: 2, outputChannelCount: [2] } : {};
    const node = new AudioWorkletNode(context, name, options);
    if (mixes)
      noise.forEach((source, input) => {
        source.connect(node, 0, input);
      });
    node.connect(context.destination);
  }
  (globalThis as unknown as BenchWindow).context = context;
}

/** Renders it; gives the milliseconds that passed. */
async function render(): Promise<number> {
  const { context } = globalThis as unknown as BenchWindow;
  const began = performance.now();
  await context.startRendering();
  return performance.now() - began;
}

interface Cost {
  /** Milliseconds from start to end. */
  readonly wall: number;
  /** Milliseconds that the rendering thread had a processor; undefined where that cannot be told. */
  readonly cpu: number | undefined;
}

async function costOf(browser: PageBrowser, page: Page, name: string): Promise<Cost> {
  await page.evaluate(prepare, [name, NODES, SECONDS] as const);
  const before = threadCpuMillis(browser.profile, THREAD);
  const wall = await page.evaluate(render);
  const after = threadCpuMillis(browser.profile, THREAD);
  const cpu = before === undefined || after === undefined ? undefined : after - before;
  return { wall, cpu };
}

/** The least of each side, which the machine disturbed least, and the medians. */
function compare(observed: readonly Cost[], bare: readonly Cost[]) {
  const middle = ROUNDS >> 1;
  const sorted = (costs: readonly Cost[], kind: keyof Cost): number[] =>
    costs.map((cost) => cost[kind] ?? 0).toSorted((a, b) => a - b);
  const row = (what: string, kind: keyof Cost, at: number) => ({
    what,
    value: sorted(observed, kind)[at] ?? 0,
    baseline: sorted(bare, kind)[at] ?? 0,
  });
  return [
    row('least time', 'wall', 0),
    row('median time', 'wall', middle),
    row('least processor time', 'cpu', 0),
    row('median processor time', 'cpu', middle),
  ];
}

test('recording costs little', async () => {
  const files = { '/processors.js': PROCESSORS };
  const bareBrowser = await launchPageBrowser({ files, extension: false });
  const browser = await launchPageBrowser({ files });
  try {
    const bare = await bareBrowser.open('/?isolated');
    const observed = await browser.open('/?isolated');
    for (const { name, figure, fine, bar } of SCENES) {
      await browser.configure({ ...DEFAULT_SETTINGS, fineClock: fine });
      const costs: { bare: Cost[]; observed: Cost[] } = { bare: [], observed: [] };
      for (let round = 0; round < ROUNDS; round++) {
        costs.bare.push(await costOf(bareBrowser, bare.page, name));
        costs.observed.push(await costOf(browser, observed.page, name));
      }
      const rows = compare(costs.observed, costs.bare).filter(({ baseline }) => baseline > 0);
      for (const { what, value, baseline } of rows) {
        printFigure({
          figure: `${figure}, ${what}`,
          value,
          unit: 'ms',
          baseline,
          ratio: value / baseline,
          ...(bar === undefined ? {} : { bar: `ratio <= ${bar}` }),
        });
      }
      // On a busy machine only the processor time says what we cost.
      const judged = rows.find(({ what }) => what === 'least processor time') ?? rows[0];
      if (judged && bar !== undefined) {
        expect(judged.value / judged.baseline).toBeLessThanOrEqual(bar);
      }
    }
  } finally {
    await browser.close();
    await bareBrowser.close();
  }
});
