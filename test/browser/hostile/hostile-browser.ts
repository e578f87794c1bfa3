import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import type { StaticServer } from '../../../src/cli/serve.ts';
import { EXTENSION, launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { startServer } from '../../support/server.ts';

const DONE_MS = 30_000;

/** What lies in the result of a hostile page. */
export type Result = { readonly [name: string]: unknown };

/** The built extension, its panel on the browser's first tab, and the pages of `test/pages/hostile`. */
export interface HostileBrowser extends AsyncDisposable {
  readonly browser: TestBrowser;
  readonly panel: Frame;
  readonly page: Page;
  readonly server: StaticServer;
  /** Opens `hostile/<path>` and waits for what it says when it has done its worst. */
  attack<R extends Result>(path: string): Promise<R>;
}

export async function openHostileBrowser(flags: readonly string[] = []): Promise<HostileBrowser> {
  const server = await startServer();
  const browser = await launchBrowser({ devtools: true, flags });
  const { page } = browser;
  const panel = await browser.panel();
  return {
    browser,
    panel,
    page,
    server,
    async attack<R extends Result>(path: string) {
      // Some stop their own load, which then never ends.
      await page.goto(`${server.origin}/hostile/${path}`, { waitUntil: 'commit' });
      return resultOf<R>(page);
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
      await server.close();
    },
  };
}

/** Reads the text of `#result` once the page is done, by way of a world that the page cannot break. */
export async function resultOf<R extends Result>(page: Page): Promise<R> {
  await page.waitForSelector('html[data-state=done]', { state: 'attached', timeout: DONE_MS });
  return JSON.parse((await page.locator('#result').textContent()) ?? '') as R;
}

/** The lines that the status bar of the panel shows. */
export async function statusOf(panel: Frame): Promise<string> {
  await panel.evaluate('lifelinePanel.idle()');
  return panel.evaluate<string>(`document.querySelector('footer.status').innerText`);
}

/** Complaints that the panel shows: faults of ours that arrived from anywhere. */
export function noticesOf(panel: Frame): Promise<readonly string[]> {
  return panel.evaluate<readonly string[]>(
    `[...document.querySelectorAll('[role=alert], .notice')].map((each) => each.innerText)`,
  );
}

const NEVER = ['constructor', 'length', 'name', 'prototype', 'caller', 'arguments', '__proto__'];

/** Every property name that the built script `file` of the extension mentions. */
export function namesIn(file: string): readonly string[] {
  const text = readFileSync(resolve(EXTENSION, file), 'utf8');
  const names = new Set<string>();
  for (const [, read, written] of text.matchAll(/\.([A-Za-z_$][\w$]+)|([a-zA-Z_]\w+):/g)) {
    const name = read ?? written;
    if (name !== undefined && !NEVER.includes(name)) names.add(name);
  }
  return [...names];
}

/** How many messages of pages the status bar says were refused. */
export async function refusedIn(panel: Frame): Promise<number> {
  const [, digits] = /([\d\s,.]+) refused/.exec(await statusOf(panel)) ?? [];
  return Number((digits ?? '0').replace(/\D/g, ''));
}

/** Empties the panel. */
export async function clear(panel: Frame): Promise<void> {
  await panel.evaluate(`document.querySelector('button[aria-label^="Clear"]').click()`);
  await panel.evaluate('lifelinePanel.idle()');
}

/** How long the panel's thread took to answer at worst, in milliseconds, until `done`. */
export async function slowestAnswer(panel: Frame, done: Promise<unknown>): Promise<number> {
  let over = false;
  const ended = done.finally(() => {
    over = true;
  });
  let slowest = 0;
  while (!over) {
    const asked = performance.now();
    await panel.evaluate('1');
    slowest = Math.max(slowest, performance.now() - asked);
    await new Promise((next) => setTimeout(next, 20));
  }
  await ended;
  return slowest;
}
