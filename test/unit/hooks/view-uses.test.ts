import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Native, Patches } from '../../../src/base/patch.ts';
import { ATOMICS_PARAMETERS, shapeOf } from '../../../src/hooks/atomics-stubs.ts';
import { leanMemories } from '../../../src/hooks/memories.ts';
import type { GrowthHost, MemoryGrowth } from '../../../src/hooks/memory-growth.ts';
import { numberMemories } from '../../../src/hooks/memory-numbers.ts';
import { observeMemoryGrowth } from '../../../src/hooks/observe-growth.ts';
import { UNKNOWN_PORT_COUNT } from '../../../src/hooks/port-count.ts';
import type { ViewUseHost } from '../../../src/hooks/view-uses.ts';
import type { Witness } from '../../../src/hooks/witness.ts';
import type { Micros, NodeId } from '../../../src/shared/units.ts';

type Said = readonly [name: string, fields: object];

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const OWNERS: readonly (readonly [object, readonly string[]])[] = [
  [typedArray, ['set', 'fill', 'copyWithin', 'subarray', 'slice']],
  [DataView.prototype, ['getInt8', 'setInt8', 'getFloat64', 'setFloat64', 'getBigInt64']],
  [Atomics, Object.keys(ATOMICS_PARAMETERS)],
  [WebAssembly.Memory.prototype, ['grow']],
];

let said: Said[];
let patches: Patches;
let growth: MemoryGrowth;
let seq: number;

beforeEach(() => {
  said = [];
  seq = 0;
  patches = new Patches();
  const record: GrowthHost['record'] = (name, fields) => void said.push([name, fields]);
  const fault = (error: unknown): never => {
    throw error;
  };
  const next = (): number => ++seq;
  const common = { patches, next, stack: () => 'at page', record, fault };
  const witness: Witness = {
    ...common,
    isolated: true,
    ports: UNKNOWN_PORT_COUNT,
    isActive: true,
  };
  const memories = leanMemories(witness);
  const host: ViewUseHost = {
    ...common,
    memories,
    ...numberMemories(memories),
    now: () => 0 as Micros,
    running: () => 3 as NodeId,
    dataViews: {
      prototype: DataView.prototype,
      offsetOf: (view) => (view as DataView).byteOffset,
    },
    replace: (owner, name, make) =>
      patches.replace(owner, name, (native) => make(native)[name] as Native),
    replaceAtomic: (name, make) =>
      patches.replace(Atomics, name, (before) => shapeOf(name, { run: make(before) })),
  };
  growth = observeMemoryGrowth(host, WebAssembly.Memory.prototype, () => undefined);
});

afterEach(() => patches[Symbol.dispose]());

const plainMemory = () => new WebAssembly.Memory({ initial: 1, maximum: 4 });
const sharedMemory = () => new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
const uses = () => said.filter(([name]) => name === 'staleView').map(([, fields]) => fields);
const attempt = (run: () => unknown): string => {
  try {
    return String(run());
  } catch (error) {
    return String(error);
  }
};

function descriptors(): readonly (PropertyDescriptor | undefined)[] {
  return OWNERS.flatMap(([owner, names]) =>
    names.map((name) => Object.getOwnPropertyDescriptor(owner, name)),
  );
}

function shapes(): readonly object[] {
  return descriptors().map((descriptor) => {
    const { value, ...flags } = descriptor ?? {};
    const { name, length } = value as { name: string; length: number };
    const text = Function.prototype.toString.call(value);
    const constructed = attempt(() => new (value as new () => object)());
    return { name, length, text, flags, constructed, own: Reflect.ownKeys(value) };
  });
}

const NATIVES = descriptors();
const SHAPES = shapes();
const BUFFER = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer');

