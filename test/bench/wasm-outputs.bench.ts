import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StaticServer } from '../../src/cli/serve.ts';
import { launchBrowser, type TestBrowser } from '../support/browser.ts';
import { bundle } from '../support/bundle.ts';
import { printFigure } from '../support/figure.ts';
import { startServer } from '../support/server.ts';
import { modulesToMeasure } from '../support/wasm-modules.ts';
import { FORMS, type Form, type Output } from '../support/wasm-outputs.ts';
import type { OutputNews } from '../support/wasm-outputs-worker.ts';

/** A call that takes longer may never end, and is left out of all forms. */
const PATIENCE_MS = 5_000;
/** Until the first call begins: a large module is rewritten and compiled before. */
const START_MS = 60_000;
const MOST_SKIPPED = 40;

interface OutputWindow {
  script: string;
  bytes: Uint8Array<ArrayBuffer>;
}

type Ran = { readonly output: Output } | { readonly failed: string; readonly call: number };

let browser: TestBrowser;
let server: StaticServer;
beforeAll(async () => {
  browser = await launchBrowser({ extension: false });
  server = await startServer();
  await browser.page.goto(`${server.origin}/hostile/empty.html`);
  const { href } = await bundle('test/support/wasm-outputs-worker.ts');
  await browser.page.evaluate((href) => {
    const script = decodeURIComponent(href.slice(href.indexOf(',') + 1));
    const blob = new Blob([script], { type: 'text/javascript' });
    (globalThis as unknown as OutputWindow).script = URL.createObjectURL(blob);
  }, href);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Runs one form, or says which call went wrong. */
function run(page: Page, form: Form, skipped: readonly number[]): Promise<Ran> {
  return page.evaluate(
    async ([form, skipped, patience, start]) => {
      const { script, bytes } = globalThis as unknown as OutputWindow;
      const worker = new Worker(script, { type: 'module' });
      let call = -1;
      let timer = 0;
      const ran = await new Promise<Ran>((resolve) => {
        const tooLong = (): void => resolve({ failed: 'takes too long', call });
        timer = setTimeout(tooLong, start) as unknown as number;
        worker.onmessage = ({ data }: MessageEvent<OutputNews>) => {
          if ('output' in data) return resolve(data);
          if ('failed' in data) return resolve({ ...data, call });
          call = data.begins;
          clearTimeout(timer);
          timer = setTimeout(tooLong, patience) as unknown as number;
        };
        worker.onerror = ({ message }) => resolve({ failed: message, call });
        worker.postMessage({ bytes, form, skipped });
      });
      clearTimeout(timer);
      worker.terminate();
      return ran;
    },
    [form, skipped, PATIENCE_MS, START_MS] as const,
  );
}

test.each(modulesToMeasure())(
  '$name does in each form what the original does',
  async ({ name, bytes }) => {
    const { page } = browser;
    await page.evaluate((base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      (globalThis as unknown as OutputWindow).bytes = bytes;
    }, Buffer.from(bytes).toString('base64'));
    const skipped: number[] = [];
    const outputs = new Map<Form, Output>();
    for (let i = 0; i < FORMS.length; ) {
      const form = FORMS[i] ?? 'original';
      const ran = await run(page, form, skipped);
      if ('output' in ran) {
        outputs.set(form, ran.output);
        i++;
        continue;
      }
      if (ran.call < 0 || skipped.length === MOST_SKIPPED)
        throw new Error(`${form}: ${ran.failed}`);
      skipped.push(ran.call);
      outputs.clear();
      i = 0;
    }
    const original = outputs.get('original');
    for (const form of FORMS.slice(1)) {
      const { reports, ...output } = outputs.get(form) ?? { reports: 0 };
      expect({ form, ...output }).toEqual({ form, ...original, reports: undefined });
      if (form !== 'full, freed memory') expect(reports).toBe(0);
    }
    const { reports = 0 } = outputs.get('full, freed memory') ?? {};
    const rest = `${original?.trapped} traps, ${skipped.length} left out, ${reports} reports where all memory was freed`;
    printFigure({
      figure: `${name}, ${bytes.length} bytes: calls without a difference in ${FORMS.length} forms; ${rest}`,
      value: original?.returned ?? 0,
      unit: 'calls',
    });
  },
  600_000,
);
