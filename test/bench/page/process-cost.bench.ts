import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { launchPageBrowser, type PageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { median, medianRatio } from '../../support/neighbours.ts';
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
const SECONDS = 30;
const ROUNDS = 15;
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

/** Neighbours in time, and the least of each side, which the machine disturbed least. */
function compare(observed: readonly Cost[], bare: readonly Cost[]) {
  const of = (costs: readonly Cost[], kind: keyof Cost) => costs.map((cost) => cost[kind] ?? 0);
  const row = (
    what: string,
    kind: keyof Cost,
    pick: (all: readonly number[]) => number,
    compared = false,
  ) => {
    const values = of(observed, kind);
    const baselines = of(bare, kind);
    const value = pick(values);
    const baseline = pick(baselines);
    const ratio = compared ? medianRatio(values, baselines) : value / baseline;
    return { what, value, baseline, ratio };
  };
  const least = (all: readonly number[]): number => Math.min(...all);
  return [
    row('least time', 'wall', least),
    row('time of neighbours', 'wall', median, true),
    row('least processor time', 'cpu', least),
    row('processor time of neighbours', 'cpu', median, true),
  ];
}

test('recording costs little', async () => {
  const files = { '/processors.js': PROCESSORS };
  const bareBrowser = await launchPageBrowser({ files, extension: false });
  const browser = await launchPageBrowser({ files });
  try {
    const bare = await bareBrowser.open('/?isolated');
    const observed = await browser.open('/?isolated');
    const misses: number[] = [];
    for (const { name, figure, fine, bar } of SCENES) {
      await browser.configure({ ...DEFAULT_SETTINGS, fineClock: fine });
      const costs: { bare: Cost[]; observed: Cost[] } = { bare: [], observed: [] };
      for (let round = 0; round < ROUNDS; round++) {
        costs.bare.push(await costOf(bareBrowser, bare.page, name));
        costs.observed.push(await costOf(browser, observed.page, name));
      }
      const rows = compare(costs.observed, costs.bare).filter(({ baseline }) => baseline > 0);
      for (const { what, value, baseline, ratio } of rows) {
        printFigure({
          figure: `${figure}, ${what}`,
          value,
          unit: 'ms',
          baseline,
          ratio,
          ...(bar === undefined ? {} : { bar: `ratio <= ${bar}` }),
        });
      }
      // On a busy machine only the processor time says what we cost.
      const judged = rows.find(({ what }) => what === 'processor time of neighbours') ?? rows[0];
      if (judged && bar !== undefined) misses.push(judged.ratio - bar);
    }
    expect(Math.max(...misses)).toBeLessThanOrEqual(0);
  } finally {
    await browser.close();
    await bareBrowser.close();
  }
});
