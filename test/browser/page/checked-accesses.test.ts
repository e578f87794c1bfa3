import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { ADD, ALLOCATOR } from '../../support/wasm-allocator.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { VOICES } from '../../support/wasm-voices.ts';
import { launchPageBrowser, type ObservedPage, type PageBrowser } from './observed-page.ts';

/** Its memory is its own, exported, and may grow; `add` adds to the number at an address. */
const BYTES = Array.from(
  assemble(`
${ALLOCATOR.replace('  memory 1\n', '  memory 1 4\n')}
${ADD}
  export grow func 6
  func i:i                     ;; 6 grow
    local.get 0
    memory.grow
  end`),
);

const FILES = {
  '/adder.js': `
    registerProcessor('adder', class extends AudioWorkletProcessor {
      constructor({ processorOptions: { module, wrong } }) {
        super();
        const { malloc, free, add } = new WebAssembly.Instance(module).exports;
        this.add = add;
        this.block = malloc(24);
        if (wrong) free(this.block);
      }
      process(inputs, [[channel]]) {
        channel.fill(this.add(this.block, 1));
        return true;
      }
    });`,
  '/early.html': `<!doctype html><link rel="icon" href="data:,"><script>
    var memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    new Worker(URL.createObjectURL(new Blob(['']))).postMessage(memory);
  </script>`,
  '/sharer.js': `
    registerProcessor('sharer', class extends AudioWorkletProcessor {
      constructor({ processorOptions: { module, memory } }) {
        super();
        new WebAssembly.Instance(module, { env: { memory } });
      }
      process() {
        return false;
      }
    });`,
};

/** What is done with one module, in the page and in offline rendering: all that the page can see of it. */
async function use(page: ObservedPage['page'], wrong: boolean) {
  return page.evaluate(
    async ([numbers, wrong]) => {
      type Call = (...args: number[]) => number;
      const module = await WebAssembly.compile(new Uint8Array(numbers));
      const { exports } = await WebAssembly.instantiate(module);
      const { malloc, free, realloc, add, grow } = exports as Record<string, Call>;
      if (!malloc || !free || !realloc || !add || !grow) throw new Error('an export is missing');
      const memory = exports['memory'] as WebAssembly.Memory;
      const seen: unknown[] = [];
      seen.push(memory instanceof WebAssembly.Memory, memory.buffer.byteLength);
      const block = malloc(24);
      seen.push(add(block, 7), new Int32Array(memory.buffer, block + 8, 1)[0]);
      const before = memory.buffer;
      seen.push(grow(1), before.byteLength, memory.buffer.byteLength, add(block, 1));
      seen.push(memory.grow(1), memory.buffer.byteLength);
      try {
        memory.grow(8);
      } catch (error) {
        seen.push(String(error));
      }
      const moved = realloc(block, 64);
      seen.push(add(moved, 1) - (new Int32Array(memory.buffer, moved + 8, 1)[0] ?? 0));
      free(moved);
      seen.push(WebAssembly.Module.imports(module), WebAssembly.Module.exports(module));
      if (wrong) add(moved, 1);

      const context = new OfflineAudioContext(1, 1280, 48_000);
      await context.audioWorklet.addModule('/adder.js');
      const processorOptions = { module, wrong };
      new AudioWorkletNode(context, 'adder', { processorOptions }).connect(context.destination);
      const rendered = await context.startRendering();
      seen.push(...rendered.getChannelData(0));
      return seen;
    },
    [BYTES, wrong] as const,
  );
}

/** `VOICES` in shared memory: what is freed in the page is touched there, once others may have got the memory. */
const SHARED = Array.from(assemble(VOICES));

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: FILES, extension: false });
  observed = await launchPageBrowser({ files: FILES });
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

