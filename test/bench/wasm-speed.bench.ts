import { expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { printFigure } from '../support/figure.ts';
import { inFirefox } from '../support/firefox.ts';
import { KERNEL_NAMES, type KernelName } from '../support/wasm-kernels.ts';
import type { KernelSpeed } from '../support/wasm-speed.ts';

/** Bars on the ratio, by level. */
const BARS: { readonly [level: string]: number } = {
  'heap hooks': 1.05,
  'full, nothing in quarantine': 1.1,
  full: 2,
};

const MOST_MEDIAN = 1.5;
const SOURCE = 'test/support/wasm-speed.ts';

/** Prints the figures of each kernel and the bars on all; gives the median of those at level full. */
function print(engine: string, kernels: ReadonlyMap<KernelName, readonly KernelSpeed[]>): number {
  const full: number[] = [];
  for (const [name, measured] of kernels) {
    for (const { level, bare, observed } of measured) {
      const ratio = observed / bare;
      const bar = BARS[level];
      printFigure({
        figure: `${name}, ${level}, in ${engine}`,
        value: observed,
        unit: 'ms',
        baseline: bare,
        ratio,
        ...(bar === undefined ? {} : { bar: `ratio <= ${bar}` }),
      });
      if (level === 'full') full.push(ratio);
    }
  }
  full.sort((a, b) => a - b);
  const median = full[full.length >> 1] ?? 0;
  printFigure({
    figure: `full, the worst kernel, in ${engine}`,
    value: full.at(-1) ?? 0,
    unit: 'times',
    bar: `value <= ${BARS['full']}`,
  });
  printFigure({
    figure: `full, median of the kernels, in ${engine}`,
    value: median,
    unit: 'times',
    bar: `value <= ${MOST_MEDIAN}`,
  });
  return median;
}

const callOf = (name: KernelName): string => `module.speeds(${JSON.stringify(name)})`;

test('audio kernels run in Chromium at each level, beside the untouched module', async () => {
  const url = await bundle(SOURCE);
  await using browser = await launchBrowser({ extension: false });
  const kernels = new Map<KernelName, KernelSpeed[]>();
  for (const name of KERNEL_NAMES) {
    const call = `import(${JSON.stringify(url.href)}).then((module) => ${callOf(name)})`;
    kernels.set(name, await browser.page.evaluate<KernelSpeed[]>(call));
  }
  expect(print('Chromium', kernels)).toBeLessThanOrEqual(MOST_MEDIAN);
}, 300_000);

test('and in Firefox, where that is installed', async () => {
  const kernels = new Map<KernelName, KernelSpeed[]>();
  for (const name of KERNEL_NAMES) {
    const measured = await inFirefox<KernelSpeed[]>(SOURCE, callOf(name));
    if (measured) kernels.set(name, measured);
  }
  if (kernels.size > 0) print('Firefox', kernels);
}, 300_000);
