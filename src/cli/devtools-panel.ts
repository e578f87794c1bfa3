import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, CDPSession, Frame, Page } from 'playwright-core';
import { connect } from './debugging-socket.ts';
import { Failure } from './failure.ts';

const POLL_MS = 50;
/** A window may be listed before a connection can see it: then to connect again is the only way. */
const CONNECT_AGAIN_MS = 1000;
const PANEL_PATH = '/panel/panel.html';

/**
 * Runs in the DevTools front end. Gives the inspected tab's target id, and shows the extension's panel
 * when it is asked to. Text, because bundlers rewrite `import()` inside functions.
 */
const FRONT_END = `async (show) => {
  const SDK = await import('./core/sdk/sdk.js');
  const UI = await import('./ui/legacy/legacy.js');
  const target = SDK.TargetManager.TargetManager.instance().primaryPageTarget();
  const view = UI.InspectorView.InspectorView.instance();
  const id = [...view.tabbedPane.tabsById.keys()].find((key) => key.startsWith('chrome-extension'));
  if (show && id !== undefined) await view.showPanel(id);
  return { target: target?.id(), panel: id !== undefined };
}`;

interface FrontEnd {
  readonly target: string | undefined;
  readonly panel: boolean;
}

/** A panel in the DevTools of a tab. */
export interface OpenPanel {
  readonly frame: Frame;
  /** The DevTools window around it, for the keyboard and for screenshots. */
  readonly devtools: Page;
  /** The connection over which both are driven; to be closed after use. */
  readonly connection: Browser;
}

/**
 * Shows the extension's panel in the DevTools of `page`, which must have been opened with the tab.
 * DevTools windows are only seen by a connection that is younger than they are, hence one for each panel.
 */
export async function openPanel(
  endpoint: string,
  page: Page,
  timeoutMs = 15_000,
): Promise<OpenPanel> {
  const deadline = Date.now() + timeoutMs;
  const session = await page.context().newCDPSession(page);
  const { targetInfo } = await session.send('Target.getTargetInfo');
  let asked = '';
  let askedAt = 0;
  while (Date.now() < deadline) {
    const loaded = await loadedWindows(session);
    const isNews = loaded !== asked || Date.now() - askedAt > CONNECT_AGAIN_MS;
    if (loaded !== '' && isNews) {
      asked = loaded;
      askedAt = Date.now();
      const connection = await connect(endpoint, timeoutMs);
      const devtools = await findDevtools(connection, targetInfo.targetId, deadline);
      const frame = devtools === undefined ? undefined : await showPanel(devtools, deadline);
      if (devtools !== undefined && frame !== undefined) {
        await session.detach();
        return { frame, devtools, connection };
      }
      await connection.close();
    }
    await sleep(POLL_MS);
  }
  throw new Failure(
    'the Lifeline panel did not appear in DevTools: the browser may refuse unpacked extensions',
  );
}

/** The target ids of all DevTools windows that a new connection would see: while they load they are no pages yet. */
async function loadedWindows(session: CDPSession): Promise<string> {
  const { targetInfos } = await session.send('Target.getTargets');
  return targetInfos
    .filter(({ type, url }) => type === 'page' && url.startsWith('devtools://'))
    .map(({ targetId }) => targetId)
    .sort()
    .join();
}

/** Asks each DevTools window, until all have said whose they are: to connect costs more than to ask again. */
async function findDevtools(
  connection: Browser,
  targetId: string,
  deadline: number,
): Promise<Page | undefined> {
  const pages = connection.contexts().flatMap((context) => context.pages());
  let silent = pages.filter((page) => page.url().startsWith('devtools://'));
  while (silent.length > 0 && Date.now() < deadline) {
    const still: Page[] = [];
    for (const each of silent) {
      const { target } = await askFrontEnd(each, false);
      if (target === targetId) return each;
      if (target === undefined && !each.isClosed()) still.push(each);
    }
    silent = still;
    await sleep(POLL_MS);
  }
  return undefined;
}

/** Undefined when DevTools has no such panel before the deadline. */
async function showPanel(devtools: Page, deadline: number): Promise<Frame | undefined> {
  while (Date.now() < deadline) {
    const { panel } = await askFrontEnd(devtools, true);
    const frame = devtools.frames().find((each) => each.url().endsWith(PANEL_PATH));
    if (panel && frame !== undefined) return frame;
    await sleep(POLL_MS);
  }
  return undefined;
}

function askFrontEnd(devtools: Page, show: boolean): Promise<FrontEnd> {
  const nothing: FrontEnd = { target: undefined, panel: false };
  // While the front end loads, its modules and its context come and go.
  return devtools.evaluate<FrontEnd>(`(${FRONT_END})(${show})`).catch(() => nothing);
}
