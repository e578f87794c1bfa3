import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DocumentFacts } from '../../../src/analysis/model.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { readSession } from '../../support/panel-session.ts';
import {
  type HostileBrowser,
  noticesOf,
  openHostileBrowser,
  resultOf,
  slowestAnswer,
  statusOf,
} from './hostile-browser.ts';

/** Milliseconds that the panel's own thread may be busy at a time, on a slow and busy machine. */
const AWAKE_MS = 15_000;

let hostile: HostileBrowser;

beforeAll(async () => {
  hostile = await openHostileBrowser();
});
afterAll(() => hostile?.[Symbol.asyncDispose]());

type Counted = (documents: readonly DocumentFacts[]) => number;
const one =
  (count: (document: DocumentFacts) => number): Counted =>
  (documents) =>
    documents.reduce((sum, document) => sum + count(document), 0);
const answered = ({ nodes }: DocumentFacts): number =>
  [...nodes.values()]
    .flatMap(({ messages }) => [...messages])
    .filter(({ from, sent, received }) => from === 'processor' && sent && received).length;

test.each<readonly [string, string, number, Counted]>([
  ['refused nodes', 'refused', 100_000, one(({ refused }) => refused.length)],
  ['contexts', 'contexts', 5000, one(({ contexts }) => contexts.size)],
  ['frames', 'frames', 60, one(({ contexts }) => contexts.size)],
  ['messages both ways', 'messages', 20_000, one(answered)],
])('takes a flood of %s, and misses none', async (_name, what, count, counted) => {
  const { page, panel } = hostile;
  const flood = hostile.attack(`flood.html?what=${what}&count=${count}`);
  expect(await slowestAnswer(panel, flood)).toBeLessThan(AWAKE_MS);
  const session = await readSession(panel);
  const top = session.documents.findLast(({ url }) => url === page.url());
  const index = top?.index ?? Number.POSITIVE_INFINITY;
  const frames = session.documents.filter(({ parentFrameId }) => parentFrameId !== -1);
  const documents = what === 'frames' ? frames : session.documents.slice(index);
  expect(counted(documents)).toBe(count);
  expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
  expect(await noticesOf(panel)).toEqual([]);
});

test('keeps a bounded history of what nobody watches, and says how much is forgotten', async () => {
  const { browser, server } = hostile;
  const page = await browser.newPage();
  await page.goto(`${server.origin}/hostile/flood.html?what=annotations&count=120000`);
  await resultOf(page);
  const panel = await browser.panel(page);
  const session = await readSession(panel);
  const [document] = session.documents;
  const kept = (document?.marks.length ?? 0) + (document?.blocks.size ?? 0);
  expect(kept).toBeGreaterThan(10_000);
  expect(kept).toBeLessThan(240_000);
  const base64 = await panel.evaluate<string>('lifelinePanel.sessionBase64()');
  const bytes = (base64.length * 3) / 4;
  expect(bytes).toBeLessThan(LIMITS.historyRecordBytes + LIMITS.historySlotBytes);
  expect(await statusOf(panel)).toMatch(/MB forgotten/);
  expect(session.coverage.join()).toContain('forgotten');
  await page.close();
});
