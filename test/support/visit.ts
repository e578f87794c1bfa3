import type { Frame } from 'playwright-core';
import type { Finding } from '../../src/analysis/finding.ts';
import { judge } from '../../src/analysis/judge.ts';
import { Session } from '../../src/analysis/session.ts';
import type { SessionInput } from '../../src/analysis/session-input.ts';
import type { StaticServer } from '../../src/cli/serve.ts';
import { parseSessionFile } from '../../src/export/session-file.ts';
import type { PanelAutomation } from '../../src/panel/automation.ts';
import { launchBrowser, type TestBrowser } from './browser.ts';
import { startServer } from './server.ts';

const SCENARIO_MS = 30_000;
const FLUSH_MS = 10_000;

/** What the panel came to know of one page. */
export interface Visit {
  /** As the panel shows them. */
  readonly findings: readonly Finding[];
  /** The same page's records, read back from a saved session. */
  readonly session: Session;
  /** What `judge` makes of that session. */
  readonly judged: readonly Finding[];
  /** What the page says of itself: `window.expectedCalls` and so on. */
  readonly page: PageAccount;
  /** Uncaught errors of the page, and its console's errors and warnings. */
  readonly complaints: readonly string[];
  /** What the panel says has gone wrong in the extension itself. */
  readonly alerts: readonly string[];
}

export interface PageAccount {
  readonly state: string | undefined;
  readonly status: string | undefined;
  readonly isolated: boolean;
  readonly calls: number | undefined;
  readonly counts: { readonly [rule: string]: number };
  readonly rendered: readonly number[] | undefined;
}

type ZooWindow = typeof globalThis & {
  readonly expectedCalls?: number;
  readonly expectedCounts?: PageAccount['counts'];
  readonly rendered?: readonly number[];
};

/** A browser with the built extension and its panel, through which one page after the other goes. */
export class Visitor implements AsyncDisposable {
  readonly origin: string;
  readonly #server: StaticServer;
  readonly #known = new Set<string>();
  #open: OpenBrowser | undefined;

  private constructor(server: StaticServer) {
    this.origin = server.origin;
    this.#server = server;
  }

  static async open(): Promise<Visitor> {
    const visitor = new Visitor(await startServer());
    visitor.#open = await openBrowser();
    return visitor;
  }

  /**
   * Opens a page, waits until its scenario is over, and asks the panel what it has seen. A visit that
   * fails leaves nothing behind: the next one gets a browser of its own.
   */
  async visit(path: string): Promise<Visit> {
    this.#open ??= await openBrowser();
    try {
      return await this.#visit(path, this.#open);
    } catch (error) {
      await this.#open.browser.close();
      this.#open = undefined;
      throw error;
    }
  }

  async #visit(path: string, { browser, panel }: OpenBrowser): Promise<Visit> {
    const complaints = observeComplaints(browser);
    await browser.page.goto(`${this.origin}/${path}`);
    const account = await accountOf(browser);
    const { complete } = await ask(panel, (its, ms) => its.flush(ms), FLUSH_MS);
    if (!complete) throw new Error('the panel could not flush');
    const [shown, base64] = await ask(panel, (its) =>
      Promise.all([its.findings(), its.sessionBase64()]),
    );
    const alerts = await panel.locator('.notices [role=alert]').allTextContents();
    complaints[Symbol.dispose]();

    const parsed = parseSessionFile(new Uint8Array(Buffer.from(base64, 'base64')));
    if (!parsed.ok) throw new Error(`the saved session does not open: ${parsed.error}`);
    const all = buildSession(parsed.value);
    const fresh = all.documents.filter(({ id }) => !this.#known.has(id));
    for (const { id } of fresh) this.#known.add(id);
    const ids = new Set(fresh.map(({ id }) => id));
    const prefixes = fresh.map(({ index }) => `${index}/`);
    const own = (finding: Finding) => prefixes.some((each) => finding.entity.id.startsWith(each));
    return {
      findings: shown.filter(own),
      judged: judge(all).filter(own),
      session: buildSession(parsed.value.filter((input) => ids.has(documentOf(input)))),
      page: account,
      complaints: complaints.list,
      alerts,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open?.browser.close();
    await this.#server.close();
  }
}

interface OpenBrowser {
  readonly browser: TestBrowser;
  readonly panel: Frame;
}

async function openBrowser(): Promise<OpenBrowser> {
  const browser = await launchBrowser({ devtools: true });
  const panel = await browser.panel();
  await panel.waitForFunction(() => 'lifelinePanel' in globalThis);
  return { browser, panel };
}

function ask<T>(
  panel: Frame,
  question: (its: PanelAutomation, argument: number) => Promise<T>,
  argument = 0,
): Promise<T> {
  const call = `(${question.toString()})(globalThis.lifelinePanel, ${argument})`;
  return panel.evaluate<T>(call);
}

/** Loads a page where there is no extension, for comparison. */
export async function visitBare(
  browser: TestBrowser,
  url: string,
): Promise<Pick<Visit, 'page' | 'complaints'>> {
  const complaints = observeComplaints(browser);
  await browser.page.goto(url);
  const page = await accountOf(browser);
  complaints[Symbol.dispose]();
  return { page, complaints: complaints.list };
}

async function accountOf({ page }: TestBrowser): Promise<PageAccount> {
  await page.waitForFunction(
    () => ['done', 'failed'].includes(document.documentElement.dataset['state'] ?? ''),
    undefined,
    { timeout: SCENARIO_MS },
  );
  return page.evaluate(() => {
    const { expectedCalls, expectedCounts, rendered } = globalThis as ZooWindow;
    return {
      state: document.documentElement.dataset['state'],
      status: document.getElementById('status')?.textContent,
      isolated: crossOriginIsolated,
      calls: expectedCalls,
      counts: expectedCounts ?? {},
      rendered,
    };
  });
}

function observeComplaints({ page }: TestBrowser): Disposable & { readonly list: string[] } {
  const list: string[] = [];
  const onError = (error: Error) => list.push(error.message);
  const onConsole = (message: { type(): string; text(): string }) => {
    if (['error', 'warning'].includes(message.type())) list.push(message.text());
  };
  page.on('pageerror', onError);
  page.on('console', onConsole);
  return {
    list,
    [Symbol.dispose]() {
      page.off('pageerror', onError);
      page.off('console', onConsole);
    },
  };
}

function buildSession(inputs: readonly SessionInput[]): Session {
  const session = new Session();
  for (const input of inputs) {
    const taken = session.ingest(input);
    if (!taken.ok) throw new Error(`the session refuses its own input: ${taken.error}`);
  }
  return session;
}

function documentOf(input: SessionInput): string {
  return input.kind === 'document' ? input.origin.document : input.document;
}
