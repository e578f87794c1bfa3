import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { ALLOCATOR } from '../../support/wasm-allocator.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { launchPageBrowser, type PageBrowser } from './observed-page.ts';

/** `add` adds to the number at an address. */
const BYTES = Array.from(
  assemble(`
${ALLOCATOR}
  export add func 5
  func ii:i                    ;; 5 add
    local.get 0
    local.get 0
    i32.load offset=8
    local.get 1
    i32.add
    i32.store offset=8
    local.get 0
    i32.load offset=8
  end`),
);

/** How a scope comes by a module: at once or by and by, in its own words. */
const WAYS = {
  'new Module': 'new WebAssembly.Instance(new WebAssembly.Module(bytes))',
  'compile()': 'new WebAssembly.Instance(await WebAssembly.compile(bytes))',
  'instantiate()': '(await WebAssembly.instantiate(bytes)).instance',
} as const;
type Way = keyof typeof WAYS;

const processorOf = (way: Way): string => `
  async function make(bytes) {
    try {
      return ${WAYS[way]};
    } catch (error) {
      return { exports: { malloc: { name: String(error) } } };
    }
  }
  registerProcessor('adder', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { bytes, wrong } }) {
      super();
      make(bytes).then(({ exports: { malloc, free, add } }) => {
        if (!add) {
          this.port.postMessage({ name: malloc.name });
          return;
        }
        const block = malloc(24);
        const sums = [add(block, 7), add(block, 1)];
        free(block);
        if (wrong) sums.push(add(block, 1));
        this.port.postMessage({ name: malloc.name, sums });
      });
    }
    process() {
      return true;
    }
  });`;

const FILES = Object.fromEntries(
  (Object.keys(WAYS) as Way[]).map((way, i) => [`/way-${i}.js`, processorOf(way)]),
);
const fileOf = (way: Way): string => `/way-${(Object.keys(WAYS) as Way[]).indexOf(way)}.js`;

interface Answer {
  /** Of `malloc`: the index of the function, or what the engine complains of. */
  readonly name: string;
  readonly sums?: readonly number[];
}

async function use(browser: PageBrowser, way: Way, bytes: readonly number[], wrong = false) {
  const { page, recorded, close } = await browser.open('/?isolated');
  const answer = await page.evaluate(
    async ([url, numbers, wrong]) => {
      const context = new AudioContext();
      await context.audioWorklet.addModule(url);
      const processorOptions = { bytes: new Uint8Array(numbers), wrong };
      const node = new AudioWorkletNode(context, 'adder', { processorOptions });
      return new Promise<Answer>((resolve) => {
        node.port.onmessage = ({ data }) => resolve(data);
      });
    },
    [fileOf(way), bytes, wrong] as const,
  );
  return { answer, recorded, close };
}

let bare: PageBrowser;
let observed: PageBrowser;
beforeAll(async () => {
  bare = await launchPageBrowser({ files: FILES, extension: false });
  observed = await launchPageBrowser({ files: FILES });
});
afterAll(async () => {
  await observed?.close();
  await bare?.close();
});

describe.each(Object.keys(WAYS) as Way[])('a module that a scope compiles by %s', (way) => {
  test.each(['heap', 'full'] as const)('tells of its heap there (%s)', async (memory) => {
    await observed.configure({ ...DEFAULT_SETTINGS, memory });
    const { answer, recorded, close } = await use(observed, way, BYTES);
    const { records, of } = await recorded();
    await close();
    expect(answer.sums).toEqual([7, 8]);
    // Functions of ours stand before the module's own.
    expect(Number(answer.name)).toBeGreaterThan(Number(await nameBare(way)));
    const told = records.filter(({ record, on }) => record === 'heapState' && on === 1);
    expect(told.at(-1)).toMatchObject({ made: 1, freed: 1, freedBytes: 24 });
    expect(of('uncovered')).toEqual([]);
    expect(of('wasmCompiled').map(({ sync }) => sync)).toEqual([way === 'new Module']);
  });

  test('tells what it touches of freed memory', async () => {
    await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
    const { answer, recorded, close } = await use(observed, way, BYTES, true);
    const { of } = await recorded();
    await close();
    expect(answer.sums?.slice(0, 2)).toEqual([7, 8]);
    expect(
      of('freedTouched').map(({ thread, length, into, functionName, access }) => [
        thread,
        length,
        into,
        functionName,
        access,
      ]),
    ).toEqual([[1, 24, 8, 'add', 'i32.load']]);
  });

  test('is complained of by the engine in its own words, when it is none', async () => {
    await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
    const broken = [...BYTES.slice(0, 20), 0xff, ...BYTES.slice(21)];
    const plain = await use(bare, way, broken);
    const watched = await use(observed, way, broken);
    expect(plain.answer.name).toContain('CompileError');
    expect(watched.answer).toEqual(plain.answer);
    await plain.close();
    await watched.close();
  });
});

test('at the ledger such a module runs as it is, and nothing is loaded for it', async () => {
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'ledger' });
  const { answer, recorded, close } = await use(observed, 'new Module', BYTES);
  const { of } = await recorded();
  await close();
  expect(answer.name).toBe(await nameBare('new Module'));
  expect(of('uncovered')).toEqual([]);
});

async function nameBare(way: Way): Promise<string> {
  const { answer, close } = await use(bare, way, BYTES);
  await close();
  return answer.name;
}
