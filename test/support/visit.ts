import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame } from 'playwright-core';
import type { Finding } from '../../src/analysis/finding.ts';
import { judge } from '../../src/analysis/judge.ts';
import { Session } from '../../src/analysis/session.ts';
import type { SessionInput } from '../../src/analysis/session-input.ts';
import type { StaticServer } from '../../src/cli/serve.ts';
import { parseSessionFile } from '../../src/export/session-file.ts';
import type { PanelAutomation } from '../../src/panel/automation.ts';
import type { MemoryLevel } from '../../src/shared/settings.ts';
import { launchBrowser, type TestBrowser } from './browser.ts';
import { startServer } from './server.ts';

const VISIT_MS = 40_000;
const SCENARIO_MS = 30_000;
const FLUSH_MS = 10_000;
/** Playwright's own click looks first whether and where the button can be seen: a tenth of a second, each time. */
const CLICK_CLEAR = `document.querySelector('[title^="Clear (Ctrl"]').click()`;

/** What the panel came to know of one page. */
export interface Visit {
  /** As the panel shows them. */
  readonly findings: readonly Finding[];
  /** The same page's records, read back from a saved session, and what they make. */
  readonly inputs: readonly SessionInput[];
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
  #memory: MemoryLevel = 'ledger';
  #stress = 0;
  /** What a visit that hangs was doing. */
  #doing = '';

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
   * fails leaves nothing behind: the next one gets a browser of its own. `stress`: the seed of stress
   * teardown; 0: none.
   */
  async visit(path: string, memory: MemoryLevel = 'ledger', stress = 0): Promise<Visit> {
    const open = await this.#browser();
    if (memory !== this.#memory)
      await ask(open.panel, (its, level) => its.setMemory(level), memory);
    this.#memory = memory;
    if (stress !== this.#stress) await ask(open.panel, (its, seed) => its.setStress(seed), stress);
    this.#stress = stress;
    const patience = new AbortController();
    try {
      return await Promise.race([this.#visit(path, open), this.#tooLong(patience.signal)]);
    } catch (error) {
      this.#open = undefined;
      await open.browser.close();
      throw error;
    } finally {
      patience.abort();
    }
  }

  async #browser(): Promise<OpenBrowser> {
    if (this.#open === undefined) {
      this.#open = await openBrowser();
      this.#memory = 'ledger';
      this.#stress = 0;
    }
    return this.#open;
  }

  /** A page that hangs does not answer, and what is asked of it does not always time out. */
  async #tooLong(signal: AbortSignal): Promise<never> {
    await sleep(VISIT_MS, undefined, { signal, ref: false });
    throw new Error(`the visit took longer than ${VISIT_MS / 1000} s, ${this.#doing}`);
  }

  async #visit(path: string, { browser, panel }: OpenBrowser): Promise<Visit> {
    const complaints = observeComplaints(browser);
    this.#doing = 'loading the page';
    await browser.page.goto(`${this.origin}/${path}`);
    this.#doing = 'waiting for its scenario';
    const account = await accountOf(browser);
    this.#doing = 'asking the panel';
    const { complete } = await ask(panel, (its, ms) => its.flush(ms), FLUSH_MS);
    if (!complete) throw new Error('the panel could not flush');
    const [shown, base64] = await ask(panel, (its) =>
      Promise.all([its.findings(), its.sessionBase64()]),
    );
    const alerts = await panel.locator('.notices [role=alert]').allTextContents();
    complaints[Symbol.dispose]();
    this.#doing = 'clearing the panel';
    // Lest each page be asked for with all that were before it.
    await panel.evaluate(CLICK_CLEAR);
    await ask(panel, (its, ms) => its.flush(ms), FLUSH_MS);

    const parsed = parseSessionFile(new Uint8Array(Buffer.from(base64, 'base64')));
    if (!parsed.ok) throw new Error(`the saved session does not open: ${parsed.error}`);
    const all = buildSession(parsed.value);
    const fresh = all.documents.filter(({ id }) => !this.#known.has(id));
    for (const { id } of fresh) this.#known.add(id);
    const ids = new Set(fresh.map(({ id }) => id));
    const prefixes = fresh.map(({ index }) => `${index}/`);
    const inputs = parsed.value.filter((input) => ids.has(documentOf(input)));
    const own = (finding: Finding) => prefixes.some((each) => finding.entity.id.startsWith(each));
    return {
      findings: shown.filter(own),
      judged: judge(all).filter(own),
      inputs,
      session: buildSession(inputs),
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

/** Several visitors side by side: most of the time a page only waits for its audio. First come, first served. */
export class Visitors implements AsyncDisposable {
  readonly #all: readonly Visitor[];
  readonly #idle: Visitor[];
  readonly #queue: Turn[] = [];

  private constructor(visitors: readonly Visitor[]) {
    this.#all = visitors;
    this.#idle = [...visitors];
  }

  static async open(count: number): Promise<Visitors> {
    const visitors: Visitor[] = [];
    // One after the other: a browser that starts has enough to do.
    while (visitors.length < count) visitors.push(await Visitor.open());
    return new Visitors(visitors);
  }

  /** Of the first one’s server. */
  get origin(): string {
    return this.#all[0]?.origin ?? '';
  }

  /** A page that is visited `alone` has the machine to itself. */
  async visit(path: string, alone: boolean, memory?: MemoryLevel, stress?: number): Promise<Visit> {
    const taken = await new Promise<readonly Visitor[]>((serve) => {
      this.#queue.push({ needed: alone ? this.#all.length : 1, serve });
      this.#serve();
    });
    try {
      const [visitor] = taken;
      if (visitor === undefined) throw new Error('there is no visitor');
      return await visitor.visit(path, memory, stress);
    } finally {
      this.#idle.push(...taken);
      this.#serve();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#all) await each[Symbol.asyncDispose]();
  }

  #serve(): void {
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined || first.needed > this.#idle.length) return;
      this.#queue.shift();
      first.serve(this.#idle.splice(0, first.needed));
    }
  }
}

interface Turn {
  readonly needed: number;
  readonly serve: (visitors: readonly Visitor[]) => void;
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

function ask<T, A = number>(
  panel: Frame,
  question: (its: PanelAutomation, argument: A) => Promise<T>,
  argument?: A,
): Promise<T> {
  const call = `(${question.toString()})(globalThis.lifelinePanel, ${JSON.stringify(argument)})`;
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

export function buildSession(inputs: readonly SessionInput[]): Session {
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
