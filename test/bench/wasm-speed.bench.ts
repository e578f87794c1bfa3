import { expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { printFigure } from '../support/figure.ts';
import { KERNEL_NAMES } from '../support/wasm-kernels.ts';
import type { KernelSpeed } from '../support/wasm-speed.ts';

/** Bars on the ratio, by level. */
const BARS: { readonly [level: string]: number } = {
  'heap hooks': 1.05,
  'full, nothing in quarantine': 1.1,
  full: 2,
};

const MOST_MEDIAN = 1.5;

test('audio kernels run in Chromium at each level, beside the untouched module', async () => {
  const url = await bundle('test/support/wasm-speed.ts');
  await using browser = await launchBrowser({ extension: false });
  const full: number[] = [];
  for (const name of KERNEL_NAMES) {
    const call = `import(${JSON.stringify(url.href)}).then((module) => module.speeds(${JSON.stringify(name)}))`;
    const measured = await browser.page.evaluate<KernelSpeed[]>(call);
    for (const { level, bare, observed } of measured) {
      const ratio = observed / bare;
      const bar = BARS[level];
      printFigure({
        figure: `${name}, ${level}`,
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
    figure: 'full, the worst kernel',
    value: full.at(-1) ?? 0,
    unit: 'times',
    bar: `value <= ${BARS['full']}`,
  });
  printFigure({
    figure: 'full, median of the kernels',
    value: median,
    unit: 'times',
    bar: `value <= ${MOST_MEDIAN}`,
  });
  expect(median).toBeLessThanOrEqual(MOST_MEDIAN);
}, 300_000);
