import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeSessionFile } from '../../../src/export/session-file.ts';
import type {} from '../../../src/panel/automation.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { teardownSession } from '../../support/teardown-session.ts';

const SESSION = Buffer.from(encodeSessionFile(teardownSession()));
/** Middles of the rows below the ruler, in the order of the outline. */
const ROW_Y = { page: 11, context: 34, voice: 59, granular: 85, reverb: 111, decoder: 137 };
const RULER_PX = 24;
const NAMES_PX = 60;

let browser: TestBrowser;
let tab: Page;

beforeAll(async () => {
  browser = await launchBrowser({});
  const [worker = await browser.context.waitForEvent('serviceworker')] =
    browser.context.serviceWorkers();
  tab = await browser.newPage();
  tab.setDefaultTimeout(10_000);
  await tab.setViewportSize({ width: 1280, height: 700 });
  await tab.goto(`chrome-extension://${new URL(worker.url()).host}/panel/panel.html?session`);
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  await tab.setInputFiles('#open-file', {
    name: 'teardown.lifeline',
    mimeType: 'application/octet-stream',
    buffer: SESSION,
  });
  await tab.waitForSelector('.status-file');
  await tab.evaluate(() => globalThis.lifelinePanel?.idle());
});

async function clickTimeline(
  row: keyof typeof ROW_Y,
  x: number = NAMES_PX,
  modifiers: ('Shift' | 'Control')[] = [],
): Promise<void> {
  const position = { x, y: RULER_PX + ROW_Y[row] };
  await tab.locator('#timeline').click({ position, modifiers });
  await tab.evaluate(() => globalThis.lifelinePanel?.idle());
}

function pathOf(within: string): Promise<readonly string[]> {
  return tab.locator(`${within} .path .what, ${within} .path .edge`).allTextContents();
}

test('the detail of a node shows its verdict and the way that orders it; a step goes to its place', async () => {
  await clickTimeline('voice');
  await tab.waitForSelector('.teardown .verdict.ordered');
  expect(await pathOf('.teardown')).toEqual([
    'last use: voice #1: process() call 222 of 223',
    'later in the same thread',
    'voice #1: message sent processor → page: stopped',
    'a message was sent → it was handled',
    'voice #1: message handled processor → page after 5.33 ms: stopped',
    'later in the same thread',
    'the page declared the node destroyed',
  ]);
  const last = tab.locator('.teardown .path .event').last();
  await last.click();
  await expect.poll(() => last.getAttribute('aria-current')).toBe('true');
});

test('the detail of a race shows the two events and that nothing orders them', async () => {
  await clickTimeline('granular');
  await tab.waitForSelector('.teardown .verdict.racy');
  expect(await pathOf('.teardown')).toEqual([
    'last use: granular #2: process() call 258 of 259',
    'nothing orders these two',
    'the page declared the node destroyed',
  ]);
});

test('two events are compared by Shift and a click, and by the keyboard', async () => {
  await clickTimeline('voice');
  await tab.locator('.events .event', { hasText: 'created' }).first().click();
  await clickTimeline('decoder');
  await tab
    .locator('.events .event', { hasText: 'Atomics.wait ended' })
    .click({ modifiers: ['Shift'] });
  await tab.waitForSelector('.comparison.ordered');
  expect((await pathOf('.comparison'))[0]).toBe('voice #1: created');
  expect(await tab.evaluate(() => getSelection()?.toString())).toBe('');

  await tab.locator('.events .event', { hasText: 'first statement' }).focus();
  await tab.keyboard.press('Shift+Enter');
  await tab.waitForSelector('.comparison.unordered');
  expect(await pathOf('.comparison')).toEqual([
    'decoder.js #1: first statement',
    'nothing orders these two',
    'voice #1: created',
  ]);
  await tab.keyboard.press('Escape');
  await tab.waitForSelector('.comparison', { state: 'detached' });
  expect(await tab.locator('.detail h2').first().textContent()).toBe('decoder.js #1');
});

test('events of the timeline itself are chosen and compared', async () => {
  await tab.keyboard.press('0');
  const chart = await tab.locator('#timeline').evaluate((element) => element.clientWidth - 220);
  const session = { from: 0, to: 1_100_000 };
  const placeOf = (at: number) => 220 + 20 + ((at - session.from) / session.to) * (chart - 60);
  await clickTimeline('decoder', placeOf(152_000));
  await tab.waitForSelector('.event.picked');
  expect(await tab.textContent('.event.picked .what')).toBe('first statement');
  await clickTimeline('context', placeOf(92_000), ['Shift']);
  await tab.waitForSelector('.comparison');
  expect(await pathOf('.comparison')).toContain('AudioContext #1: created');
});

test('the lifelines of workers are told to a screen reader and found by the filter', async () => {
  await clickTimeline('decoder');
  expect(await tab.textContent('#timeline [aria-live]')).toBe('decoder.js #1 worker');
  await tab.fill('#filter', 'decoder');
  await tab.evaluate(() => globalThis.lifelinePanel?.idle());
  await clickTimeline('context');
  expect(await tab.locator('.detail h2').first().textContent()).toBe('decoder.js #1');
  await tab.fill('#filter', '');
});
