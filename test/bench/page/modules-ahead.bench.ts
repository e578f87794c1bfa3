import { test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { launchPageBrowser, type PageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { median } from '../../support/neighbours.ts';
import { moduleOf } from '../../support/wasm-of-size.ts';

const ROUNDS = 12;
const SIZES = { '14 KB': 14_000, '1.5 MB': 1_500_000 } as const;

const FILES = {
  ...Object.fromEntries(
    Object.entries(SIZES).map(([name, bytes]) => [
      `/${name.replace(' ', '')}`,
      Buffer.from(moduleOf(bytes)).toString('base64'),
    ]),
  ),
  '/timer.js': `
    const now = () => Number(Temporal.Now.instant().epochNanoseconds) / 1e6;
    registerProcessor('timer', class extends AudioWorkletProcessor {
      constructor({ processorOptions }) {
        super();
        const run = (module) => {
          const from = now();
          new WebAssembly.Instance(module);
          this.port.postMessage(now() - from);
        };
        if (processorOptions.module) run(processorOptions.module);
        this.port.onmessage = ({ data }) => run(data);
      }
      process() {
        return true;
      }
    });`,
};

async function instantiate(
  browser: PageBrowser,
  path: string,
  way: 'options' | 'message',
): Promise<number> {
  const { page, close } = await browser.open('/?isolated');
  const times = await page.evaluate(
    async ([path, way, rounds]) => {
      const context = new AudioContext();
      await context.audioWorklet.addModule('/timer.js');
      const bytes = atob(await (await fetch(path)).text());
      const times: number[] = [];
      for (let round = 0; round < rounds; round++) {
        // A custom section makes it another module, of which the engine has no code yet.
        const numbers = [...bytes].map((letter) => letter.charCodeAt(0));
        const module = await WebAssembly.compile(
          new Uint8Array([...numbers, 0, 3, 1, 0x61, round]),
        );
        const processorOptions = way === 'options' ? { module } : {};
        const node = new AudioWorkletNode(context, 'timer', { processorOptions });
        const time = new Promise<number>((resolve) => {
          node.port.onmessage = ({ data }) => resolve(data);
        });
        if (way === 'message') node.port.postMessage(module);
        times.push(await time);
      }
      return times;
    },
    [path, way, ROUNDS] as const,
  );
  await close();
  return median(times);
}

test('what it takes an audio rendering thread to instantiate a module that the page compiled', {
  timeout: 600_000,
}, async () => {
  const bare = await launchPageBrowser({ files: FILES, extension: false });
  const observed = await launchPageBrowser({ files: FILES });
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
  for (const size of Object.keys(SIZES)) {
    for (const way of ['options', 'message'] as const) {
      const path = `/${size.replace(' ', '')}`;
      const baseline = await instantiate(bare, path, way);
      const value = await instantiate(observed, path, way);
      printFigure({
        figure: `new Instance on an audio rendering thread: ${size} by ${way}`,
        value,
        baseline,
        unit: 'ms',
      });
    }
  }
  await bare.close();
  await observed.close();
});
