import { expect, test } from 'vitest';
import { Patches } from '../../../../src/base/patch.ts';
import {
  type Compiled,
  describeSource,
  scanModule,
} from '../../../../src/hooks/wasm/wasm-atomics.ts';
import { observeCompilations } from '../../../../src/hooks/wasm/wasm-compilations.ts';
import { imported, leb, type ModuleParts, wasmModule } from '../../../support/wasm-bytes.ts';

const I32 = 0x41;
const I64 = 0x42;
const DROP = 0x1a;

function scan(parts: ModuleParts): string | undefined {
  const bytes = wasmModule(parts);
  expect(WebAssembly.validate(bytes)).toBe(true);
  return scanModule(bytes, bytes.length);
}

/** How many operands an atomic access takes, which of them are 64 bits wide, and whether it gives a value. */
function access(code: number): readonly number[] {
  const group = Math.floor((code - 0x10) / 7);
  const width = (code - 0x10) % 7;
  const constant = width === 0 || width === 2 || width === 3 ? [I32, 0] : [I64, 0];
  const align = [2, 3, 0, 1, 0, 1, 2][width] ?? 0;
  const operands = group === 0 ? 0 : group === 8 ? 2 : 1;
  const values = Array.from({ length: operands }, () => constant).flat();
  return [I32, 0, ...values, 0xfe, code, align, 0, ...(group === 1 ? [] : [DROP])];
}

test('each atomic instruction is found', () => {
  const bodies = [
    [I32, 0, I32, 0, 0xfe, 0x00, 2, 0, DROP],
    [I32, 0, I32, 0, I64, 0, 0xfe, 0x01, 2, 0, DROP],
    [I32, 0, I64, 0, I64, 0, 0xfe, 0x02, 3, 0, DROP],
    [0xfe, 0x03, 0x00],
    ...Array.from({ length: 0x4f - 0x10 }, (_, i) => access(0x10 + i)),
  ];
  for (const body of bodies) {
    expect(scan({ imports: [imported.sharedMemory], code: [[], body] })).toBe('some');
  }
});

test('an instruction in a longer form is found', () => {
  const forms = [
    [I32, 0, 0xfe, 0x90, 0x00, 2, 0, DROP],
    [I32, 0, 0xfe, 0x90, 0x80, 0x80, 0x80, 0x00, 2, 0, DROP],
    [I32, 0, 0xfe, 0x10, 0x82, 0x00, 0, DROP],
  ];
  for (const code of forms) {
    expect(scan({ imports: [imported.sharedMemory], code: [code] })).toBe('some');
  }
});

test('a module without shared memory has none, whatever its code', () => {
  const code = [access(0x1e)];
  expect(scan({ memories: [[0, 1]], code })).toBe('none');
  expect(scan({ memories: [[1, 1, 2]], code })).toBe('none');
  expect(scan({ imports: [imported.memory, imported.table], code })).toBe('none');
  expect(scan({ imports: [imported.function, imported.global] })).toBe('none');
  expect(scan({})).toBe('none');
});

test('shared memory is found wherever it stands', () => {
  const code = [access(0x1e)];
  const { function: f, table, global, sharedMemory } = imported;
  expect(scan({ imports: [f, table, global, sharedMemory], code })).toBe('some');
  expect(scan({ memories: [[3, 1, 200, 1]], code })).toBe('some');
});

test('constants that hold the prefix are no instructions', () => {
  const constants = [254, 254 + 0x80 * 0x10, 65_534, 126 + 0x80 * 0x1e].flatMap((value) => [
    I32,
    ...leb(value),
    DROP,
  ]);
  expect(scan({ imports: [imported.sharedMemory], code: [constants] })).toBe('none');
});

test('what is no module, or is cut off anywhere, is never said to have none', () => {
  const bytes = wasmModule({ imports: [imported.sharedMemory], code: [access(0x10)] });
  const said = new Set<string | undefined>();
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.slice(0, length);
    const found = scanModule(cut, length);
    // Cut between two sections it is another module, one without code.
    if (found === 'none') expect(WebAssembly.validate(cut) || length < 40).toBe(true);
    said.add(found);
  }
  expect([...said].includes('unknown')).toBe(true);
  expect(scanModule(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), 8)).toBeUndefined();
});

