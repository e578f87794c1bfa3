import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { QuantumPattern } from '../../../src/analysis/quantum-pattern.ts';
import { PANEL_PORT, type PageMessage, type ToPanel } from '../../../src/shared/messages.ts';
import { parseRecords } from '../../../src/shared/record-codec.ts';
import type { LifelineRecord, RecordName } from '../../../src/shared/records.ts';
import { SETTINGS_KEY, type Settings } from '../../../src/shared/settings.ts';
import { parseSlots } from '../../../src/shared/slot-reader.ts';
import { SLOT, SLOT_WORDS } from '../../../src/shared/slots.ts';
import { type AtomicEntry, atomicsOf } from '../../support/atomic-entries.ts';
import { launchBrowser } from '../../support/browser.ts';

const MANIFEST = JSON.parse(
  readFileSync(new URL('../../../manifest.json', import.meta.url), 'utf8'),
) as { readonly key: string };

/** What the browser makes of the `key` in the manifest. */
export const EXTENSION_ID = createHash('sha256')
  .update(Buffer.from(MANIFEST.key, 'base64'))
  .digest('hex')
  .slice(0, 32)
  .replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16)));

const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
} as const;

/** One slot of an audio rendering thread, spelt out. */
export interface SlotEntry {
  readonly thread: number;
  readonly op: keyof typeof SLOT;
  readonly ordinal: number;
  readonly flags: number;
  readonly words: readonly [number, number, number];
}

/** A record, and the thread whose chunk held it. */
export type RecordOn = LifelineRecord & { readonly on: number };

/** All that one page said to a panel, of all its frames. */
export interface Recorded {
  readonly messages: readonly PageMessage[];
  readonly records: readonly RecordOn[];
  readonly slots: readonly SlotEntry[];
  readonly atomics: readonly (AtomicEntry & { readonly thread: number })[];
  of<N extends RecordName>(name: N): readonly LifelineRecord<N>[];
  /** Calls of `process()` that arrived, and slots or calls that were said to be lost. */
  readonly calls: number;
  readonly lost: number;
}

export interface PageBrowser {
  readonly origin: string;
  /** The folder of the browser's profile. */
  readonly profile: string;
  /** Opens a page of the local server; `extension: false` browsers observe nothing. */
  open(path: string): Promise<ObservedPage>;
  /** Stores the settings as the panel would; every page hears of them. */
  configure(settings: Settings): Promise<void>;
  close(): Promise<void>;
}

export interface ObservedPage {
  readonly page: Page;
  /** Flushes and gives everything that was recorded so far. The first call begins to watch. */
  recorded(): Promise<Recorded>;
  close(): Promise<void>;
}

