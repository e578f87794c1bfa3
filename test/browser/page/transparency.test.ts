import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchPageBrowser, type PageBrowser } from './observed-page.ts';
import { describeAudio } from './probes/describe-audio.ts';
import { loadModules } from './probes/load-modules.ts';
import { PROBE_PROCESSORS, runProcessors } from './probes/run-processors.ts';

const FILES = {
  '/probe.js': PROBE_PROCESSORS,
  '/fails.js': 'throw new Error("a module that throws");',
  '/syntax.js': 'this is no JavaScript',
  '/sub/empty.js': '',
};
const FLAGS = ['--js-flags=--expose-gc'];

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: FILES, extension: false, flags: FLAGS });
  observed = await launchPageBrowser({ files: FILES, flags: FLAGS });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

/** What `probe` sees in a page without the extension, and in one with it. */
async function both<T>(
  probe: () => T | Promise<T>,
  path = '/?isolated',
): Promise<{ readonly bare: T; readonly observed: T }> {
  const pages = [await bare.open(path), await observed.open(path)] as const;
  try {
    const [without, withIt] = await Promise.all(pages.map(({ page }) => page.evaluate(probe)));
    const erase = (value: unknown): T =>
      JSON.parse(
        JSON.stringify(value)
          .replaceAll(bare.origin, 'http://page')
          .replaceAll(observed.origin, 'http://page'),
      );
    return { bare: erase(without), observed: erase(withIt) };
  } finally {
    for (const page of pages) await page.close();
  }
}

describe('a page sees no difference', () => {
  test('in the shape of anything that Web Audio, ports and functions offer', async () => {
    const seen = await both(describeAudio);
    expect(Object.keys(seen.bare).length).toBeGreaterThan(100);
    expect(seen.observed).toEqual(seen.bare);
  });

  test('in how modules load, fail and resolve', async () => {
    const seen = await both(loadModules);
    expect(seen.bare).toMatchObject({ relative: 'undefined' });
    expect(seen.observed).toEqual(seen.bare);
  });

  for (const path of ['/?isolated', '/?plain']) {
    test(`in what processors see and do (${path})`, async () => {
      const seen = await both(runProcessors, path);
      expect(seen.bare).toMatchObject({ getterReads: 10, argumentCount: 3 });
      expect(seen.bare).toHaveProperty('growing.0.old', 1);
      expect(seen.observed).toEqual(seen.bare);
    });
  }

  test('in its globals, but for __lifeline__', async () => {
    const seen = await both(() => Object.getOwnPropertyNames(globalThis).sort());
    expect(seen.observed.filter((name) => !seen.bare.includes(name))).toEqual(['__lifeline__']);
    expect(seen.bare.filter((name) => !seen.observed.includes(name))).toEqual([]);
  });

  test('in when nodes and processors are collected', async () => {
    const seen = await both(dropNodes);
    expect(seen.observed).toEqual(seen.bare);
    expect(seen.observed).toEqual({ finished: 20, running: 0 });
  });
});

test('what is collected is recorded', async () => {
  const { page, recorded, close } = await observed.open('/?isolated');
  await page.evaluate(dropNodes);
  const seen = await recorded();
  expect(seen.of('nodeCollected')).toHaveLength(20);
  await close();
});

test('a strict content security policy is kept, and everything is still seen', async () => {
  const headers = { 'content-security-policy': "default-src 'none'; script-src 'self'" };
  const strict = await launchPageBrowser({ files: FILES, headers });
  try {
    const { page, recorded, close } = await strict.open('/');
    const violations = await page.evaluate(async () => {
      const seen: string[] = [];
      addEventListener('securitypolicyviolation', (event) => seen.push(event.violatedDirective));
      const context = new OfflineAudioContext(1, 1280, 48_000);
      await context.audioWorklet.addModule('/probe.js');
      new AudioWorkletNode(context, 'plain').connect(context.destination);
      await context.startRendering();
      return seen;
    });
    expect(violations).toEqual([]);
    expect((await recorded()).calls).toBe(10);
    await close();
  } finally {
    await strict.close();
  }
});

/** Twenty nodes that answer `false` and twenty that answer `true`, all let go; how many were collected. */
async function dropNodes(): Promise<{ finished: number; running: number }> {
  const { gc } = globalThis as unknown as { gc(): void };
  const context = new AudioContext();
  await context.audioWorklet.addModule('/probe.js');
  const collected = { finished: 0, running: 0 };
  const registry = new FinalizationRegistry<'finished' | 'running'>((kind) => {
    collected[kind]++;
  });
  for (const kind of ['finished', 'running'] as const) {
    for (let i = 0; i < 20; i++) registry.register(new AudioWorkletNode(context, kind), kind);
  }
  for (let i = 0; i < 40 && collected.finished < 20; i++) {
    await new Promise((done) => setTimeout(done, 50));
    gc();
  }
  return collected;
}
