import { afterEach, beforeEach, expect, test } from 'vitest';
import { Patches } from '../../../../src/base/patch.ts';
import type { ToldBlock } from '../../../../src/hooks/heap/heap.ts';
import { HeapBlocks } from '../../../../src/hooks/heap/heap-blocks.ts';
import { HeapMap } from '../../../../src/hooks/heap/heap-map.ts';
import { FormsAhead } from '../../../../src/hooks/wasm/forms-ahead.ts';
import type { WasmAtomics } from '../../../../src/hooks/wasm/wasm-atomic-imports.ts';
import { observeCompilations } from '../../../../src/hooks/wasm/wasm-compilations.ts';
import { hookDoors } from '../../../../src/hooks/wasm/wasm-doors.ts';
import type { WasmNatives } from '../../../../src/hooks/wasm/wasm-natives.ts';
import { rewriteModule } from '../../../../src/injected/wasm/rewrite-module.ts';
import type { Micros } from '../../../../src/shared/units.ts';
import { heapHost } from '../../../support/heap-host.ts';
import { ALLOCATOR } from '../../../support/wasm-allocator.ts';
import { assemble } from '../../../support/wasm-assembler.ts';
import { wasmModule } from '../../../support/wasm-bytes.ts';
import '../../../support/wasm-engine.ts';

const NAME = 'lifeline-test';
const BYTES = assemble(ALLOCATOR);
const { Module, Instance } = WebAssembly;

let patches: Patches;
let heaps: HeapBlocks;
let told: ToldBlock[];
let freed: string[];
let said: string[];
let covered: string[];
let missed: number;
/** Forms that other threads have by now, and how often one was compiled once more. */
let sentAhead: Map<number, object>;
let forms: FormsAhead;
let again: number;
let atomics: WasmAtomics | undefined;
/** Without what rewrites it is a scope that only receives modules. */
let hook: (rewrites?: boolean) => void;

beforeEach(() => {
  patches = new Patches();
  told = [];
  freed = [];
  said = [];
  covered = [];
  missed = 0;
  again = 0;
  sentAhead = new Map();
  forms = new FormsAhead(
    (id, form) => sentAhead.set(id, form),
    (id) => sentAhead.delete(id),
  );
  atomics = undefined;
  let place = 0;
  heaps = new HeapBlocks(
    heapHost({
      map: new HeapMap(HeapMap.share(0)),
      next: () => (place += 2),
      now: () => place as Micros,
      stack: () => 'at f (wasm://wasm/0a:wasm-function[8]:0x1a)\nat g (page.js:1:2)',
      isSharable: () => false,
      found: () => said.push('found'),
      told: (each) => told.push(each),
      freed: ({ block: which }, seq, _, stack) => freed.push(`${which} at ${seq}: ${stack}`),
      strayed: (_, offset, seq) => freed.push(`stray ${offset} at ${seq}`),
      misfreed: ({ what, block: which, offset }, seq) =>
        freed.push(`${what} of ${which} at ${offset}: ${seq}`),
      uncovered: (why) => said.push(why),
      fault: (error) => said.push(`fault: ${error}`),
    }),
  );
  hook = (rewrites = true) => {
    const doors = observeCompilations(patches, () => undefined);
    if (!doors) throw new Error('no WebAssembly');
    hookDoors({
      doors,
      natives: NATIVES,
      heaps,
      atomics,
      forms: { find: (id) => sentAhead.get(id) },
      ahead: rewrites ? forms : undefined,
      again(compile) {
        again++;
        return compile();
      },
      shadows: undefined,
      name: NAME,
      rewrite: rewrites
        ? (bytes) => rewriteModule(bytes, NAME, (why) => said.push(why))
        : undefined,
      elsewhere: undefined,
      staysHere: false,
      refused: (error) => said.push(`refused: ${error}`),
      covered: (bytes, how) => covered.push(`${how} of ${bytes}`),
      missed: () => missed++,
    });
  };
});
afterEach(() => patches[Symbol.dispose]());

const NATIVES: WasmNatives = {
  importsOf: (module) => Module.imports(module as WebAssembly.Module),
  exportsOf: (module) => Module.exports(module as WebAssembly.Module),
  sectionsOf: (module, name) => Module.customSections(module as WebAssembly.Module, name),
  membersOf: (instance) => (instance as WebAssembly.Instance).exports,
  bodyOf: (response) => (response as Response).clone().arrayBuffer(),
};

