import { resolve } from 'node:path';
import type { CDPSession, Frame, Page, Worker } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../../src/analysis/finding.ts';
import type { DocumentFacts, NodeFacts } from '../../../src/analysis/model.ts';
import type { Session } from '../../../src/analysis/session.ts';
import { type StaticServer, serveStatic } from '../../../src/cli/serve.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { readSession, sessionNow, sessionOnce } from '../../support/panel-session.ts';

const PAGES = resolve(import.meta.dirname, 'pages');

let here: StaticServer;
let elsewhere: StaticServer;
let browser: TestBrowser;
let page: Page;

async function launch(): Promise<void> {
  browser = await launchBrowser({ devtools: true });
  page = browser.page;
}

beforeAll(async () => {
  here = await serveStatic({ root: PAGES });
  elsewhere = await serveStatic({ root: PAGES });
});
afterAll(async () => {
  await here?.close();
  await elsewhere?.close();
});
const playing = (server = here) => `${server.origin}/playing.html`;
const play = (of: Page = page) => of.evaluate('void play()');
const nodesOf = ({ nodes }: DocumentFacts): readonly NodeFacts[] => [...nodes.values()];
const documentAt = (session: Session, index: number): DocumentFacts => {
  const document = session.documents[index];
  if (!document) throw new Error(`there is no document ${index}`);
  return document;
};
const sounding = (session: Session): readonly NodeFacts[] =>
  session.documents.flatMap(nodesOf).filter(({ calls }) => calls.length > 0);

/** As many calls as the page itself has counted, and none said to be lost. */
async function expectEveryCall(panel: Frame): Promise<void> {
  const counted = await page.evaluate<number>('pause()');
  const session = await readSession(panel);
  expect(session.totals).toMatchObject({ calls: counted, lost: 0, dropped: 0 });
  expect(session.coverage.filter((text) => /forgotten|refused/.test(text))).toEqual([]);
}

async function browserSession(): Promise<CDPSession> {
  const connection = browser.context.browser();
  if (!connection) throw new Error('not connected');
  return connection.newBrowserCDPSession();
}

/** Ends the background as the browser does when it is idle. Its ports break. */
async function stopBackground(): Promise<void> {
  const session = await browserSession();
  const { targetInfos } = await session.send('Target.getTargets');
  const workers = targetInfos.filter(({ type }) => type === 'service_worker');
  expect(workers).toHaveLength(1);
  for (const { targetId } of workers) await session.send('Target.closeTarget', { targetId });
}

/** Closes the DevTools of the page, with the panel in it; the result opens them again. */
async function closeDevtools(): Promise<() => Promise<void>> {
  const session = await browserSession();
  const ofPage = await browser.context.newCDPSession(page);
  const { targetId } = (await ofPage.send('Target.getTargetInfo')).targetInfo;
  const devtools = await session.send('Target.getDevToolsTarget', { targetId });
  if (devtools.targetId === undefined) throw new Error('DevTools is not open');
  await session.send('Target.closeTarget', { targetId: devtools.targetId });
  return async () => {
    await session.send('Target.openDevTools', { targetId });
  };
}

