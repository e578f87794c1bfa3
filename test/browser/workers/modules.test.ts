import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { lineOf } from '../../support/atomic-entries.ts';
import { ALLOCATOR } from '../../support/wasm-allocator.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { launchPageBrowser, type ObservedPage, type PageBrowser } from '../page/observed-page.ts';
import { compileFiles, compileInWorkers } from './probes/compile-in-workers.ts';

const BYTES = assemble(`
  import memory env.memory 1 1 shared
  export add func 5
  export swap func 6
${ALLOCATOR.replace('  memory 1\n', '').replace('  export memory memory 0\n', '')}
  func ii:i
    local.get 0
    local.get 1
    i32.atomic.rmw.add
  end
  func ii:i
    local.get 0
    local.get 1
    i32.atomic.rmw.xchg
  end`);

/** A worker that compiles a module by and by, and reads what it has freed. */
const TOUCHER = {
  '/toucher.js': `
    onmessage = async ({ data }) => {
      const { malloc, free, first } = (await WebAssembly.instantiate(data)).instance.exports;
      const block = malloc(24);
      free(block);
      postMessage(first(block));
    };
  `,
};
const WITH_MEMORY = Array.from(
  assemble(`
${ALLOCATOR}
  export first func 5
  func i:i                     ;; 5 first
    local.get 0
    i32.load
  end`),
);

/** A worker that sends on what it is sent, to one of its own that it makes at once or only then. */
const NESTED = {
  '/outer.js': `
    const made = () => new Worker('/inner.js');
    const early = location.search === '?early' ? made() : undefined;
    onmessage = ({ data }) => {
      const inner = early ?? made();
      inner.onmessage = (event) => postMessage(event.data);
      inner.postMessage(data);
    };
  `,
  '/inner.js': `
    onmessage = ({ data: { module, memory } }) => {
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      postMessage(exports.add(64, 2));
    };
  `,
};

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  const files = { ...compileFiles(BYTES), ...NESTED, ...TOUCHER };
  bare = await launchPageBrowser({ files, extension: false });
  observed = await launchPageBrowser({ files });
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'heap' });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

async function openBoth(path: string): Promise<readonly [ObservedPage, ObservedPage]> {
  return [await bare.open(path), await observed.open(path)];
}

describe.each(['classic', 'module'] as const)('in a %s worker', (type) => {
  test('results and errors of WebAssembly are as without us, and what happens is recorded', async () => {
    const [without, withUs] = await openBoth('/?isolated');
    try {
      const plain = await without.page.evaluate(compileInWorkers, type);
      expect(plain).toMatchObject({ said: { posted: { 0: true } }, shared: 10 });
      expect(await withUs.page.evaluate(compileInWorkers, type)).toEqual(plain);

      const seen = await withUs.recorded();
      const worker = seen.records.find(({ record }) => record === 'scopeState')?.on ?? 0;
      expect(worker).toBeGreaterThan(0);
      // What crossed threads is told; the worker's own memories order nothing.
      const lines = seen.atomics.filter(({ thread }) => thread === worker).map(lineOf);
      expect(lines).toEqual(['readModifyWrite 1 0→2', 'writes 1 2→10 ×5']);
      const on = (record: string, thread: number) =>
        seen.records.filter((each) => each.record === record && each.on === thread).length;
      expect(on('atomicsCovered', 0)).toBe(1);
      expect(on('atomicsCovered', worker)).toBeGreaterThanOrEqual(5);
      expect(on('atomicsMissed', worker)).toBe(0);
      const said = seen.of('uncovered').map(({ detail }) => detail);
      // What it compiles at once before the rewriter is there runs as it is, and so all memory that others share is exposed.
      const atOnce = said.some((text) => text.includes('compiled at once'));
      const allowed = atOnce ? /compiled at once|runs as it is/ : /compiled at once/;
      expect(said.filter((text) => !allowed.test(text))).toEqual([]);
    } finally {
      await withUs.close();
      await without.close();
    }
  });
});

test.each(['early', 'late'])(
  'a worker of a worker, made %s, tells what a module does there, or that it is not seen',
  async (when) => {
    const { page, recorded, close } = await observed.open('/?isolated');
    try {
      await page.evaluate(async (when) => {
        const { BYTES } = globalThis as unknown as { readonly BYTES: readonly number[] };
        const module = await WebAssembly.compile(new Uint8Array(BYTES));
        const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
        const worker = new Worker(`/outer.js?${when}`);
        await new Promise((resolve) => {
          worker.onmessage = resolve;
          worker.postMessage({ module, memory });
        });
      }, when);
      const seen = await recorded();
      const threads = seen.of('workerThread').map(({ thread }) => thread);
      expect(threads).toHaveLength(2);
      const told = seen.atomics.filter(({ thread }) => thread === Math.max(...threads));
      const missed = seen.of('atomicsMissed').length;
      // Never neither, which would make an order that was there look like none.
      expect(told.map(lineOf)).toEqual(missed > 0 ? [] : ['readModifyWrite 1 0→2']);
      if (when === 'late') expect(missed).toBe(0);
    } finally {
      await close();
    }
  },
);

test('a module that a worker compiles tells what it touches of freed memory', async () => {
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
  const { page, recorded, close } = await observed.open('/?isolated');
  try {
    await page.evaluate(async (numbers) => {
      const worker = new Worker('/toucher.js');
      await new Promise((resolve) => {
        worker.onmessage = resolve;
        worker.postMessage(new Uint8Array(numbers));
      });
    }, WITH_MEMORY);
    const { of, records } = await recorded();
    const worker = records.find(({ record }) => record === 'scopeState')?.on;
    const touched = of('freedTouched');
    expect(
      touched.map(({ thread, length, into, functionName }) => [thread, length, into, functionName]),
    ).toEqual([[worker, 24, 0, 'first']]);
    expect(of('uncovered')).toEqual([]);
  } finally {
    await close();
  }
});
