import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { encodeSessionFile, parseSessionFile } from '../../../src/export/session-file.ts';
import type {} from '../../../src/panel/automation.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { longSession } from '../../support/long-session.ts';
import { studioSession } from '../../support/studio-session.ts';

const LONG_CALLS = 1_500_000;
const THEMES = ['light', 'dark'] as const;
const SESSION = Buffer.from(encodeSessionFile(studioSession()));

let browser: TestBrowser;
let tab: Page;
let address: string;

beforeAll(async () => {
  browser = await launchBrowser({});
  const [worker = await browser.context.waitForEvent('serviceworker')] =
    browser.context.serviceWorkers();
  address = `chrome-extension://${new URL(worker.url()).host}/panel/panel.html?session`;
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  await tab?.close();
  tab = await browser.newPage();
  tab.setDefaultTimeout(10_000);
  await tab.setViewportSize({ width: 1280, height: 600 });
  await tab.goto(address);
});

async function openStudio(): Promise<void> {
  const file = { name: 'studio.lifeline', mimeType: 'application/octet-stream', buffer: SESSION };
  await tab.setInputFiles('#open-file', file);
  await tab.waitForSelector('.finding');
  await idle();
}

/** Straight from the disk: what Playwright hands over goes through its connection, which takes long. */
async function chooseFile(path: string): Promise<void> {
  const session = await browser.context.newCDPSession(tab);
  const { root } = await session.send('DOM.getDocument');
  const { nodeId } = await session.send('DOM.querySelector', {
    nodeId: root.nodeId,
    selector: '#open-file',
  });
  await session.send('DOM.setFileInputFiles', { files: [path], nodeId });
  await session.detach();
}

async function idle(): Promise<void> {
  await tab.evaluate(() => globalThis.lifelinePanel?.idle());
}

test('without a page it asks for a file, and takes one that is dropped', async () => {
  expect(await tab.getAttribute('.upper .empty', 'data-empty')).toBe('no-file');
  const data = await tab.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'dropped.lifeline'));
    return transfer;
  }, SESSION.toString('base64'));
  await tab.dispatchEvent('#timeline', 'dragover', { dataTransfer: data });
  await tab.waitForSelector('.drop');
  await tab.dispatchEvent('#timeline', 'drop', { dataTransfer: data });
  await tab.waitForSelector('.finding');
  expect(await tab.textContent('.status-file .name')).toBe('dropped.lifeline');
  expect(await tab.locator('.drop').count()).toBe(0);
});

test('the session is downloaded under a name of its own and reads back the same', async () => {
  await openStudio();
  await tab.click('#export');
  const [download] = await Promise.all([
    tab.waitForEvent('download'),
    tab.click('#export-session'),
  ]);
  expect(download.suggestedFilename()).toMatch(/^lifeline-[\d-]+\.lifeline$/u);
  const saved = parseSessionFile(new Uint8Array(await readFile(await download.path())));
  expect(saved.ok && saved.value).toEqual(studioSession());
});

test('a trace is handed to Perfetto once it listens, and only to Perfetto', async () => {
  await openStudio();
  await browser.context.route('https://ui.perfetto.dev/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: STAND_IN }),
  );
  await tab.click('#export');
  const [perfetto] = await Promise.all([tab.waitForEvent('popup'), tab.click('#export-perfetto')]);
  await perfetto.waitForFunction(() => 'handed' in globalThis);
  const handed = await perfetto.evaluate(
    () => (globalThis as unknown as { readonly handed: Handed }).handed,
  );
  expect(handed).toMatchObject({
    first: 'PING',
    origin: `chrome-extension://${new URL(address).host}`,
  });
  expect(handed.fileName).toMatch(/\.pftrace$/u);
  expect(handed.bytes).toBeGreaterThan(20_000);
  expect(decodeURIComponent(perfetto.url())).toContain('PinTracksByRegex');
  const base64 = await tab.evaluate(() => globalThis.lifelinePanel?.traceBase64() ?? '');
  expect(handed.bytes).toBe(Buffer.from(base64, 'base64').length);
  await perfetto.close();
});

interface Handed {
  readonly first: string;
  readonly origin: string;
  readonly fileName: string;
  readonly bytes: number;
}

/** Listens late, as the real one does. */
const STAND_IN = `<!doctype html><script>
  let first;
  setTimeout(() => addEventListener('message', (event) => {
    first ??= event.data;
    if (event.data === 'PING') event.source.postMessage('PONG', event.origin);
    else globalThis.handed = {
      first, origin: event.origin, fileName: event.data.perfetto.fileName,
      bytes: event.data.perfetto.buffer.byteLength,
    };
  }), 300);
</script>`;

