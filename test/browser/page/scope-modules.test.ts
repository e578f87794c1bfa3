import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';
import { ADD, ALLOCATOR } from '../../support/wasm-allocator.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { launchPageBrowser, type PageBrowser } from './observed-page.ts';

const BYTES = Array.from(assemble(ALLOCATOR + ADD));

/** Without an allocator, with an atomic instruction in memory that others share. */
const ATOMIC_BYTES = Array.from(
  assemble(`
  import memory env.memory 1 1 shared
  export flag func 0
  func i:i
    i32.const 64
    local.get 0
    i32.atomic.rmw.xchg
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

/** A scope that has replaced the built-ins before it compiles anything, and sees which are called. */
const SABOTEUR = `
  const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
  const { then } = Promise.prototype;
  let calls = '';
  const owners = [
    Array, ArrayBuffer, Atomics, DataView, Function, Map, Math, Number, Object, Promise, Reflect, Set, String,
    SharedArrayBuffer, WeakMap, WeakRef, FinalizationRegistry, getPrototypeOf(Uint8Array), WebAssembly.Module,
  ].flatMap((each) => (each.prototype ? [each, each.prototype] : [each]));
  owners.push(getPrototypeOf([].values()), getPrototypeOf(new Map().values()));
  for (const owner of owners) {
    for (const key of ownKeys(owner)) {
      const descriptor = getOwnPropertyDescriptor(owner, key);
      const native = descriptor.value;
      if (!descriptor.configurable || typeof native !== 'function' || key === 'constructor') continue;
      const value = function (...args) {
        calls += ' ' + String(key);
        return new.target ? new native(...args) : apply(native, this, args);
      };
      defineProperty(owner, key, { ...descriptor, value });
    }
  }
  registerProcessor('adder', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { bytes } }) {
      super();
      calls = '';
      const { malloc, free, add } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
      const block = malloc(24);
      const sums = [add(block, 7)];
      free(block);
      apply(then, WebAssembly.compile(bytes), [(module) => {
        const { exports } = new WebAssembly.Instance(module);
        sums[1] = exports.add(exports.malloc(24), 8);
        this.port.postMessage({ name: malloc.name, sums, later: exports.malloc.name, calls });
      }]);
    }
    process() {
      return true;
    }
  });`;

const FILES: Record<string, string> = Object.fromEntries(
  (Object.keys(WAYS) as Way[]).map((way, i) => [`/way-${i}.js`, processorOf(way)]),
);
FILES['/saboteur.js'] = SABOTEUR;
FILES['/poster.js'] = `
  registerProcessor('adder', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { bytes } }) {
      super();
      this.port.postMessage(new WebAssembly.Module(bytes));
    }
    process() {
      return true;
    }
  });`;
/** Touches what it has freed at once, and again with each call. */
FILES['/again.js'] = `
  registerProcessor('adder', class extends AudioWorkletProcessor {
    constructor({ processorOptions: { bytes } }) {
      super();
      const { malloc, free, add } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
      const block = malloc(24);
      free(block);
      this.touch = () => add(block, 1);
      this.touch();
      this.until = currentFrame + sampleRate;
    }
    process() {
      this.touch();
      if (currentFrame < this.until) return true;
      this.port.postMessage({ name: 'done' });
      return false;
    }
  });`;
const fileOf = (way: Way): string => `/way-${(Object.keys(WAYS) as Way[]).indexOf(way)}.js`;

interface Answer {
  /** Of `malloc`: the index of the function, or what the engine complains of. */
  readonly name: string;
  readonly sums?: readonly number[];
  /** Of the saboteur: the same name of the module that was awaited, and which of its functions were called. */
  readonly later?: string;
  readonly calls?: string;
}

interface How {
  /** Touches what it has freed. */
  readonly wrong?: boolean;
  /** How long the page does nothing else once the scope has the bytes. */
  readonly busyMs?: number;
}

async function use(browser: PageBrowser, way: Way, bytes: readonly number[], how: How = {}) {
  return useFile(browser, fileOf(way), bytes, how);
}

async function useFile(
  browser: PageBrowser,
  file: string,
  bytes: readonly number[],
  how: How = {},
) {
  const { page, recorded, close } = await browser.open('/?isolated');
  const answer = await page.evaluate(
    async ([url, numbers, { wrong = false, busyMs = 0 }]) => {
      const context = new AudioContext();
      await context.audioWorklet.addModule(url);
      const processorOptions = { bytes: new Uint8Array(numbers), wrong };
      const node = new AudioWorkletNode(context, 'adder', { processorOptions });
      node.connect(context.destination);
      for (const end = performance.now() + busyMs; performance.now() < end; );
      return new Promise<Answer>((resolve) => {
        node.port.onmessage = ({ data }) => resolve(data);
      });
    },
    [file, bytes, how] as const,
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
    const { answer, recorded, close } = await use(observed, way, BYTES, { wrong: true });
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
    // An audio rendering thread has a small budget for stacks, and spends it.
    expect(of('heapAllocated').map(({ stack }) => stack)).toEqual([
      expect.stringContaining(fileOf(way)),
    ]);
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

test.each(['heap', 'full'] as const)(
  'a scope that has replaced the built-ins is not asked for any of them (%s)',
  async (memory) => {
    await observed.configure({ ...DEFAULT_SETTINGS, memory });
    const plain = await useFile(bare, '/saboteur.js', BYTES);
    await plain.close();
    const { answer, recorded, close } = await useFile(observed, '/saboteur.js', BYTES);
    const { of } = await recorded();
    await close();
    expect(plain.answer).toMatchObject({ sums: [7, 8], calls: '' });
    expect(answer).toMatchObject({ sums: [7, 8], calls: '' });
    expect(Number(answer.name)).toBeGreaterThan(Number(plain.answer.name));
    expect(Number(answer.later)).toBeGreaterThan(Number(plain.answer.later));
    expect(of('uncovered')).toEqual([]);
  },
);

test('functions of a large one begin to check part by part, while it renders', async () => {
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'full' });
  const many = assemble(ALLOCATOR + ADD + '\n  func :\n  end'.repeat(600));
  const { recorded, close } = await useFile(observed, '/again.js', Array.from(many));
  const { of } = await recorded();
  await close();
  const [first, ...others] = of('freedTouched');
  expect(others).toEqual([]);
  expect(first).toMatchObject({ functionName: 'add', length: 24, into: 8 });
  // Not what its constructor did.
  expect(first?.frame).toBeGreaterThan(0);
});

test('atomic instructions of a module that a scope has compiled at once are recorded where it posts it', async () => {
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'heap' });
  const { page, recorded, close } = await observed.open('/?isolated');
  await page.evaluate(async (numbers) => {
    const context = new AudioContext();
    await context.audioWorklet.addModule('/poster.js');
    const processorOptions = { bytes: new Uint8Array(numbers) };
    const node = new AudioWorkletNode(context, 'adder', { processorOptions });
    const module = await new Promise<WebAssembly.Module>((resolve) => {
      node.port.onmessage = ({ data }) => resolve(data);
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    node.port.postMessage(memory);
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    (exports['flag'] as (value: number) => number)(7);
  }, ATOMIC_BYTES);
  const { atomics, of } = await recorded();
  await close();
  expect(atomics.map(({ thread, kind, written }) => [thread, kind, written])).toEqual([
    [0, 'readModifyWrite', 7],
  ]);
  expect(of('atomicsMissed')).toEqual([]);
});

test('a page that does not answer is not waited for', async () => {
  await observed.configure({ ...DEFAULT_SETTINGS, memory: 'heap' });
  const { answer, recorded, close } = await use(observed, 'compile()', BYTES, { busyMs: 6500 });
  const { of } = await recorded();
  await close();
  expect(answer.name).toBe(await nameBare('compile()'));
  expect(answer.sums).toEqual([7, 8]);
  expect(of('uncovered').map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/for the page was busy/),
  ]);
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
