import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { launchPageBrowser } from '../../browser/page/observed-page.ts';
import { printFigure } from '../../support/figure.ts';
import { median, medianRatio } from '../../support/neighbours.ts';
import { KERNEL_NAMES, kernelWithAllocator } from '../../support/wasm-kernels.ts';

const ROUNDS = 9;
/** Of the geometric mean over the kernels, with nothing in quarantine. */
const IDLE_BAR = 1.1;

interface BenchWindow {
  /** Milliseconds of a while of the kernel. */
  run: () => number;
  /** Milliseconds of many blocks that come and go. */
  churn: () => number;
  /** Something rests from now on, where anything does. */
  rest: () => void;
}

async function prepare(numbers: readonly number[]): Promise<void> {
  type Call = (...args: number[]) => number;
  const self = globalThis as unknown as BenchWindow;
  const module = await WebAssembly.compile(new Uint8Array(numbers));
  const { exports } = await WebAssembly.instantiate(module);
  const { f, malloc, free } = exports as Record<string, Call>;
  if (!f || !malloc || !free) throw new Error('an export is missing');
  const timed = (run: () => void): number => {
    const from = performance.now();
    run();
    return performance.now() - from;
  };
  self.run = () =>
    timed(() => {
      for (let i = 0; i < 1000; i++) f(65_536, 512, 49_152);
    });
  self.churn = () =>
    timed(() => {
      for (let i = 0; i < 10_000; i++) free(malloc(64));
    });
  self.rest = () => free(malloc(64));
}

const run = (page: Page): Promise<number> =>
  page.evaluate(() => (globalThis as unknown as BenchWindow).run());
const churn = (page: Page): Promise<number> =>
  page.evaluate(() => (globalThis as unknown as BenchWindow).churn());

test('what full costs on a page', { timeout: 600_000 }, async () => {
  const bare = await launchPageBrowser({ extension: false });
  const observed = await launchPageBrowser();
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
  const inTurns = async (
    plain: Page,
    checked: Page,
    each: (page: Page) => Promise<number>,
    figure: string,
    unit: string,
    bar?: string,
  ): Promise<number> => {
    const values: number[] = [];
    const baselines: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      baselines.push(await each(plain));
      values.push(await each(checked));
    }
    const ratio = medianRatio(values, baselines);
    printFigure({
      figure,
      value: median(values),
      baseline: median(baselines),
      ratio,
      unit,
      ...(bar === undefined ? {} : { bar }),
    });
    return ratio;
  };
  const ratios: number[] = [];
  for (const name of KERNEL_NAMES) {
    const plain = await bare.open('/?isolated');
    const checked = await observed.open('/?isolated');
    const numbers = Array.from(kernelWithAllocator(name));
    for (const { page } of [plain, checked]) {
      await page.evaluate(prepare, numbers);
      // The engine takes a while to make its best of it.
      for (let i = 0; i < 5; i++) await run(page);
    }
    const bar = `mean ratio <= ${IDLE_BAR}`;
    ratios.push(
      await inTurns(
        plain.page,
        checked.page,
        run,
        `full on a page, nothing in quarantine: ${name}`,
        'ms',
        bar,
      ),
    );
    await checked.page.evaluate(() => (globalThis as unknown as BenchWindow).rest());
    for (let i = 0; i < 5; i++) await run(checked.page);
    await inTurns(plain.page, checked.page, run, `full on a page, a block rests: ${name}`, 'ms');
    if (name === KERNEL_NAMES[0]) {
      const what = 'full on a page, 10 000 blocks that come and go';
      await inTurns(plain.page, checked.page, churn, what, 'ms');
    }
    await checked.close();
    await plain.close();
  }
  await bare.close();
  await observed.close();
  const mean = ratios.reduce((product, ratio) => product * ratio, 1) ** (1 / ratios.length);
  expect(mean).toBeLessThanOrEqual(IDLE_BAR);
});