test('a long session opens, zooms and pans; its export can be watched and cancelled', async () => {
  const path = join(browser.profile, 'long.lifeline');
  await writeFile(path, encodeSessionFile(longSession(LONG_CALLS)));
  const began = performance.now();
  await chooseFile(path);
  await tab.waitForSelector('.finding', { timeout: 60_000 });
  const openedMs = Math.round(performance.now() - began);
  expect(await tab.textContent('.status')).toContain('1\u2009500\u2009000 calls');
  const zoomMs: number[] = [];
  for (const key of ['w', 'w', 'w', 'd', 'd', 'w', 'w', 's', 'a', '0']) {
    await tab.keyboard.press(key);
    zoomMs.push(
      await tab.evaluate(async () => {
        const from = performance.now();
        await globalThis.lifelinePanel?.idle();
        return Math.round(performance.now() - from);
      }),
    );
  }
  console.log(JSON.stringify({ figure: 'long-session', calls: LONG_CALLS, openedMs, zoomMs }));

  let downloads = 0;
  tab.on('download', () => downloads++);
  await tab.click('#export');
  await tab.click('#export-trace');
  await tab.waitForSelector('.job progress');
  await tab.click('.job .link');
  await tab.waitForSelector('.job', { state: 'detached' });
  expect(downloads).toBe(0);
  await tab.click('#export');
  const [download] = await Promise.all([
    tab.waitForEvent('download'),
    tab.click('#export-session'),
  ]);
  expect((await readFile(await download.path())).length).toBeGreaterThan(1_000_000);
}, 120_000);

test('every text can be read: contrast is AA on every ground, in both themes', async () => {
  for (const colorScheme of THEMES) {
    await tab.emulateMedia({ colorScheme });
    await expect
      .poll(() => tab.evaluate(() => document.documentElement.dataset['theme']))
      .toBe(colorScheme);
    const poor = await tab.evaluate(() => {
      const style = getComputedStyle(document.documentElement);
      const pen = document.createElement('canvas').getContext('2d');
      if (pen === null) throw new Error('no canvas');
      const luminance = (name: string): number => {
        pen.fillStyle = style.getPropertyValue(name).trim();
        const hex = String(pen.fillStyle);
        const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
          const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a: string, b: string): number => {
        const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
        return (light + 0.05) / (dark + 0.05);
      };
      const grounds = [
        '--bg',
        '--bg-side',
        '--bg-heading',
        '--bg-hover',
        '--bg-selected',
        '--bg-raised',
      ];
      const texts = ['--text', '--text-faint', '--accent', '--error', '--warning'];
      const pairs = grounds.flatMap((ground) => texts.map((text) => [text, ground] as const));
      const badges = ['--error', '--warning', '--info'].map(
        (each) => ['--on-badge', each] as const,
      );
      return [...pairs, ...badges]
        .map(([text, ground]) => ({ text, ground, ratio: ratio(text, ground) }))
        .filter(({ ratio: found }) => !(found >= 4.5));
    });
    expect(poor, colorScheme).toEqual([]);
  }
});

test('nothing overflows, from docked to the side to a wide window', async () => {
  await openStudio();
  for (const [width, height] of [
    [360, 700],
    [420, 800],
    [720, 500],
    [1280, 500],
    [1920, 1000],
  ] as const) {
    await tab.setViewportSize({ width, height });
    await idle();
    const wide = await tab.evaluate(() =>
      ['html', '.toolbar', '.findings', '.findings-head', '.finding-rows', '.detail', '.lower']
        .flatMap((selector) => [...document.querySelectorAll(selector)])
        .filter((each) => each.scrollWidth > each.clientWidth)
        .map((each) => each.className || each.tagName),
    );
    expect(wide, `${width}`).toEqual([]);
  }
});

test('where it is narrow, the detail takes the place of the list and gives it back', async () => {
  await tab.setViewportSize({ width: 420, height: 800 });
  await openStudio();
  expect(await tab.locator('.detail').isVisible()).toBe(false);
  await tab.click('.finding >> nth=0');
  expect(await tab.locator('.findings').isVisible()).toBe(false);
  await tab.click('.detail-back');
  expect(await tab.locator('.findings').isVisible()).toBe(true);
});

test('evidence takes the timeline to its place', async () => {
  await openStudio();
  await tab.click('.finding[data-rule="process-after-destroy"]');
  await tab.click('.event >> nth=1');
  await idle();
  expect(await tab.getAttribute('.event >> nth=1', 'aria-current')).toBe('true');
  expect(await tab.getAttribute('.event >> nth=0', 'aria-current')).toBe('false');
});

test('hovering a lifeline tells what is there', async () => {
  await openStudio();
  const box = await tab.locator('#timeline').boundingBox();
  await tab.mouse.move((box?.x ?? 0) + 600, (box?.y ?? 0) + 24 + 22 + 24 + 13);
  const tip = await tab.waitForSelector('.tooltip');
  expect(await tip.textContent()).toMatch(/process\(\) calls.*frames/u);
  await tab.mouse.move(10, 10);
  await tab.waitForSelector('.tooltip', { state: 'detached' });
});

test('clicking a lifeline shows its life, folding hides it, the filter finds it', async () => {
  await openStudio();
  const box = await tab.locator('#timeline').boundingBox();
  const [left, top] = [box?.x ?? 0, box?.y ?? 0];
  await tab.mouse.click(left + 100, top + 24 + 22 + 24 + 26 + 13);
  await expect.poll(() => tab.textContent('.detail h2')).toBe('reverb #2');
  await tab.mouse.click(left + 26, top + 24 + 22 + 12);
  await tab.mouse.click(left + 100, top + 24 + 22 + 24 + 12);
  await expect.poll(() => tab.textContent('.detail h2')).toBe('OfflineAudioContext #2');
  await tab.fill('#filter', 'pulse');
  expect(await tab.locator('.finding').count()).toBe(1);
  await tab.mouse.click(left + 100, top + 24 + 22 + 24 + 13);
  await expect.poll(() => tab.textContent('.detail h2')).toBe('pulse #5');
});
