import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser, BrowserContext, Frame, Page } from 'playwright-core';
import { openPanel } from '../../src/cli/devtools-panel.ts';
import { findBrowser } from '../../src/cli/find-browser.ts';
import { launch } from '../../src/cli/launch.ts';
import { attachPanel } from '../../src/cli/panel-handle.ts';

/** The built extension: browser tests run nothing else. */
export const EXTENSION = resolve(import.meta.dirname, '../../dist/chromium');

export interface TestBrowserOptions {
  /** With the built extension; true unless said otherwise. */
  readonly extension?: boolean;
  /** With DevTools open for every tab; needed for `panel()`. */
  readonly devtools?: boolean;
  /** More switches for the browser's command line. */
  readonly flags?: readonly string[];
  /** A profile to keep; a fresh one otherwise. */
  readonly profile?: string;
}

export interface TestBrowser extends AsyncDisposable {
  readonly context: BrowserContext;
  /** The tab that the browser came up with. */
  readonly page: Page;
  /** The address of the debugging port. */
  readonly endpoint: string;
  /** The folder of its profile. */
  readonly profile: string;
  newPage(): Promise<Page>;
  /** The real panel in the DevTools of `page`, shown and started. Each call connects anew. */
  panel(page?: Page): Promise<Frame>;
  close(): Promise<void>;
}

/** A headless Chromium with the built extension and a profile of its own, ended by `close()`. */
export async function launchBrowser(options: TestBrowserOptions = {}): Promise<TestBrowser> {
  const { extension = true, devtools = false, flags = [], profile } = options;
  if (extension && !existsSync(resolve(EXTENSION, 'manifest.json'))) {
    throw new Error('the extension is not built: run `npm run build`');
  }
  const executable = findBrowser(undefined);
  if (!executable.ok) throw new Error(executable.error);
  const launched = await launch({
    executable: executable.value,
    devtools,
    headless: true,
    flags,
    ...(extension ? { extension: EXTENSION } : {}),
    ...(profile === undefined ? {} : { profile }),
  });
  const { context, endpoint } = launched;
  const page = context.pages()[0] ?? (await context.newPage());
  const connections: Browser[] = [];
  const close = async (): Promise<void> => {
    for (const connection of connections) await connection.close();
    await launched.close();
  };
  return {
    context,
    page,
    endpoint,
    profile: launched.profile,
    newPage: () => context.newPage(),
    async panel(of = page) {
      const opened = await openPanel(endpoint, of);
      connections.push(opened.connection);
      await attachPanel(opened);
      return opened.frame;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
