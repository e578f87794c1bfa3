import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser } from '../page/observed-page.ts';
import { describeScope } from './probes/describe-scope.ts';
import { failWorkers } from './probes/fail-workers.ts';
import { PROBE_FILES } from './probes/files.ts';
import { makeWorkers } from './probes/make-workers.ts';

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: PROBE_FILES, extension: false });
  observed = await launchPageBrowser({ files: PROBE_FILES });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

/** What `probe` sees in a page without the extension, and in one with it. */
async function both<T, Argument>(
  probe: (argument: Argument) => T | Promise<T>,
  argument: Argument,
  path = '/?isolated',
): Promise<{ readonly bare: T; readonly observed: T }> {
  const pages = [await bare.open(path), await observed.open(path)] as const;
  try {
    const [without, withIt] = await Promise.all(
      pages.map(({ page }) => page.evaluate(probe as never, argument) as Promise<T>),
    );
    const erase = (value: unknown): T =>
      JSON.parse(
        JSON.stringify(value)
          .replaceAll(bare.origin, 'http://page')
          .replaceAll(observed.origin, 'http://page')
          .replaceAll(bare.origin.slice(7), 'page')
          .replaceAll(observed.origin.slice(7), 'page')
          .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid'),
      );
    return { bare: erase(without), observed: erase(withIt) };
  } finally {
    for (const page of pages) await page.close();
  }
}

describe('a worker sees no difference', () => {
  for (const type of ['classic', 'module'] as const) {
    for (const from of ['url', 'blob', 'nested'] as const) {
      test(`in its scope (${type}, ${from})`, async () => {
        const seen = await both(describeScope, { type, from });
        expect(seen.bare).toMatchObject({ name: 'a name', greeting: 'hello' });
        expect(seen.observed).toEqual(seen.bare);
      });
    }
  }
});

describe('a page sees no difference', () => {
  test('in how workers are made', async () => {
    const seen = await both(makeWorkers, undefined);
    expect(seen.bare.order).toEqual(['url', 'credentials', 'name', 'type']);
    expect(seen.observed).toEqual(seen.bare);
  });

  test('in how they fail', async () => {
    const seen = await both(failWorkers, undefined);
    expect(Object.keys(seen.bare)).toHaveLength(10);
    expect(seen.observed).toEqual(seen.bare);
  });
});
