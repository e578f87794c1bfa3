import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { launchBrowser } from '../../support/browser.ts';

test('opens the panel of the extension in the DevTools of each tab, and leaves nothing behind', async () => {
  const browser = await launchBrowser({ devtools: true });
  expect(existsSync(browser.profile)).toBe(true);
  const other = await browser.newPage();
  const ids = [];
  for (const page of [browser.page, other]) {
    const panel = await browser.panel(page);
    expect(panel.url()).toMatch(/^chrome-extension:.*\/panel\/panel\.html$/);
    ids.push(await panel.evaluate('chrome.devtools.inspectedWindow.tabId'));
  }
  expect(new Set(ids).size).toBe(2);
  await browser.close();
  await browser.close();
  expect(existsSync(browser.profile)).toBe(false);
});
