import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import type { PageMessage } from '../../../src/shared/messages.ts';
import { parseRecords } from '../../../src/shared/record-codec.ts';
import type { LifelineRecord, RecordName } from '../../../src/shared/records.ts';
import { parseSlots } from '../../../src/shared/slot-reader.ts';
import { SLOT, SLOT_FLAG, SLOT_WORDS } from '../../../src/shared/slots.ts';

const EXTENSION = resolve(import.meta.dirname, '../../../dist/chromium');

/** One slot of an audio rendering thread, spelt out. */
export interface SlotEntry {
  readonly thread: number;
  readonly op: keyof typeof SLOT;
  readonly ordinal: number;
  readonly flags: number;
  readonly words: readonly [number, number, number];
}

/** All that one page said to a panel, of all its frames. */
export interface Recorded {
  readonly messages: readonly PageMessage[];
  readonly records: readonly (LifelineRecord & { readonly thread: number })[];
  readonly slots: readonly SlotEntry[];
  of<N extends RecordName>(name: N): readonly Extract<LifelineRecord, { name: N }>[];
  /** Calls of `process()` that arrived, and slots or calls that were said to be lost. */
  readonly calls: number;
  readonly lost: number;
}

export interface PageBrowser {
  /** Opens a page of the local server; `extension: false` browsers observe nothing. */
  open(path: string): Promise<ObservedPage>;
  close(): Promise<void>;
}

export interface ObservedPage {
  readonly page: Page;
  /** Flushes and gives everything that was recorded so far. */
  recorded(): Promise<Recorded>;
  close(): Promise<void>;
}

export interface BrowserOptions {
  readonly extension?: boolean;
  readonly flags?: readonly string[];
  /** Path → response; a path not listed is an empty page. `?isolated` asks for isolation headers. */
  readonly files?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const ARGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** A browser and a loopback server of its own, in a fresh profile that goes with it. */
export async function launchPageBrowser(options: BrowserOptions = {}): Promise<PageBrowser> {
  const { extension = true, flags = [], files = {}, headers = {} } = options;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(200, {
      'content-type': type,
      ...(searchParams.has('isolated') || pathname.endsWith('.js')
        ? {
            'cross-origin-opener-policy': 'same-origin',
            'cross-origin-embedder-policy': 'require-corp',
          }
        : {}),
      ...headers,
    });
    response.end(files[pathname] ?? '<!doctype html><title>page</title>');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const profile = mkdtempSync(join(tmpdir(), 'lifeline-page-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env['CHROME_PATH'] ?? '/usr/bin/chromium',
    headless: false,
    viewport: null,
    ignoreDefaultArgs: ['--disable-extensions'],
    args: [
      ...ARGS,
      ...flags,
      ...(extension
        ? [`--disable-extensions-except=${EXTENSION}`, `--load-extension=${EXTENSION}`]
        : []),
    ],
  });
  return {
    open: async (path) => openPage(context, `${origin}${path}`, extension),
    async close() {
      await context.close();
      server.close();
      server.closeAllConnections();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function openPage(
  context: BrowserContext,
  url: string,
  extension: boolean,
): Promise<ObservedPage> {
  const page = await context.newPage();
  await page.goto(url);
  const panel = extension ? await attachPanel(context, page) : undefined;
  return {
    page,
    async recorded() {
      if (!panel) throw new Error('no extension in this browser');
      return decode(await panel.evaluate(flushAndCollect));
    },
    async close() {
      await panel?.close();
      await page.close();
    },
  };
}

interface PanelWindow {
  port: chrome.runtime.Port;
  said: { readonly message: PageMessage; readonly base64: string }[];
  flushed: (id: number) => void;
}

/** A page of the extension's own that watches `page` as a panel would. */
async function attachPanel(context: BrowserContext, page: Page): Promise<Page> {
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  const panel = await context.newPage();
  await panel.goto(new URL('manifest.json', worker.url()).href);
  const marker = `lifeline-${Math.random()}`;
  await page.evaluate((title) => {
    document.title = title;
  }, marker);
  await page.bringToFront();
  await panel.evaluate(connect);
  return panel;
}