describe('a growth', () => {
  test('is told with the reads of the buffer before it', () => {
    const memory = plainMemory();
    void new Uint8Array(memory.buffer);
    memory.grow(2);
    expect(said).toEqual([
      ['memorySeen', { memory: 1, kind: 'wasm', bytes: 65_536, stack: '' }],
      ['bufferRead', { memory: 1, bytes: 65_536, node: 3, stack: 'at page' }],
      [
        'memoryGrown',
        { memory: 1, from: 65_536, to: 196_608, shared: false, how: 'called', stack: 'at page' },
      ],
    ]);
  });

  test('is noticed when a module did it', () => {
    const bytes = [
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7f, 1, 0x7f, 3, 2, 1, 0],
      ...[5, 4, 1, 1, 1, 8, 7, 17, 2, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0],
      ...[4, 0x67, 0x72, 0x6f, 0x77, 0, 0, 10, 8, 1, 6, 0, 0x20, 0, 0x40, 0, 0x0b],
    ];
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)));
    const { memory, grow } = exports as {
      memory: WebAssembly.Memory;
      grow: (pages: number) => number;
    };
    growth.saw(memory);
    grow(1);
    expect(said).toEqual([]);
    growth.lookAtAll();
    expect(said.at(-1)).toEqual([
      'memoryGrown',
      { memory: 1, from: 65_536, to: 131_072, shared: false, how: 'noticed', stack: '' },
    ]);
  });

  test('costs nothing until it comes: no function of views is replaced', () => {
    const before = descriptors();
    const memory = plainMemory();
    void memory.buffer;
    expect(descriptors()).toEqual(before);
    memory.grow(1);
    expect(descriptors()).not.toEqual(before);
  });

  test('that fails is the page’s to hear of, and is none', () => {
    const memory = plainMemory();
    expect(() => memory.grow(9)).toThrow(RangeError);
    expect(said).toEqual([]);
  });
});

test('the getter of buffers is the engine’s own again after the first reads', () => {
  const memory = plainMemory();
  const { prototype } = WebAssembly.Memory;
  for (let i = 0; i < 31; i++) expect(memory.buffer.byteLength).toBe(65_536);
  expect(Object.getOwnPropertyDescriptor(prototype, 'buffer')).not.toEqual(BUFFER);
  expect(memory.buffer.byteLength).toBe(65_536);
  expect(Object.getOwnPropertyDescriptor(prototype, 'buffer')).toEqual(BUFFER);
});

describe('a use of a detached view is told', () => {
  const USES: { readonly [method: string]: (array: Int32Array, view: DataView) => unknown } = {
    set: (array) => array.set([1]),
    'set of another': (array) => new Int32Array(1 << 15).set(array),
    fill: (array) => array.fill(1),
    copyWithin: (array) => array.copyWithin(0, 1),
    subarray: (array) => array.subarray(1),
    slice: (array) => array.slice(1),
    getInt16: (_array, view) => view.getInt16(0),
    setFloat64: (_array, view) => view.setFloat64(0, 1, true),
    'Atomics.load': (array) => Atomics.load(array, 0),
    'Atomics.add': (array) => Atomics.add(array, 0, 1),
  };
  test.each(Object.entries(USES))('%s', (name, use) => {
    const memory = plainMemory();
    const array = new Int32Array(memory.buffer);
    const view = new DataView(memory.buffer);
    use(new Int32Array(memory.buffer), new DataView(memory.buffer));
    memory.grow(1);
    expect(() => use(array, view)).toThrow(TypeError);
    const method = name.replace(' of another', '');
    const said = { memory: 1, node: 3, what: 'used', method, property: '', bytes: 0, reach: 0 };
    expect(uses()).toEqual([{ ...said, threw: false, stack: 'at page' }]);
    use(new Int32Array(memory.buffer), new DataView(memory.buffer));
    expect(uses()).toHaveLength(1);
  });

  test('but of one that the page detached itself it is not', () => {
    plainMemory().grow(1);
    const array = new Int32Array(4);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    expect(() => array.fill(1)).toThrow(TypeError);
    expect(() => new Int32Array(2).set([1, 2, 3])).toThrow(RangeError);
    expect(uses()).toEqual([]);
  });
});