test('code beyond a bound is not searched', () => {
  const module = wasmModule({ imports: [imported.sharedMemory] });
  // All but the empty section of code at its end.
  const before = module.subarray(0, module.length - 3);
  const withCode = (size: number, at: number): string | undefined => {
    const head = [10, ...leb(size)];
    const bytes = new Uint8Array(before.length + head.length + size);
    bytes.set([...before, ...head]);
    bytes.set(access(0x10), before.length + head.length + at);
    return scanModule(bytes, bytes.length);
  };
  const bound = 8 * 1024 * 1024;
  expect(withCode(bound, bound - 100)).toBe('some');
  expect(withCode(bound + 1000, bound + 100)).toBe('unknown');
  expect(withCode(bound + 1000, 100)).toBe('some');
});

function observe(): { readonly told: Compiled[] } & Disposable {
  const patches = new Patches();
  const told: Compiled[] = [];
  observeCompilations(patches, (source, sync) => {
    const compiled = describeSource(source, sync);
    if (compiled) told.push(compiled);
  });
  return { told, [Symbol.dispose]: () => patches[Symbol.dispose]() };
}

const GOOD = wasmModule({ imports: [imported.sharedMemory], code: [access(0x10)] });
const PLAIN = wasmModule({ code: [[]] });

test('every way to compile tells what was compiled', async () => {
  using seen = observe();
  const env = { m: new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true }) };
  const module = new WebAssembly.Module(GOOD);
  await WebAssembly.compile(PLAIN.buffer);
  const { instance } = await WebAssembly.instantiate(GOOD, { env });
  expect(instance).toBeInstanceOf(WebAssembly.Instance);
  expect(await WebAssembly.instantiate(module, { env })).toBeInstanceOf(WebAssembly.Instance);
  const padded = new Uint8Array(GOOD.length + 6);
  padded.set(GOOD, 3);
  await WebAssembly.compile(padded.subarray(3, 3 + GOOD.length));
  expect(seen.told).toEqual([
    { bytes: GOOD.length, atomics: 'some', sync: true },
    { bytes: PLAIN.length, atomics: 'none', sync: false },
    { bytes: GOOD.length, atomics: 'some', sync: false },
    { bytes: GOOD.length, atomics: 'some', sync: false },
  ]);
});

test('a response is neither read nor cloned', async () => {
  using seen = observe();
  const response = new Response(GOOD, { headers: { 'content-type': 'application/wasm' } });
  const module = await WebAssembly.compileStreaming(response);
  expect(module).toBeInstanceOf(WebAssembly.Module);
  // Node compiles a parser of its own with the first response.
  expect(seen.told.at(-1)).toEqual({ bytes: 0, atomics: 'unknown', sync: false });
});

test('what is refused is refused in the engine’s words, and the page’s class is the page’s', async () => {
  const attempts: readonly (() => unknown)[] = [
    () => new WebAssembly.Module(new Uint8Array([1, 2, 3])),
    () => new WebAssembly.Module(5 as never),
    () => Reflect.apply(WebAssembly.Module, undefined, [GOOD]),
    () => WebAssembly.compile(new Uint8Array()),
    () => WebAssembly.instantiate(GOOD, {}),
    () => WebAssembly.instantiate({} as never),
    () => Reflect.apply(WebAssembly.compile, undefined, []),
  ];
  const outcome = async (attempt: () => unknown): Promise<string> => {
    try {
      return String(await attempt());
    } catch (error) {
      return String(error);
    }
  };
  const native = await Promise.all(attempts.map(outcome));
  const { name, length } = WebAssembly.compile;
  using _seen = observe();
  expect(await Promise.all(attempts.map(outcome))).toEqual(native);
  expect({ name: WebAssembly.compile.name, length: WebAssembly.compile.length }).toEqual({
    name,
    length,
  });
  class Own extends WebAssembly.Module {}
  const own = new Own(GOOD);
  expect(Object.getPrototypeOf(own)).toBe(Own.prototype);
  expect(own).toBeInstanceOf(WebAssembly.Module);
  expect(WebAssembly.Module.prototype.constructor).toBe(WebAssembly.Module);
});
