import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DocumentFacts, NodeFacts } from '../../../src/analysis/model.ts';
import type { Session } from '../../../src/analysis/session.ts';
import { launchBrowser } from '../../support/browser.ts';
import { readSession, sessionNow, sessionOnce } from '../../support/panel-session.ts';
import {
  clear,
  type HostileBrowser,
  noticesOf,
  openHostileBrowser,
  resultOf,
} from './hostile-browser.ts';

let hostile: HostileBrowser;

beforeAll(async () => {
  hostile = await openHostileBrowser();
});
afterAll(() => hostile?.[Symbol.asyncDispose]());
afterEach(async () => {
  expect(await noticesOf(hostile.panel)).toEqual([]);
  await hostile.page.goto(`${hostile.server.origin}/hostile/empty.html`);
  await sessionOnce(hostile.panel, ({ documents }) =>
    documents.every(({ goneAt, url }) => goneAt !== undefined || url.includes('/empty.html')),
  );
  await clear(hostile.panel);
});

const nodesOf = ({ nodes }: DocumentFacts): readonly NodeFacts[] => [...nodes.values()];
/** Each call of these processors posts one message, so both must have been seen as often. */
const sentBy = ({ messages }: NodeFacts): number =>
  [...messages].filter(({ from, sent }) => from === 'processor' && sent !== undefined).length;
const playing = ({ documents }: Session): readonly DocumentFacts[] =>
  documents.filter(({ url, nodes }) => url.includes('navigate.html') && nodes.size > 0);

/** Calls of one processor in two batches, of which sixteen are sent a second: one on its way, one being filled. */
const IN_BATCHES = Math.ceil((2 / 16) * (48_000 / 128));

test.each([
  ['isolated', '&isolated', 0],
  ['not isolated', '', IN_BATCHES],
])(
  'keeps every call of documents that leave in the middle of them (%s)',
  async (_what, isolated, short) => {
    const { heard } = await hostile.attack<{ heard: readonly number[] }>(
      `navigate.html?how=loop&left=4${isolated}`,
    );
    const session = await readSession(hostile.panel);
    const documents = playing(session);
    expect(heard).toHaveLength(5);
    expect(documents).toHaveLength(5);
    for (const [i, document] of documents.entries()) {
      const nodes = nodesOf(document);
      expect(nodes).toHaveLength(5);
      for (const node of nodes) expect(node.calls.length).toBe(sentBy(node));
      // What the page had heard of was called; without shared memory the last two batches may stay behind.
      const most = Math.max(...nodes.map(({ calls }) => calls.length));
      expect(most).toBeGreaterThanOrEqual((heard[i] ?? 0) - short);
      expect(document.goneAt === undefined).toBe(i === 4);
      if (i < 4) expect(document.pageEvents.map(({ event }) => event)).toContain('ended');
    }
    expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
    if (isolated === '') expect(session.coverage.join()).toContain('went away while it played');
  },
);

test('keeps watching a document that takes off every listener by document.open()', async () => {
  const { page, panel } = hostile;
  const result = await hostile.attack('navigate.html?how=open&isolated');
  expect(result).toMatchObject({ before: expect.any(Number), after: expect.any(Number) });
  await readSession(panel);
  await page.goto(`${hostile.server.origin}/hostile/empty.html?isolated`);
  const session = await sessionOnce(panel, (now) =>
    playing(now).every(({ goneAt }) => goneAt !== undefined),
  );
  const [document] = playing(session);
  expect(document?.contexts.size).toBe(2);
  expect(document?.pageEvents.map(({ event }) => event)).toEqual([
    expect.stringMatching(/frozen|ended/),
  ]);
  for (const node of document ? nodesOf(document) : []) {
    expect(node.calls.length).toBeGreaterThan(0);
    expect(node.calls.length).toBe(sentBy(node));
  }
});

