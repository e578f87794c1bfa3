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
  expect(Math.max(...full)).toBeLessThanOrEqual(2);
}, 300_000);
