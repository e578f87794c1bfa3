import { expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { printFigure } from '../support/figure.ts';
import { inFirefox } from '../support/firefox.ts';

/** How many random modules: `LIFELINE_TRIALS=100000 npm run bench wasm-differential`. */
const TRIALS = Number(process.env['LIFELINE_TRIALS'] ?? 3000);
const STEP = 500;
/** Of the random modules one in so many is tried in Firefox too. */
const FIREFOX_EVERY = 10;

test('random modules do in Chromium what they did before they were instrumented', async () => {
  const url = await bundle('test/support/wasm-trials.ts');
  await using browser = await launchBrowser({ extension: false });
  const { page } = browser;
  const differences: string[] = [];
  for (let from = 0; from < TRIALS; from += STEP) {
    const to = Math.min(from + STEP, TRIALS);
    // As text: the test runner would make its own of an import.
    const call = `import(${JSON.stringify(url.href)}).then((module) => module.trials(${from}, ${to}))`;
    const found = await page.evaluate<string[]>(call);
    differences.push(...found);
    // Each trial has memories; a page that is left gives them back.
    await page.goto('about:blank');
  }
  expect(differences).toEqual([]);
  printFigure({
    figure: 'random modules, instrumented and not, without a difference',
    value: TRIALS,
    unit: 'modules',
    bar: 'value >= 100000 in a full run',
  });
}, 7_200_000);

test('and in Firefox, where that is installed', async () => {
  const trials = Math.ceil(TRIALS / FIREFOX_EVERY);
  const call = `module.trials(0, ${trials})`;
  const differences = await inFirefox<string[]>('test/support/wasm-trials.ts', call);
  if (differences === undefined) return;
  expect(differences).toEqual([]);
  printFigure({
    figure: 'random modules in Firefox, without a difference',
    value: trials,
    unit: 'modules',
  });
}, 7_200_000);
