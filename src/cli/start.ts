import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { reportTable } from '../export/report.ts';
import { openPanel } from './devtools-panel.ts';
import { Failure } from './failure.ts';
import { findBrowser } from './find-browser.ts';
import { inspect } from './inspect.ts';
import { launch } from './launch.ts';
import { serveStatic } from './serve.ts';

/** A page of the zoo whose processor is called after its farewell. */
const DEMO_PAGE = '/wrong/process-after-destroy.html';
const DEMO_SECONDS = 4;

export interface StartOptions {
  /** The folder of the built extension. */
  readonly extension: string;
  /** The folder of the demo pages; its index is what opens. */
  readonly pages: string;
  /** The folder of the installed packages that some of the pages use. */
  readonly packages: string;
  /** Where a run without a display leaves its artefacts. */
  readonly out: string;
}

/** Shows the tool at work: in a window where there is a display, else as files and a table. */
export async function start(options: StartOptions): Promise<void> {
  const { pages: root, packages } = options;
  const server = await serveStatic({ root, mounts: { '/node_modules/': packages } });
  try {
    if (hasDisplay()) await startInWindow(options, server.origin);
    else await startWithoutDisplay(options, server.origin);
  } finally {
    await server.close();
  }
}

function hasDisplay(): boolean {
  if (process.platform !== 'linux') return true;
  return Boolean(process.env['DISPLAY'] || process.env['WAYLAND_DISPLAY']);
}

/** Ends when the user closes the browser. */
async function startInWindow({ extension }: StartOptions, origin: string): Promise<void> {
  const executable = findBrowser(undefined);
  if (!executable.ok) throw new Failure(executable.error);
  const launched = await launch({
    executable: executable.value,
    extension,
    devtools: true,
    headless: false,
  });
  try {
    const page = launched.context.pages()[0] ?? (await launched.context.newPage());
    const { connection } = await openPanel(launched.endpoint, page);
    await connection.close();
    await page.goto(`${origin}/`);
    process.stdout.write(`The demo is open at ${origin}/ — close the browser to end it.\n`);
    await new Promise<void>((ended) => launched.browser.once('disconnected', () => ended()));
  } finally {
    await launched.close();
  }
}

async function startWithoutDisplay(
  { extension, out }: StartOptions,
  origin: string,
): Promise<void> {
  const url = `${origin}${DEMO_PAGE}?isolated`;
  const { report, session, trace, picture } = await inspect(
    { url, seconds: DEMO_SECONDS, runSeconds: 0, json: false },
    extension,
  );
  const folder = resolve(out);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'demo.pftrace'), trace);
  writeFileSync(join(folder, 'demo.lifeline'), session);
  writeFileSync(join(folder, 'panel.png'), picture);
  process.stdout.write(`No display here, so the demo ran without one: ${url}\n\n`);
  process.stdout.write(`${reportTable(report)}\n`);
  process.stdout.write(
    `\nThe trace, for ui.perfetto.dev: ${join(folder, 'demo.pftrace')}\n` +
      `The session, for the panel: ${join(folder, 'demo.lifeline')}\n` +
      `A picture of the panel: ${join(folder, 'panel.png')}\n`,
  );
}