const response = (bytes: Uint8Array<ArrayBuffer>, type = 'application/wasm'): Response =>
  new Response(bytes, { headers: { 'content-type': type } });

/** Every way to an instance. */
const WAYS: Record<
  string,
  (bytes: Uint8Array<ArrayBuffer>, imports?: WebAssembly.Imports) => Promise<WebAssembly.Instance>
> = {
  'instantiate(bytes)': async (bytes, imports) =>
    (await WebAssembly.instantiate(bytes, imports)).instance,
  'compile, instantiate(module)': async (bytes, imports) =>
    WebAssembly.instantiate(await WebAssembly.compile(bytes), imports),
  'new Module, new Instance': async (bytes, imports) =>
    new WebAssembly.Instance(new WebAssembly.Module(bytes), imports),
  'compile, new Instance': async (bytes, imports) =>
    new WebAssembly.Instance(await WebAssembly.compile(bytes), imports),
  instantiateStreaming: async (bytes, imports) =>
    (await WebAssembly.instantiateStreaming(response(bytes), imports)).instance,
  'compileStreaming of a promise': async (bytes, imports) =>
    WebAssembly.instantiate(
      await WebAssembly.compileStreaming(Promise.resolve(response(bytes))),
      imports,
    ),
  'a clone of a module': async (bytes, imports) =>
    new WebAssembly.Instance(structuredClone(new WebAssembly.Module(bytes)), imports),
};

type Call = (...args: readonly number[]) => number;
const callsOf = ({ exports }: WebAssembly.Instance) => exports as unknown as Record<string, Call>;

test.each(Object.keys(WAYS))('%s: what the module allocates is known', async (way) => {
  hook();
  const calls = callsOf(await (WAYS[way] as (typeof WAYS)[string])(BYTES));
  const voice = calls['voice_new']?.() ?? 0;
  expect(heaps.blockAt(voice + 31)).toMatchObject({ offset: voice, length: 32, by: 'malloc' });
  calls['voice_delete']?.(voice);
  expect(freed).toHaveLength(1);
  expect(heaps.blockAt(voice)).toBeUndefined();
  expect(said).toEqual([]);
});

test('a block that is handed out again is another block', async () => {
  hook();
  const calls = callsOf(new WebAssembly.Instance(new WebAssembly.Module(BYTES)));
  const first = calls['malloc']?.(8) ?? 0;
  heaps.blockAt(first);
  calls['free']?.(first);
  expect(calls['malloc']?.(8)).toBe(first);
  heaps.blockAt(first);
  expect(told.map(({ block, offset }) => [block, offset])).toEqual([
    [1, first],
    [2, first],
  ]);
  expect(freed[0]).toMatch(/^1 at /);
  // Between the two allocations in the order.
  expect(Number(freed[0]?.split(' ')[2]?.slice(0, -1))).toBeGreaterThan(told[0]?.seq ?? 0);
  expect(Number(freed[0]?.split(' ')[2]?.slice(0, -1))).toBeLessThan(told[1]?.seq ?? 0);
});

test('a block that grows elsewhere is freed, and is another one there', () => {
  hook();
  const calls = callsOf(new WebAssembly.Instance(new WebAssembly.Module(BYTES)));
  const first = calls['malloc']?.(8) ?? 0;
  heaps.blockAt(first);
  const second = calls['realloc']?.(first, 64) ?? 0;
  expect(freed).toHaveLength(1);
  expect(heaps.blockAt(second + 63)).toMatchObject({ offset: second, by: 'realloc' });
});

test('stacks name the functions of the original', () => {
  hook();
  const calls = callsOf(new WebAssembly.Instance(new WebAssembly.Module(BYTES)));
  const voice = calls['voice_new']?.() ?? 0;
  heaps.blockAt(voice);
  expect(told[0]?.stack).toBe('at f (wasm://wasm/0a:wasm-function[3])\nat g (page.js:1:2)');
});