describe('a use of an old shared view', () => {
  const beyond: { readonly [method: string]: (array: Int32Array, view: DataView) => unknown } = {
    set: (array) => array.set(new Int32Array(2), 16_383),
    fill: (array) => array.fill(1, 0, 16_385),
    subarray: (array) => array.subarray(16_380, 16_388),
    slice: (array) => array.slice(16_380, 16_388),
    copyWithin: (array) => array.copyWithin(0, 1, 16_388),
    getInt32: (_array, view) => view.getInt32(65_534),
    'Atomics.store': (array) => Atomics.store(array, 16_384, 1),
  };
  test.each(Object.entries(beyond))('is told where %s does not reach', (method, use) => {
    const memory = sharedMemory();
    const array = new Int32Array(memory.buffer);
    const view = new DataView(memory.buffer);
    memory.grow(1);
    attempt(() => use(array, view));
    expect(uses()).toMatchObject([{ memory: 1, what: 'used', method, bytes: 65_536 }]);
    use(new Int32Array(memory.buffer), new DataView(memory.buffer));
    expect(uses()).toHaveLength(1);
  });

  test('is silent within its range, beyond the memory itself, and of a part that was made short', () => {
    const memory = sharedMemory();
    const array = new Int32Array(memory.buffer);
    const part = new Int32Array(memory.buffer, 1024, 32);
    memory.grow(1);
    array.set([1, 2], 16_382);
    array.subarray(0, 16_384).fill(1, 0, 16_384);
    Atomics.add(array, 16_383, 1);
    array.subarray(0, 1e6);
    attempt(() => Atomics.load(array, 1e6));
    part.subarray(0, 64);
    attempt(() => part.set(new Int32Array(33)));
    expect(uses()).toEqual([]);
  });
});

describe('once a memory has grown, the page sees no difference', () => {
  test('in the shape of any function', () => {
    plainMemory().grow(1);
    expect(descriptors()).not.toEqual(NATIVES);
    expect(shapes()).toEqual(SHAPES);
  });

  test('in results and errors, whatever it passes', () => {
    const natives = OWNERS.flatMap(([owner, names]) =>
      names.map((name) => ({ owner, name, native: Reflect.get(owner, name) as Native })),
    );
    plainMemory().grow(1);
    const values = [
      undefined,
      null,
      0,
      1,
      -1,
      2.5,
      9,
      '2',
      1n,
      Number.NaN,
      [7, 8],
      {},
      Symbol('s'),
    ];
    const selves = () => [
      new Int8Array([1, 2, 3, 4]),
      new Float32Array([1, 2, 3, 4]),
      new BigInt64Array(4),
      new DataView(new ArrayBuffer(16)),
      {},
      undefined,
    ];
    const outcomes = (pick: (each: (typeof natives)[number]) => Native): readonly string[] =>
      natives
        .filter(({ name }) => name !== 'wait' && name !== 'grow')
        .flatMap((each) =>
          selves().flatMap((_, which) =>
            values.flatMap((a) =>
              [[], [a], [a, 1], [a, 1, 2], [1, a], [0, 1, a]].map((args) => {
                const self = selves()[which];
                const isAtomic = each.owner === Atomics;
                const run = () =>
                  isAtomic
                    ? Reflect.apply(pick(each), Atomics, [self, ...args])
                    : Reflect.apply(pick(each), self, args);
                const result = attempt(() => JSON.stringify(run(), plain));
                return `${each.name} ${which} ${result} ${JSON.stringify(self, plain)}`;
              }),
            ),
          ),
        );
    const ours = outcomes(({ owner, name }) => Reflect.get(owner, name) as Native);
    expect(ours.length).toBeGreaterThan(5000);
    expect(ours).toEqual(outcomes(({ native }) => native));
  });

  test('when all is taken back', () => {
    plainMemory().grow(1);
    patches[Symbol.dispose]();
    expect(descriptors()).toEqual(NATIVES);
    expect(Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')).toEqual(BUFFER);
  });
});

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