test('survives window.stop() while a module loads', async () => {
  const result = await hostile.attack('navigate.html?how=stop&isolated');
  expect(result).toMatchObject({ after: expect.any(Number) });
  const session = await readSession(hostile.panel);
  const nodes = playing(session).flatMap(nodesOf);
  expect(nodes).toHaveLength(5);
  for (const node of nodes) expect(node.calls.length).toBe(sentBy(node));
});

test('throws nothing into frames that remove themselves in the middle of a call', async () => {
  const path = 'navigate.html?how=frame';
  const observed = await hostile.attack<{ threw: number }>(path);
  const bare = await launchBrowser({ extension: false });
  await bare.page.goto(`${hostile.server.origin}/hostile/${path}`);
  expect(observed.threw).toBe((await resultOf<{ threw: number }>(bare.page)).threw);
  await bare.close();
  const session = await readSession(hostile.panel);
  const frames = session.documents.filter(({ parentFrameId }) => parentFrameId !== -1);
  expect(frames).toHaveLength(20);
  for (const { contexts } of frames) expect(contexts.size).toBe(1);
});

test('goes on when the renderer of another tab crashes', async () => {
  const { browser, panel } = hostile;
  await hostile.attack('navigate.html?how=loop&isolated');
  const other = await browser.newPage();
  const crashed = other.waitForEvent('crash');
  void other.goto('chrome://crash').catch(() => undefined);
  await crashed;
  const before = playing(await readSession(panel)).flatMap(nodesOf)[0]?.calls.length ?? 0;
  await sessionOnce(panel, (now) => {
    const [node] = playing(now).flatMap(nodesOf);
    return node !== undefined && node.calls.length > before && node.calls.length === sentBy(node);
  });
  await other.close();
});

test('says that its page is gone when that crashes, and records the next', async () => {
  const { browser, server } = hostile;
  const doomed = await browser.newPage();
  await doomed.goto(`${server.origin}/hostile/navigate.html?how=loop&isolated`);
  await resultOf(doomed);
  const panel = await browser.panel(doomed);
  await sessionOnce(panel, (now) => playing(now).some(({ nodes }) => nodes.size === 5));
  const crashed = doomed.waitForEvent('crash');
  void doomed.goto('chrome://crash').catch(() => undefined);
  await crashed;
  // There is no page to ask.
  await expect
    .poll(async () => (await sessionNow(panel)).coverage.join())
    .toContain('went away without a word');
  await panel.evaluate('chrome.devtools.inspectedWindow.reload()');
  await sessionOnce(panel, (now) =>
    playing(now).some(({ goneAt, nodes }) => goneAt === undefined && nodes.size === 5),
  );
  await doomed.close();
});

test('shows nothing of a hostile tab in the panel of its neighbour', async () => {
  const { browser, page, panel, server } = hostile;
  const neighbour = await browser.newPage();
  await neighbour.goto(`${server.origin}/hostile/navigate.html?how=loop&isolated`);
  await resultOf(neighbour);
  const beside = await browser.panel(neighbour);
  await page.goto(`${server.origin}/hostile/channels.html`);
  await resultOf(page);
  await page.evaluate('render(window, 20).then(() => render(victim, 20))');
  await readSession(panel);
  await page.evaluate('sayNonsense()');
  await page.evaluate(`say([{ kind: 'fault', message: 'heard next door' }])`);
  await expect.poll(() => noticesOf(panel)).toEqual([expect.stringContaining('heard next door')]);
  const session = await readSession(beside);
  expect(session.documents.map(({ url }) => url)).toEqual([neighbour.url()]);
  expect(session.totals.dropped).toBe(0);
  expect(await noticesOf(beside)).toEqual([]);
  const own = await readSession(panel);
  expect(own.documents.map(({ url }) => url)).not.toContain(neighbour.url());
  await neighbour.close();
  await panel.evaluate(`document.querySelector('.notice [aria-label=Dismiss]').click()`);
});
