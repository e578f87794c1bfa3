import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type {} from '../../../src/panel/automation.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { startServer } from '../../support/server.ts';

let server: { readonly origin: string; close(): Promise<void> };
let browser: TestBrowser;
let panel: Frame;

beforeAll(async () => {
  server = await startServer({});
  browser = await launchBrowser({ devtools: true });
  panel = await browser.panel();
  panel.page().setDefaultTimeout(10_000);
  await panel.page().setViewportSize({ width: 1360, height: 760 });
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});
beforeEach(async () => {
  await browser.page.goto(`${server.origin}/index.html?isolated`);
  await panel.click('[aria-label^="Clear"] >> nth=0');
  await panel.evaluate(() => globalThis.lifelinePanel?.flush(5000));
});

/** Opens a page that plays its scenario, and the heap view. */
async function open(path: string, level: 'heap' | 'full'): Promise<void> {
  await panel.evaluate((wanted) => globalThis.lifelinePanel?.setMemory(wanted), level);
  await browser.page.goto(`${server.origin}/${path}?isolated`);
  await browser.page.waitForFunction(() => document.documentElement.dataset['state'] === 'done');
  await panel.evaluate(() => globalThis.lifelinePanel?.flush(5000));
  await panel.click('#show-heap');
  await panel.waitForSelector('.heap-memory');
}

const texts = (selector: string) => panel.locator(selector).allTextContents();

test('a block’s biography: allocated, passed on, freed, touched, with thread, time and stacks', async () => {
  await open('wrong/heap-block-touched.html', 'full');
  await panel.click('.heap-block');
  await panel.waitForSelector('.detail h2:has-text("malloc #1")');
  const life = await texts('.detail .events .what');
  const order = ['allocated by malloc', 'passed to voice #2', 'freed', 'touched'];
  const places = order.map((words) => life.findIndex((each) => each.startsWith(words)));
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(await texts('.detail .events .thread')).toContain('AudioContext #1');
  expect(await texts('.detail .stack h4')).toEqual(
    expect.arrayContaining(['Allocated at', 'Freed at', 'Used at']),
  );
  expect(await texts('.detail .stack .place')).toContainEqual(
    expect.stringMatching(/^heap-block-touched\.html:\d+:\d+$/u),
  );
  expect(await panel.locator('.heap-block .misuse').count()).toBeGreaterThan(0);
});

test('each memory shows its size, what lives and rests, the bound of that, and its shadow', async () => {
  await open('wrong/heap-block-touched.html', 'full');
  const figures = await texts('.heap-figures dd');
  expect(figures[0]).toBe('0 B in 0 blocks · 1 freed of 1 made');
  expect(figures[1]).toMatch(/^32 B of at most 8\.00 KB · 1 of 8.192 blocks$/u);
  expect(figures[2]).toMatch(/^8\.00 KB, ⅛ of the memory · .* set aside$/u);
});

test('a block leads to its node’s lifeline and back, and a finding about a block to the block', async () => {
  await open('wrong/heap-block-handed-to-next-voice.html', 'heap');
  await panel.click('.finding[data-rule="free-not-ordered"]');
  await panel.click('.detail .meta .link:has-text("the block")');
  await panel.waitForSelector('.detail h2:has-text("malloc #1")');
  expect(await texts('.heap-block[aria-selected="true"] .name')).toEqual(['malloc #1']);
  await panel.click('.detail .links .link:has-text("voice #2")');
  await panel.waitForSelector('#timeline');
  expect(await panel.textContent('#timeline [aria-live]')).toContain('voice #2');
  await panel.click('.detail .links .link:has-text("malloc #1")');
  await panel.waitForSelector('.heap-block[aria-selected="true"]');
});

test('owners and blocks are walked and folded with the keyboard, and found by the filter', async () => {
  await open('wrong/heap-block-handed-to-next-voice.html', 'heap');
  const { keyboard } = panel.page();
  const selected = () => texts('.heap-line[aria-selected="true"] .name');
  await panel.evaluate(() => document.querySelector<HTMLElement>('#heap-lines')?.focus());
  await keyboard.press('Home');
  await expect.poll(selected).toEqual(['voice #2']);
  await keyboard.press('ArrowDown');
  await expect.poll(selected).toEqual(['malloc #1']);
  await keyboard.press('End');
  await expect.poll(selected).toEqual(['malloc #2']);
  await keyboard.press('ArrowLeft');
  await expect.poll(() => panel.locator('.heap-block').count()).toBe(1);
  await keyboard.press('Escape');
  await panel.fill('#filter', 'voice #4');
  await expect.poll(() => texts('.heap-owner .name')).toEqual(['voice #4']);
  await panel.fill('#filter', '');
  await panel.click('.heap-head button:has-text("Call site")');
  await expect
    .poll(() => texts('.heap-owner .name'))
    .toEqual(Array(2).fill(expect.stringContaining('heap-block-handed-to-next-voice.html:')));
  await keyboard.press('h');
  await panel.waitForSelector('#timeline');
});

test('what the program keeps grows in the chart, block by block', async () => {
  await open('wrong/heap-block-forgotten.html', 'heap');
  const [live] = await texts('.heap-figures dd');
  const bytes = await panel.locator('.heap-reading b').first().textContent();
  expect(live).toContain(`${bytes} in `);
  expect(await texts('.heap-owner .grows')).not.toEqual([]);
});

test('nothing overflows, from docked to the side to a wide window', async () => {
  await open('wrong/heap-block-touched.html', 'full');
  for (const [width, height] of [
    [400, 800],
    [720, 600],
    [1360, 760],
  ] as const) {
    await panel.page().setViewportSize({ width, height });
    await panel.evaluate(() => globalThis.lifelinePanel?.idle());
    const wide = await panel.evaluate(() =>
      ['html', '.toolbar', '.heap', '.heap-head', '.heap-top', '.heap-table', '.heap-lines']
        .flatMap((selector) => [...document.querySelectorAll(selector)])
        .filter((each) => each.scrollWidth > each.clientWidth)
        .map((each) => `${each.className || each.tagName} in ${document.body.clientWidth}`),
    );
    expect(wide, `${width}`).toEqual([]);
  }
});

test('without a heap it says how to get one, and does it', async () => {
  await panel.evaluate(() => globalThis.lifelinePanel?.setMemory('ledger'));
  await browser.page.goto(`${server.origin}/wrong/heap-block-handed-to-next-voice.html?isolated`);
  await panel.waitForSelector('.finding, .empty');
  await panel.click('#show-heap');
  await panel.click('[data-empty="heap-ledger"] button');
  await panel.waitForSelector('.heap-block');
  expect(await texts('.heap-memory-name b')).toEqual(['WebAssembly memory #1']);
});