describe('a module whose accesses are checked', () => {
  test('does what it does, with memory of its own that grows', async () => {
    const plain = await bare.open('/?isolated');
    const page = await observed.open('/?isolated');
    expect(await use(page.page, false)).toEqual(await use(plain.page, false));
    const recorded = await page.recorded();
    expect(recorded.of('freedTouched')).toEqual([]);
    expect(recorded.of('uncovered')).toEqual([]);
    await page.close();
    await plain.close();
  });

  test('tells of what it touches in each thread, and does the same with it', async () => {
    const plain = await bare.open('/?isolated');
    const page = await observed.open('/?isolated');
    expect(await use(page.page, true)).toEqual(await use(plain.page, true));
    const recorded = await page.recorded();
    const touched = recorded.of('freedTouched');
    expect(touched.map(({ thread, length, into }) => [thread, length, into])).toEqual([
      [0, 64, 8],
      [1, 24, 8],
    ]);
    for (const { access, bytes, writes, functionIndex, functionName } of touched) {
      expect({ access, bytes, writes, functionIndex, functionName }).toEqual({
        access: 'i32.load',
        bytes: 4,
        writes: false,
        functionIndex: 5,
        functionName: 'add',
      });
    }
    // Whoever freed it tells of it: where and when it was handed out, and freed.
    for (const { thread, length, seq } of touched) {
      const said = recorded.records.filter(({ on }) => on === thread);
      const block = said.find((each) => each.record === 'heapAllocated');
      expect(block).toMatchObject({ length });
      const free = said.find((each) => each.record === 'blockFreed');
      expect(free?.seq).toBeGreaterThan(block?.seq ?? seq);
      expect(free?.seq).toBeLessThan(seq);
    }
    expect(recorded.of('freedTouchedAgain').at(-1)).toMatchObject({ times: 8 });
    await page.close();
    await plain.close();
  });
});

type Sharer = 'nobody' | 'a worker' | 'a port' | 'a worker, as the page began' | 'a scope, alone';

/** What the coverage says, and whether the page is told of an access of its own. */
async function share(sharer: Sharer) {
  const path = sharer === 'a worker, as the page began' ? '/early.html' : '/';
  const { page, recorded, close } = await observed.open(`${path}?isolated`);
  await page.evaluate(
    async ([numbers, sharer]) => {
      type Call = (...args: number[]) => number;
      const make = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      const worker = (memory: WebAssembly.Memory): void =>
        new Worker(URL.createObjectURL(new Blob(['']))).postMessage(memory);
      const { memory = make() } = globalThis as { memory?: WebAssembly.Memory };
      const module = await WebAssembly.compile(new Uint8Array(numbers));
      const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
      const { voice_new, voice_delete } = exports as Record<string, Call>;
      const table = exports['__indirect_function_table'] as WebAssembly.Table;
      if (!voice_new || !voice_delete) throw new Error('an export is missing');
      const context = new OfflineAudioContext(1, 1280, 48_000);
      await context.audioWorklet.addModule('/sharer.js');
      const processorOptions = { module, memory: sharer === 'a scope, alone' ? make() : memory };
      new AudioWorkletNode(context, 'sharer', { processorOptions }).connect(context.destination);
      await context.startRendering();
      if (sharer === 'a worker') worker(memory);
      if (sharer === 'a port') new MessageChannel().port1.postMessage(memory);
      if (sharer === 'a scope, alone') await new Promise((done) => setTimeout(done, 200));
      const voice = voice_new();
      voice_delete(voice);
      table.get(1)(0, 0, 0, 0, 0, 0, voice);
    },
    [SHARED, sharer] as const,
  );
  const { of } = await recorded();
  await close();
  return { said: of('uncovered').map(({ detail }) => detail), touched: of('freedTouched').length };
}

describe('shared memory', () => {
  test.each(['nobody', 'a worker'] as const)(
    'is checked where audio rendering threads work in it too, and %s',
    async (sharer) => {
      expect(await share(sharer)).toEqual({ said: [], touched: 1 });
    },
  );

  test.each([
    ['a port', /^Memory: a heap is handed to a thread/],
    ['a worker, as the page began', /^Memory: a thread .* had a heap before/],
  ] as const)(
    'is not checked where it was handed to %s, for what frees it there may not be seen',
    async (sharer, why) => {
      const { said, touched } = await share(sharer);
      expect(said).toContainEqual(expect.stringMatching(why));
      expect(said).toContainEqual(expect.stringMatching(/a thread that is not heard/));
      expect(touched).toBe(0);
    },
  );

  test('is not checked once a scope works in memory of whose shadow it does not know', async () => {
    const { said, touched } = await share('a scope, alone');
    expect(said.toSorted()).toEqual([
      expect.stringMatching(/^Memory: a module that runs as it is, or a thread that is not heard/),
      expect.stringMatching(/^Memory: another thread runs a module/),
    ]);
    expect(touched).toBe(0);
  });
});
