import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('removes the profile of a process that was killed before it could do so', async () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  const left = join(tmpdir(), `lifeline-profile-${pid}-left`);
  mkdirSync(join(left, 'Default'), { recursive: true });
  await using browser = await launchBrowser();
  expect(existsSync(left)).toBe(false);
  expect(existsSync(browser.profile)).toBe(true);
});