describe('in a browser in which others were before', () => {
  let panel: Frame;

  beforeAll(async () => {
    await launch();
    panel = await browser.panel();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await page.goto('about:blank');
    // There is no page to ask.
    const documents = async () => (await sessionNow(panel)).documents;
    const isGone = ({ goneAt }: DocumentFacts) => goneAt !== undefined;
    await expect.poll(async () => (await documents()).every(isGone)).toBe(true);
    await panel.evaluate(`document.querySelector('button[aria-label^="Clear"]').click()`);
    await expect.poll(documents).toEqual([]);
  });

  test('goes on without a gap after the background was stopped', async () => {
    await page.goto(playing());
    await play();
    const before = await sessionOnce(panel, (session) => sounding(session).length === 1);
    await stopBackground();
    await play();
    const after = await sessionOnce(
      panel,
      (session) =>
        sounding(session).length === 2 && session.totals.calls > before.totals.calls + 400,
    );
    expect(after.documents).toHaveLength(1);
    await expectEveryCall(panel);
  });

  test('goes on without a gap when the background is stopped time and again', async () => {
    await page.goto(playing());
    await play();
    for (let round = 0; round < 4; round++) {
      await stopBackground();
      await page.waitForTimeout(150 * round);
      await play();
      await sessionOnce(panel, (session) => sounding(session).length === round + 2);
    }
    await expectEveryCall(panel);
  });

  test('records on through reload and navigation, to the same and to another origin', async () => {
    await page.goto(playing());
    const steps = [
      () => play(),
      () => page.reload().then(() => play()),
      () => page.goto(`${playing()}?second`).then(() => play()),
      () => page.goto(playing(elsewhere)).then(() => play()),
    ];
    for (const [done, step] of steps.entries()) {
      await step();
      await sessionOnce(panel, (session) => sounding(session).length === done + 1);
    }
    const session = await readSession(panel);
    expect(session.documents.map(({ url }) => url)).toEqual([
      playing(),
      playing(),
      `${playing()}?second`,
      playing(elsewhere),
    ]);
    expect(session.documents.map(({ goneAt }) => goneAt !== undefined)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  test('shows a document without audio, so that the panel knows where it is', async () => {
    await page.goto(playing());
    const session = await sessionOnce(panel, ({ documents }) => documents.length === 1);
    expect(documentAt(session, 0)).toMatchObject({ url: playing(), isolated: false, frameId: 0 });
    await page.goto(`${playing()}?isolated`);
    const next = await sessionOnce(panel, ({ documents }) => documents.length === 2);
    expect(documentAt(next, 1)).toMatchObject({ isolated: true });
  });

  test('takes up a document that comes back from the back-forward cache', async () => {
    await page.goto(playing());
    await page.evaluate(`new AudioContext().suspend()`);
    await sessionOnce(panel, ({ documents }) => documents[0]?.contexts.size === 1);
    await page.evaluate(`addEventListener('pageshow', (event) => { persisted = event.persisted })`);
    await page.goto(`${playing(elsewhere)}?away`);
    await sessionOnce(panel, ({ documents }) => documents[0]?.goneAt !== undefined);
    await page.evaluate('history.back()');
    await page.waitForURL(playing(), { waitUntil: 'commit' });
    await expect.poll(() => page.evaluate('globalThis.persisted')).toBe(true);
    await page.evaluate(`new AudioContext().suspend()`);
    const session = await sessionOnce(panel, ({ documents }) => documents[0]?.contexts.size === 2);
    expect(documentAt(session, 0).goneAt).toBeUndefined();
    expect(documentAt(session, 0).pageEvents.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['frozen', 'resumed']),
    );
  });

  test('follows frames of every kind as they come and go', async () => {
    await page.goto(playing());
    await sessionOnce(panel, ({ documents }) => documents.length === 1);
    const frames = [
      `src="${playing()}?same"`,
      `src="${playing(elsewhere)}?cross"`,
      `src="${playing()}?sandboxed" sandbox="allow-scripts"`,
      `srcdoc="${'<p>srcdoc'}"`,
      '',
    ];
    await page.evaluate(
      `document.body.innerHTML = ${JSON.stringify(frames.map((attributes) => `<iframe ${attributes} allow="autoplay"></iframe>`).join(''))}`,
    );
    await expect.poll(() => page.frames().filter((each) => each.url() !== '').length).toBe(6);
    for (const frame of page.frames().slice(1)) {
      await frame.waitForLoadState();
      await frame.evaluate('void new OfflineAudioContext(1, 128, 48000)');
    }
    const present = await sessionOnce(
      panel,
      ({ documents }) => documents.filter(({ contexts }) => contexts.size === 1).length === 5,
    );
    const inside = present.documents.filter(({ contexts }) => contexts.size === 1);
    expect(inside.map(({ url }) => url).sort()).toEqual(
      [
        'about:blank',
        'about:srcdoc',
        `${playing()}?same`,
        `${playing()}?sandboxed`,
        `${playing(elsewhere)}?cross`,
      ].sort(),
    );
    expect(new Set(inside.map(({ frameId }) => frameId)).size).toBe(5);
    await page.evaluate(`document.body.innerHTML = ''`);
    const after = await sessionOnce(
      panel,
      ({ documents }) => documents.filter(({ goneAt }) => goneAt !== undefined).length === 5,
    );
    expect(documentAt(after, 0).goneAt).toBeUndefined();
  });

  test('shows nothing of one tab in the panel of another', async () => {
    const other = await browser.newPage();
    const its = await browser.panel(other);
    await page.goto(`${playing()}?mine`);
    await other.goto(`${playing(elsewhere)}?its`);
    await page.bringToFront();
    await play();
    await other.bringToFront();
    await play(other);
    const [ofMine, ofIts] = [
      await sessionOnce(panel, (session) => sounding(session).length === 1),
      await sessionOnce(its, (session) => sounding(session).length === 1),
    ];
    expect(ofMine.documents.map(({ url }) => url)).toEqual([`${playing()}?mine`]);
    expect(ofIts.documents.map(({ url }) => url)).toEqual([`${playing(elsewhere)}?its`]);
    await other.close();
  });
});

describe('in a browser of its own', () => {
  beforeEach(launch);
  afterEach(() => browser?.close());

  test('shows in a panel opened later what happened before', async () => {
    await page.goto(playing());
    await page.evaluate('destroy()');
    const panel = await browser.panel();
    await sessionOnce(panel, (session) => sounding(session).length === 1);
    const findings = await panel.evaluate<Finding[]>('lifelinePanel.findings()');
    expect(findings.map(({ rule }) => rule)).toContain('process-after-destroy');
  });

  test('shows everything again in a panel that was closed and reopened', async () => {
    await page.goto(playing());
    const first = await browser.panel();
    await play();
    await sessionOnce(first, (session) => sounding(session).length === 1);
    const reopen = await closeDevtools();
    await expect.poll(() => first.page().isClosed()).toBe(true);
    await play();
    await reopen();
    const second = await browser.panel();
    await sessionOnce(second, (session) => sounding(session).length === 2);
    await expectEveryCall(second);
  });

  test('leaves a page alone when the extension is updated under it, and records it after a reload', async () => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(playing());
    const panel = await browser.panel();
    await page.evaluate('play()');
    await sessionOnce(panel, (session) => sounding(session).length === 1);
    const reopen = await closeDevtools();
    const [background] = browser.context.serviceWorkers();
    await background?.evaluate('void setTimeout(() => chrome.runtime.reload(), 0)');
    await expect
      .poll(() => browser.context.serviceWorkers().includes(background as Worker))
      .toBe(false);
    const before = await page.evaluate<number>('context.currentTime');
    await page.evaluate('play()');
    expect(await page.evaluate<number>('context.currentTime')).toBeGreaterThan(before);
    expect(complaints).toEqual([]);

    // Once the updated one is there, which nobody says.
    const isObserved = async (): Promise<string> => {
      await page.reload();
      return page.evaluate('typeof globalThis.__lifeline__');
    };
    await expect.poll(isObserved, { timeout: 15_000 }).toBe('object');
    await page.evaluate('play()');
    await reopen();
    const fresh = await browser.panel();
    await sessionOnce(fresh, (session) => sounding(session).length === 1);
    await expectEveryCall(fresh);
    expect(complaints).toEqual([]);
  });
});
