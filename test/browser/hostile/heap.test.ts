import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { readSession } from '../../support/panel-session.ts';
import { type HostileBrowser, noticesOf, openHostileBrowser, resultOf } from './hostile-browser.ts';

interface Outcome {
  readonly [name: string]: unknown;
  /** What each call gave, or threw. */
  readonly seen: readonly unknown[];
  /** How often what the page has replaced was called. */
  readonly asked: number;
}

let hostile: HostileBrowser;
let bare: TestBrowser;

beforeAll(async () => {
  hostile = await openHostileBrowser();
  bare = await launchBrowser({ extension: false });
});
afterAll(async () => {
  await bare?.close();
  await hostile?.[Symbol.asyncDispose]();
});

test('a page that misuses its heap sees what it would see without heap hooks', async () => {
  await bare.page.goto(`${hostile.server.origin}/hostile/heap.html?isolated`);
  const expected = await resultOf<Outcome>(bare.page);
  expect(expected.seen.length).toBeGreaterThan(50);
  expect(expected.asked).toBe(0);
  await hostile.panel.evaluate(`lifelinePanel.setMemory('heap')`);
  expect(await hostile.attack<Outcome>('heap.html?isolated')).toEqual(expected);
  const [name, hooked] = await Promise.all(
    [bare.page, hostile.page].map((page) => page.evaluate<string>('mallocName')),
  );
  expect(Number(hooked)).toBeGreaterThan(Number(name));
  const session = await readSession(hostile.panel);
  expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
  expect(await noticesOf(hostile.panel)).toEqual([]);
});