test.each([
  ['has come ahead', 0],
  ['has not', 1],
])(
  'a scope that only receives modules runs the form that was made elsewhere, if it %s',
  (_, compilations) => {
    hook();
    const module = new WebAssembly.Module(BYTES);
    expect(sentAhead.size).toBe(1);
    if (compilations > 0) sentAhead.clear();
    patches[Symbol.dispose]();
    patches = new Patches();
    hook(false);
    for (let i = 0; i < 2; i++) {
      const calls = callsOf(new WebAssembly.Instance(module));
      calls['malloc']?.(200 * i);
      expect(heaps.blockAt(calls['voice_new']?.() ?? 0)).toMatchObject({ length: 32 });
    }
    expect(again).toBe(compilations);
    const other = callsOf(new WebAssembly.Instance(new WebAssembly.Module(BYTES)));
    other['malloc']?.(500);
    expect(heaps.blockAt(other['malloc']?.(8) ?? 0)).toBeUndefined();
  },
);

test('where nobody hooks, a rewritten module is the original', () => {
  hook();
  const module = new WebAssembly.Module(BYTES);
  patches[Symbol.dispose]();
  expect(callsOf(new Instance(module))['malloc']?.(1)).toBe(1024);
});

test('the page sees the module as it was', async () => {
  hook();
  const bare = new Module(BYTES);
  for (const module of [new WebAssembly.Module(BYTES), await WebAssembly.compile(BYTES)]) {
    expect(module).toBeInstanceOf(WebAssembly.Module);
    expect(WebAssembly.Module.imports(module)).toEqual(Module.imports(bare));
    expect(WebAssembly.Module.exports(module)).toEqual(Module.exports(bare));
    expect(WebAssembly.Module.customSections(module, 'name')).toEqual([]);
    const instance = new WebAssembly.Instance(module);
    expect(Object.keys(instance.exports)).toEqual(Object.keys(new Instance(bare).exports));
    expect(Object.isFrozen(instance.exports)).toBe(true);
  }
  const both = await WebAssembly.instantiate(BYTES);
  expect(Object.keys(both)).toEqual(['module', 'instance']);
});

const NEEDY = assemble(`
  import func env.f :
${ALLOCATOR.replace(/func (\d)$/gm, (_, index) => `func ${Number(index) + 1}`).replace(
  /call (\d)$/gm,
  (_, index) => `call ${Number(index) + 1}`,
)}`);

/** Everything that can be wrong with a call. */
const WRONG: Record<string, readonly [bytes: unknown, imports?: unknown]> = {
  'no bytes': [undefined],
  text: ['x'],
  'an empty buffer': [new Uint8Array()],
  noise: [new Uint8Array([1, 2, 3, 4])],
  'a module cut short': [BYTES.slice(0, 60)],
  'a module that is not valid': [wasmModule({ code: [[0x6a]] })],
  'imports that are no object': [NEEDY, 5],
  'no imports': [NEEDY],
  'a module of imports that is missing': [NEEDY, {}],
  'an import that is missing': [NEEDY, { env: {} }],
};

test.each(Object.keys(WRONG))('%s: the page hears what it would have heard', async (what) => {
  const [bytes, imports] = WRONG[what] as readonly [never, never];
  const messages = async (): Promise<readonly string[]> => {
    const heard: string[] = [];
    const hear = async (run: () => unknown): Promise<void> => {
      try {
        await run();
        heard.push('fine');
      } catch (error) {
        heard.push(String(error));
      }
    };
    await hear(() => new WebAssembly.Module(bytes));
    await hear(() => WebAssembly.compile(bytes));
    await hear(() => WebAssembly.instantiate(bytes, imports));
    await hear(() => new WebAssembly.Instance(new WebAssembly.Module(bytes), imports));
    await hear(() => WebAssembly.compile(bytes).then((m) => WebAssembly.instantiate(m, imports)));
    if (ArrayBuffer.isView(bytes)) {
      await hear(() => WebAssembly.compileStreaming(response(bytes)));
      await hear(() => WebAssembly.instantiateStreaming(response(bytes), imports));
      await hear(() => WebAssembly.instantiateStreaming(response(bytes, 'text/html'), imports));
    }
    return heard;
  };
  const bare = await messages();
  hook();
  expect(await messages()).toEqual(bare);
});