export interface PageBrowserOptions {
  readonly extension?: boolean;
  readonly flags?: readonly string[];
  /**
   * Path → response; a path not listed is an empty page, one that says `missing` is not found. `?isolated` asks
   * for isolation headers, `?policy=` for a content security policy.
   */
  readonly files?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A browser, and a loopback server of its own. */
export async function launchPageBrowser(options: PageBrowserOptions = {}): Promise<PageBrowser> {
  const { extension = true, flags = [], files = {}, headers = {} } = options;
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const script = pathname.endsWith('.js');
    const policy = searchParams.get('policy');
    response.writeHead(pathname.includes('missing') ? 404 : 200, {
      'content-type': script ? 'text/javascript' : 'text/html',
      ...(searchParams.has('isolated') || script ? ISOLATION : {}),
      ...(policy ? { 'content-security-policy': policy } : {}),
      ...headers,
    });
    response.end(
      files[pathname] ?? '<!doctype html><title>page</title><link rel="icon" href="data:,">',
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await launchBrowser({ extension, flags });
  return {
    origin,
    profile: browser.profile,
    open: (path) => openPage(browser.context, `${origin}${path}`, extension),
    async configure(settings) {
      const page = await browser.context.newPage();
      await page.goto(`chrome-extension://${EXTENSION_ID}/manifest.json`);
      await page.evaluate(
        ([key, value]) =>
          (globalThis as unknown as StoringWindow).chrome.storage.local.set({ [key]: value }),
        [SETTINGS_KEY, settings] as const,
      );
      await page.close();
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
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
  let panel: Page | undefined;
  return {
    page,
    async recorded() {
      if (!extension) throw new Error('no extension in this browser');
      panel ??= await attachPanel(context, page);
      return decode(await panel.evaluate(flushAndCollect));
    },
    async close() {
      await panel?.close();
      await page.close();
    },
  };
}

interface RuntimePort {
  postMessage(message: unknown): void;
  readonly onMessage: { addListener(heard: (message: ToPanel) => void): void };
}

interface StoringWindow {
  readonly chrome: {
    readonly storage: { readonly local: { set(values: object): Promise<void> } };
  };
}

/** What the watching page keeps on its window, and the extension API that it uses. */
interface WatchingWindow {
  said: { readonly message: PageMessage; readonly bytes: string }[];
  port: RuntimePort;
  flushed: (() => void) | undefined;
  readonly chrome: {
    readonly runtime: { connect(info: { readonly name: string }): RuntimePort };
    readonly tabs: { query(query: object): Promise<readonly { readonly id: number }[]> };
  };
}

/** A page of the extension's own that watches `page` as a panel would. */
async function attachPanel(context: BrowserContext, page: Page): Promise<Page> {
  const panel = await context.newPage();
  await panel.goto(`chrome-extension://${EXTENSION_ID}/manifest.json`);
  await page.bringToFront();
  await panel.evaluate(async (name) => {
    const self = globalThis as unknown as WatchingWindow;
    const [tab] = await self.chrome.tabs.query({ active: true });
    const base64 = (bytes: Uint8Array): string => {
      let text = '';
      for (const byte of bytes) text += String.fromCharCode(byte);
      return btoa(text);
    };
    self.said = [];
    let heard = (): void => undefined;
    const greeted = new Promise<void>((done) => {
      heard = done;
    });
    self.port = self.chrome.runtime.connect({ name });
    self.port.onMessage.addListener((said) => {
      if (said.kind !== 'frame') return;
      const { message, origin } = said;
      if (message.kind === 'refused' || message.kind === 'unreachable') return;
      if (message.kind === 'hello') heard();
      const bytes = message.kind === 'chunk' ? base64(message.bytes) : '';
      self.said.push({
        message: message.kind === 'chunk' ? { ...message, bytes: new Uint8Array() } : message,
        bytes,
      });
      if (message.kind === 'flushed' || message.kind === 'fault') self.flushed?.();
      if (message.kind !== 'chunk') return;
      const command = { kind: 'ack', number: message.number };
      self.port.postMessage({ kind: 'command', document: origin.document, command });
    });
    self.port.postMessage({ kind: 'attach', tabId: tab?.id, seen: [] });
    // Until the page is connected, nobody would hear what it is asked.
    await greeted;
  }, PANEL_PORT);
  return panel;
}

/** Asks every frame for all it holds, and gives what was ever said. */
async function flushAndCollect(): Promise<WatchingWindow['said']> {
  const self = globalThis as unknown as WatchingWindow;
  const answered = new Promise<void>((done) => {
    self.flushed = done;
  });
  self.port.postMessage({ kind: 'command', command: { kind: 'flush', id: self.said.length } });
  await answered;
  return self.said;
}

const OPS = Object.fromEntries(Object.entries(SLOT).map(([name, op]) => [op, name])) as {
  readonly [op: number]: keyof typeof SLOT;
};

function decode(said: WatchingWindow['said']): Recorded {
  const patterns = new Map<number, QuantumPattern>();
  const records: RecordOn[] = [];
  const slots: SlotEntry[] = [];
  const atomics: (AtomicEntry & { readonly thread: number })[] = [];
  for (const { message, bytes } of said) {
    if (message.kind === 'fault') throw new Error(`a fault in the page: ${message.message}`);
    if (message.kind !== 'chunk') continue;
    const raw = new Uint8Array(Buffer.from(bytes, 'base64'));
    const { thread } = message;
    if (message.form === 'records') {
      const parsed = parseRecords(raw);
      if (!parsed.ok) throw new Error(parsed.error);
      records.push(...parsed.value.map((each) => ({ ...each, on: thread })));
    } else {
      const parsed = parseSlots(raw);
      if (!parsed.ok) throw new Error(parsed.error);
      const pattern = patterns.get(thread) ?? new QuantumPattern();
      patterns.set(thread, pattern);
      atomics.push(...atomicsOf(parsed.value).entries.map((entry) => ({ ...entry, thread })));
      for (const slot of spellOut(thread, parsed.value, pattern)) slots.push(slot);
    }
  }
  const calls = slots.filter(({ op }) => op === 'process' || op === 'processWide').length;
  const of = <N extends RecordName>(name: N): readonly LifelineRecord<N>[] =>
    records.filter((each): each is RecordOn & LifelineRecord<N> => each.record === name);
  const lost =
    slots.reduce((sum, { op, words }) => sum + (op === 'lost' ? words[2] : 0), 0) +
    of('lost').reduce((sum, { count }) => sum + count, 0);
  return { messages: said.map(({ message }) => message), records, slots, atomics, of, calls, lost };
}

/** Slots as they came, but each call by itself. */
function spellOut(
  thread: number,
  words: Int32Array,
  pattern: QuantumPattern,
): readonly SlotEntry[] {
  const out: SlotEntry[] = [];
  for (let i = 0; i < words.length; i += SLOT_WORDS) {
    const [tag = 0, second = 0, third = 0, fourth = 0] = words.subarray(i, i + SLOT_WORDS);
    const op = OPS[tag & 0xff] as keyof typeof SLOT;
    const entry = { thread, op, ordinal: tag >>> 16, flags: (tag >>> 8) & 0xff } as const;
    if (op === 'clock') pattern.clock();
    if (op === 'lost') pattern.forget();
    if (op === 'process' || op === 'processWide') pattern.called(entry.ordinal, entry.flags, third);
    if (op !== 'again') {
      out.push({ ...entry, words: [second, third, fourth] });
      continue;
    }
    const known = pattern.repeat(entry.ordinal, third, (ordinal, flags) =>
      out.push({ thread, op: 'process', ordinal, flags, words: [second, third, 0] }),
    );
    if (!known) throw new Error('a quantum repeats one that was not seen');
  }
  return out;
}
