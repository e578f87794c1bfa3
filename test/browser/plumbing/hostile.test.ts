import { resolve } from 'node:path';
import type { Frame, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../../src/analysis/session.ts';
import { type StaticServer, serveStatic } from '../../../src/cli/serve.ts';
import { HANDSHAKE } from '../../../src/shared/messages.ts';
import { launchBrowser, type TestBrowser } from '../../support/browser.ts';
import { readSession, sessionOnce } from '../../support/panel-session.ts';

let server: StaticServer;
let browser: TestBrowser;
let page: Page;
let panel: Frame;

beforeAll(async () => {
  server = await serveStatic({ root: resolve(import.meta.dirname, 'pages') });
  browser = await launchBrowser({ devtools: true });
  page = browser.page;
  panel = await browser.panel();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const open = (query: string) => page.goto(`${server.origin}/playing.html?${query}`);

test('a page can neither begin a hand-shake nor speak for the recorder', async () => {
  await open('forging');
  const heard = await page.evaluate(
    async ({ fromPage, fromContent }) => {
      const answers: string[] = [];
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => answers.push(`port: ${JSON.stringify(data)}`);
      addEventListener(fromContent, (event) =>
        answers.push(`event: ${(event as MessageEvent).data}`),
      );
      const forged = [
        { kind: 'hello', protocol: 1, timeOrigin: 0, isolated: true },
        { kind: 'chunk', number: 1, thread: 0, form: 'records', bytes: new Uint8Array(64) },
        { kind: 'forgotten', number: 1e9, bytes: 1e9 },
      ];
      dispatchEvent(new MessageEvent(fromPage, { source: port2, data: forged[0] ?? null }));
      const frame = document.body.appendChild(document.createElement('iframe'));
      const pristine = frame.contentWindow as typeof globalThis & Window;
      dispatchEvent(new pristine.MessageEvent(fromPage, { source: port2 }));
      for (const message of forged) {
        port1.postMessage(message);
        postMessage(message, '*');
        pristine.postMessage(message, '*');
        new BroadcastChannel(fromPage).postMessage(message);
      }
      await new Promise((done) => setTimeout(done, 500));
      frame.remove();
      return answers;
    },
    { ...HANDSHAKE },
  );
  expect(heard).toEqual([]);
  expect(await page.evaluate('globalThis.chrome?.runtime?.connect')).toBeUndefined();

  await page.evaluate('play()');
  const counted = await page.evaluate<number>('pause()');
  const session = await readSession(panel);
  expect(session.totals).toMatchObject({ calls: counted, lost: 0, dropped: 0 });
  expect(session.documents.map(({ isolated }) => isolated)).not.toContain(true);
});

/** Calls and messages on the processors' side: what takes a slot, or is lost for want of one. */
function toldByTheScope({ totals, documents }: Session): number {
  const messages = documents.flatMap(({ nodes }) =>
    [...nodes.values()].flatMap((node) => [...node.messages]),
  );
  const told = messages.filter(({ from, sent, received }) =>
    from === 'node' ? received !== undefined : sent !== undefined,
  );
  return totals.calls + told.length;
}

test('a page that floods the recorder is recorded, or what is missing is said', async () => {
  await open('flooding');
  const before = await readSession(panel);
  await page.evaluate('play()');
  const sent = 30_000;
  await page.evaluate(async (count) => {
    const { latest } = globalThis as typeof globalThis & { latest: AudioWorkletNode };
    const text = '<img src=x onerror="globalThis.executed = true">'.repeat(100);
    for (let i = 0; i < count; i++) latest.connect(latest.context.destination);
    for (let i = 0; i < 200; i++) latest.port.postMessage(text);
    const { context } = latest;
    for (let i = 0; i < 500; i++) {
      new AudioWorkletNode(context, 'steady', { processorOptions: { text, i } }).disconnect();
    }
  }, sent);
  const counted = await page.evaluate<number>('pause()');
  const session = await readSession(panel);
  // The messages of the flood, and the question how many calls there were, and its answer.
  const messages = 200 + 2;
  const seen = toldByTheScope(session) - toldByTheScope(before);
  expect(seen + session.totals.lost).toBe(counted + messages);
  expect(session.documents.at(-1)?.nodes.size).toBe(501);
  expect(session.totals.dropped).toBe(0);
  expect(await panel.evaluate('globalThis.executed')).toBeUndefined();
  expect(await panel.evaluate('document.querySelector("img[onerror]")')).toBeNull();
}, 120_000);

test('a page that navigates in the middle of a batch breaks nothing', async () => {
  for (let round = 0; round < 5; round++) {
    await open(`leaving-${round}`);
    await page.evaluate('play()');
    await page.evaluate(`
      for (let i = 0; i < 300; i++) new AudioWorkletNode(context, 'steady').port.postMessage(i);
      location.href = 'about:blank';
    `);
    await page.waitForURL('about:blank');
  }
  await open('after');
  await page.evaluate('play()');
  const session = await sessionOnce(panel, ({ documents }) => {
    const last = documents.at(-1);
    return last?.url.endsWith('?after') === true && last.nodes.size === 1;
  });
  const left = session.documents.filter(({ url }) => url.includes('?leaving-'));
  expect(left.map(({ nodes }) => nodes.size)).toEqual(left.map(() => 301));
  expect(left).toHaveLength(5);
  expect(session.totals.dropped).toBe(0);
  for (const { goneAt } of left) expect(goneAt).toBeDefined();
});
