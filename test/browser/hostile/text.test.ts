import { afterAll, beforeAll, expect, test } from 'vitest';
import { judge } from '../../../src/analysis/judge.ts';
import type { Session } from '../../../src/analysis/session.ts';
import { buildReport, reportTable } from '../../../src/export/report.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { checkTrace, expectedTrace } from '../../support/check-trace.ts';
import { readSession } from '../../support/panel-session.ts';
import { type HostileBrowser, noticesOf, openHostileBrowser } from './hostile-browser.ts';

let hostile: HostileBrowser;
let session: Session;

beforeAll(async () => {
  hostile = await openHostileBrowser();
  expect(await hostile.attack('text.html')).toEqual({ texts: 17, errors: [] });
  session = await readSession(hostile.panel);
});
afterAll(() => hostile?.[Symbol.asyncDispose]());

test('cuts every text of a page, and keeps each of them apart', () => {
  const [document] = session.documents;
  if (!document) throw new Error('no document');
  const nodes = [...document.nodes.values()];
  expect(nodes).toHaveLength(17);
  expect(document.marks.length).toBeGreaterThanOrEqual(17);
  const longest = longestText(session);
  expect(longest.length).toBeLessThanOrEqual(LIMITS.stackUnits);
  expect(nodes.map(({ processorName }) => processorName)).toContain('\ud800lone\udc00\udfff');
  for (const { processorName, options, messages } of nodes) {
    expect(processorName.length).toBeLessThanOrEqual(LIMITS.textUnits);
    expect(options.length).toBeLessThanOrEqual(LIMITS.textUnits);
    expect(messages.length).toBeGreaterThan(0);
  }
  expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
});

test('shows text as text and nothing else', async () => {
  const { panel } = hostile;
  const findings = judge(session);
  expect(findings.length).toBeGreaterThan(34);
  const count = await panel.evaluate<number>(
    `document.querySelectorAll('#finding-list [role=option]').length`,
  );
  expect(count).toBe(findings.length);
  for (let i = 0; i < count; i++) {
    await panel.evaluate(`document.querySelectorAll('#finding-list [role=option]')[${i}].click()`);
    if (i % 5 === 0) await panel.evaluate('lifelinePanel.idle()');
  }
  await panel.evaluate('lifelinePanel.idle()');
  const strangers = await panel.evaluate<readonly string[]>(
    `[...document.querySelectorAll('img, iframe, b:not([class]), script, style')]
      .map((each) => each.outerHTML.slice(0, 200))
      .filter((html) => !/(src|href)="[^"]*assets/.test(html))`,
  );
  expect(strangers).toEqual([]);
  expect(await panel.evaluate('globalThis.pwned')).toBeUndefined();
  const links = await panel.evaluate<readonly string[]>(
    `[...document.querySelectorAll('a[href]')].map(({ href }) => href)`,
  );
  for (const link of links) expect(link).toMatch(/^https:\/\/[a-z.]*(w3|github|webaudio|mozilla)/);
  expect(await noticesOf(panel)).toEqual([]);
});

test('writes a trace that the trace processor reads whole, and a report of bounded size', async () => {
  const base64 = await hostile.panel.evaluate<string>('lifelinePanel.traceBase64()');
  const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
  expect(bytes.byteLength).toBeLessThan(2_000_000);
  checkTrace(bytes, expectedTrace(session.documents, judge(session)));
  const report = buildReport(session, judge(session), [], {
    url: hostile.page.url(),
    browser: 'Chromium',
    seconds: 5,
  });
  const json = JSON.stringify(report);
  expect(json.length).toBeLessThan(3_000_000);
  expect(JSON.parse(json)).toEqual(report);
  // A terminal obeys control characters: the table has none but line ends.
  expect([...reportTable(report)].filter(isControl)).toEqual([]);
});

const BIDI = /\p{Bidi_Control}/u;
function isControl(unit: string): boolean {
  return (/\p{Cc}/u.test(unit) && unit !== '\n') || BIDI.test(unit);
}

function longestText(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || seen.has(value)) return '';
  seen.add(value);
  const parts = value instanceof Map ? [...value.values()] : Object.values(value);
  let longest = '';
  for (const part of parts) {
    const text = longestText(part, seen);
    if (text.length > longest.length) longest = text;
  }
  return longest;
}
