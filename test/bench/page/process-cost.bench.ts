import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { launchPageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';

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
const SECONDS = 8;
const ROUNDS = 12;

/** The fine clock has no bar: it is a setting, and says what it costs. */
const SCENES = [
  { name: 'no-op', figure: '50 no-op processors', fine: false, bar: 1.3 },
  { name: 'mix', figure: '50 processors that mix two channels', fine: false, bar: 1.05 },
  { name: 'no-op', figure: '50 no-op processors, fine clock', fine: true, bar: undefined },
] as const;

/** Renders with fifty processors in a page; gives the milliseconds that rendering took. */
async function render([name, nodes, seconds]: readonly [string, number, number]): Promise<number> {
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
  const began = performance.now();
  await context.startRendering();
  return performance.now() - began;
}

/** The fastest run of each side, which the machine disturbed least, and the median of each. */
function compare(observed: readonly number[], bare: readonly number[]) {
  const [a, b] = [observed, bare].map((times) => times.toSorted((x, y) => x - y));
  const middle = ROUNDS >> 1;
  return [
    ['fastest', a?.[0] ?? 0, b?.[0] ?? 0],
    ['median', a?.[middle] ?? 0, b?.[middle] ?? 0],
  ] as const;
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
      const times: { bare: number[]; observed: number[] } = { bare: [], observed: [] };
      for (let round = 0; round < ROUNDS; round++) {
        times.bare.push(await bare.page.evaluate(render, [name, NODES, SECONDS] as const));
        times.observed.push(await observed.page.evaluate(render, [name, NODES, SECONDS] as const));
      }
      const cost = compare(times.observed, times.bare);
      for (const [kind, value, baseline] of cost) {
        printFigure({
          figure: `${figure}, ${kind}`,
          value,
          unit: 'ms',
          baseline,
          ratio: value / baseline,
          ...(bar === undefined ? {} : { bar: `ratio <= ${bar}` }),
        });
        if (bar !== undefined && kind === 'fastest') {
          expect(value / baseline).toBeLessThanOrEqual(bar);
        }
      }
    }
  } finally {
    await browser.close();
    await bareBrowser.close();
  }
});