test('imports are read once, in the order of the module', async () => {
  hook();
  const read: string[] = [];
  const imports = {
    get env() {
      read.push('env');
      return {
        get f() {
          read.push('f');
          return () => undefined;
        },
      };
    },
  };
  await WebAssembly.instantiate(NEEDY, imports);
  expect(read).toEqual(['env', 'f']);
});

test('a module without an allocator that is found runs as it is, and that is said', () => {
  hook();
  const bytes = wasmModule({ memories: [[0, 1]], code: [[]] });
  const module = new WebAssembly.Module(bytes);
  expect(WebAssembly.Module.customSections(module, NAME)).toEqual([]);
  expect(said).toEqual([
    `Memory: a module of ${bytes.length} bytes runs as it is: its allocator was not found`,
  ]);
});

test('bytes that the page changes at once are compiled as they were', async () => {
  hook();
  const bytes = BYTES.slice();
  const compiling = WebAssembly.compile(bytes);
  bytes.fill(0);
  const calls = callsOf(await WebAssembly.instantiate(await compiling));
  expect(heaps.blockAt(calls['voice_new']?.() ?? 0)).toBeDefined();
});

const ATOMIC_BYTES = assemble(`
  import memory env.memory 1 1 shared
  export flag func 0
  func i:i
    i32.const 64
    local.get 0
    i32.atomic.rmw.xchg
  end`);
const sharedMemory = (): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

/** Notes what instances tell, and of which memory. */
function hearAtomics(): string[] {
  const heard: string[] = [];
  atomics = {
    importsFor: (memoryOf) => ({
      place: () => 1,
      number: () => 2,
      atomic(kind, width, address, before, read, written) {
        const isKnown = memoryOf() instanceof WebAssembly.Memory;
        heard.push(`${isKnown} ${kind} ${address}:${width} ${before} ${read}→${written}`);
        return 3;
      },
    }),
  };
  return heard;
}

test.each(Object.keys(WAYS))(
  '%s: atomic instructions are told, with no allocator in sight',
  async (way) => {
    const heard = hearAtomics();
    hook();
    const imports = { env: { memory: sharedMemory() } };
    const calls = callsOf(await (WAYS[way] as (typeof WAYS)[string])(ATOMIC_BYTES, imports));
    expect(calls['flag']?.(5)).toBe(0);
    expect(heard).toEqual(['true 3 64:4 2 0→5']);
    const bytes = way.includes('Streaming') ? 0 : ATOMIC_BYTES.length;
    expect(covered).toEqual([`recorded of ${bytes}`]);
    expect(missed).toBe(0);
    expect(said).toEqual([
      `Memory: the blocks of a module of ${ATOMIC_BYTES.length} bytes are not seen: its allocator was not found`,
    ]);
  },
);

test('a realm without anybody who records them says that it misses them, and runs all the same', () => {
  hook();
  const module = new WebAssembly.Module(ATOMIC_BYTES);
  const calls = callsOf(new WebAssembly.Instance(module, { env: { memory: sharedMemory() } }));
  expect(calls['flag']?.(5)).toBe(0);
  expect(calls['flag']?.(6)).toBe(5);
  expect(missed).toBe(1);
});

test('that a stream held no atomic instructions is said once it has been read', async () => {
  hook();
  await WebAssembly.compileStreaming(response(BYTES));
  expect(covered).toEqual(['none of 0']);
});

test('of a module whose atomic instructions cannot be told nothing is claimed', () => {
  hearAtomics();
  hook();
  const bytes = assemble(`
    import memory env.memory 1 1 shared
    memory 1
    func :
      i32.const 0
      i32.const 1
      i32.atomic.store
    end`);
  // Not every engine knows several memories.
  if (!WebAssembly.validate(bytes)) return;
  new WebAssembly.Module(bytes);
  expect(covered).toEqual([]);
});

test('a module whose memory we cannot find is run, and said to be missed', () => {
  const heard = hearAtomics();
  hook();
  const memory = sharedMemory();
  const env = Object.create({ memory }) as WebAssembly.ModuleImports;
  const module = new WebAssembly.Module(ATOMIC_BYTES);
  const calls = callsOf(new WebAssembly.Instance(module, { env }));
  calls['flag']?.(1);
  expect(heard).toEqual(['false 3 64:4 2 0→1']);
  expect(missed).toBe(1);
});
