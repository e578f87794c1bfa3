import { expect, test } from 'vitest';
import { AtomicsLog } from '../../support/atomics-log.ts';
import { Random } from '../../support/random.ts';
import { rounds } from '../../support/seeds.ts';

type Call = (...args: readonly unknown[]) => unknown;
type AtomicName = Exclude<keyof typeof Atomics, typeof Symbol.toStringTag>;
const natives = { ...Object.getOwnPropertyDescriptors(Atomics) } as unknown as {
  readonly [name in AtomicName]: PropertyDescriptor & { readonly value: Call };
};

const LENGTHS = {
  load: 2,
  store: 3,
  add: 3,
  sub: 3,
  and: 3,
  or: 3,
  xor: 3,
  exchange: 3,
  compareExchange: 4,
  wait: 4,
  notify: 3,
  waitAsync: 4,
} as const;
const NAMES = Object.keys(LENGTHS) as readonly (keyof typeof LENGTHS)[];

function detached(): Int32Array {
  const array = new Int32Array(4);
  structuredClone(array.buffer, { transfer: [array.buffer] });
  return array;
}

/** Arrays by name; those over shared memory count as crossed. */
function arrays(log: AtomicsLog | undefined): { readonly [name: string]: unknown } {
  const shared = new SharedArrayBuffer(64);
  const uncrossed = new SharedArrayBuffer(64);
  const growable = new SharedArrayBuffer(16, { maxByteLength: 64 });
  log?.share(shared);
  log?.share(growable);
  const filled = [
    new Int8Array(shared, 8),
    new Uint8Array(shared, 8),
    new Int16Array(shared, 8),
    new Uint16Array(shared, 8),
    new Int32Array(shared, 8),
    new Uint32Array(shared, 8),
    new BigInt64Array(shared, 8),
    new BigUint64Array(shared, 8),
  ];
  new Uint8Array(shared).fill(0xf3);
  return {
    ...Object.fromEntries(filled.map((array) => [`shared ${array.constructor.name}`, array])),
    'shared Float32Array': new Float32Array(shared),
    'shared Uint8ClampedArray': new Uint8ClampedArray(shared),
    DataView: new DataView(shared),
    growable: new Int32Array(growable),
    uncrossed: new Int32Array(uncrossed),
    unshared: new Int32Array(8),
    'unshared BigInt64Array': new BigInt64Array(8),
    Float64Array: new Float64Array(8),
    detached: detached(),
    proxy: new Proxy(new Int32Array(shared), {}),
    array: [1, 2, 3],
    undefined: undefined,
    number: 5,
  };
}

type Hear = (said: string) => void;

/** Arguments by name, made anew for each call; `log` hears every conversion. */
const ARGUMENTS: { readonly [name: string]: (log: Hear) => unknown } = {
  0: () => 0,
  1: () => 1,
  '-0': () => -0,
  2.7: () => 2.7,
  '-0.5': () => -0.5,
  '-1': () => -1,
  1000: () => 1000,
  '2^40+5': () => 2 ** 40 + 5,
  '-2^31-1': () => -(2 ** 31) - 1,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '1n': () => 1n,
  '-2^70n': () => -(2n ** 70n) + 9n,
  '"2"': () => '2',
  '"x"': () => 'x',
  true: () => true,
  null: () => null,
  undefined: () => undefined,
  symbol: () => Symbol('s'),
  valueOf: (log: Hear) => ({
    valueOf() {
      log('valueOf');
      return 1;
    },
  }),
  'valueOf bigint': (log) => ({
    valueOf() {
      log('valueOf');
      return 1n;
    },
  }),
  toString: (log: Hear) => ({
    valueOf() {
      log('valueOf');
      return {};
    },
    toString() {
      log('toString');
      return '1';
    },
  }),
  toPrimitive: (log: Hear) => ({
    get [Symbol.toPrimitive]() {
      log('get');
      return (hint: string) => {
        log(hint);
        return '1';
      };
    },
  }),
  'toPrimitive gives an object': () => ({ [Symbol.toPrimitive]: () => ({}) }),
  'toPrimitive gives a symbol': () => ({ [Symbol.toPrimitive]: () => Symbol('s') }),
  'toPrimitive is no function': () => ({ [Symbol.toPrimitive]: 4 }),
  'toPrimitive is null': () => ({ [Symbol.toPrimitive]: null, valueOf: () => 1 }),
  throws: (log) => ({
    valueOf() {
      log('valueOf');
      throw new RangeError('mine');
    },
  }),
  nothing: () => ({ __proto__: null }),
  function: () => Object.assign(() => 0, { valueOf: () => 1 }),
  proxy: (log) =>
    new Proxy(
      { valueOf: () => 1 },
      {
        get(target, key, receiver) {
          log(`get ${String(key)}`);
          return Reflect.get(target, key, receiver);
        },
      },
    ),
};

/** What a call does that a page can see: its result or exception, conversions, and the contents after it. */
function outcome(
  call: Call,
  array: unknown,
  index: string,
  value: string,
  more: readonly unknown[],
): string {
  const said: string[] = [];
  const make = (name: string, place: string): unknown =>
    ARGUMENTS[name]?.((what) => said.push(`${place} ${what}`));
  let result: string;
  try {
    const given = call(array, make(index, 'index'), make(value, 'value'), ...more);
    result =
      typeof given === 'object' && given !== null
        ? JSON.stringify(given)
        : `${typeof given} ${Object.is(given, -0) ? '-0' : String(given)}`;
  } catch (error) {
    // The engine words this one in two ways, by the path it takes.
    result = String(error).replace(/: .* is not a function/, ': not a function');
  }
  const contents = ArrayBuffer.isView(array) && array.byteLength > 0 ? String(array) : '';
  return `${result} | ${said.join(', ')} | ${contents}`;
}

for (const name of NAMES) {
  test(`Atomics.${name} gives, throws, converts and leaves what the native one does`, () => {
    // A missing last argument of `wait` would block.
    const last: readonly (readonly unknown[])[] =
      name === 'wait' || name === 'waitAsync'
        ? [[0], ['0'], [{ valueOf: () => 0 }], [Symbol('s')], [0n]]
        : name === 'compareExchange'
          ? [[7], [7n], [{ valueOf: () => 7 }], [Symbol('s')]]
          : [[]];
    const expected: string[] = [];
    const seen: string[] = [];
    const run = (call: Call, log: AtomicsLog | undefined, into: string[]): void => {
      const all = arrays(log);
      const random = new Random(8);
      for (const array of Object.keys(all)) {
        for (const index of Object.keys(ARGUMENTS)) {
          for (const value of Object.keys(ARGUMENTS)) {
            if (index !== '0' && value !== '1' && !random.chance(rounds(0.03))) continue;
            for (const more of last) {
              into.push(
                `${array}[${index}] ${value}: ${outcome(call, all[array], index, value, more)}`,
              );
            }
          }
        }
      }
    };
    run(natives[name].value, undefined, expected);
    {
      using log = new AtomicsLog();
      run(Atomics[name] as Call, log, seen);
      expect(log.written.length).toBeGreaterThan(10);
    }
    expect(seen.length).toBe(expected.length);
    expect(seen.filter((line, i) => line !== expected[i]).slice(0, 10)).toEqual([]);
  });
}

test('the functions look like the native ones, and the page gets those back', () => {
  const text = Function.prototype.toString;
  const shapes = NAMES.map((name) => text.call(Atomics[name]));
  {
    using _log = new AtomicsLog();
    for (const [i, name] of NAMES.entries()) {
      const ours = Atomics[name];
      expect(ours).not.toBe(natives[name].value);
      expect({ name: ours.name, length: ours.length }).toEqual({ name, length: LENGTHS[name] });
      expect(Reflect.ownKeys(ours)).toEqual(Reflect.ownKeys(natives[name].value));
      expect(Function.prototype.toString.call(ours)).toBe(shapes[i]);
      expect(Object.getPrototypeOf(ours)).toBe(Function.prototype);
      expect(() => Reflect.construct(Object, [], ours)).toThrow(TypeError);
      const { value: _value, ...rest } = Object.getOwnPropertyDescriptor(Atomics, name) ?? {};
      const { value: _native, ...nativeRest } = natives[name];
      expect(rest).toEqual(nativeRest);
    }
    expect(Atomics.isLockFree).toBe(natives.isLockFree.value);
  }
  for (const name of NAMES) {
    expect(Object.getOwnPropertyDescriptor(Atomics, name)).toEqual(natives[name]);
  }
});

test('a function that the page kept goes on working when recording is over', () => {
  const cells = new Int32Array(new SharedArrayBuffer(16));
  let add = Atomics.add;
  {
    using log = new AtomicsLog();
    log.share(cells.buffer);
    add = Atomics.add;
    add(cells, 0, 5);
  }
  expect(add(cells, 0, 5)).toBe(5);
  expect(cells[0]).toBe(10);
});

test('a promise of waitAsync is the native one, and no code of the page runs for us', async () => {
  const cells = new Int32Array(new SharedArrayBuffer(16));
  using log = new AtomicsLog();
  log.share(cells.buffer);
  const asked: string[] = [];
  const link = Object.getOwnPropertyDescriptor(Promise.prototype, 'constructor') ?? {};
  Object.defineProperty(Promise.prototype, 'constructor', {
    configurable: true,
    get() {
      asked.push('constructor');
      return Promise;
    },
  });
  const waiting = Atomics.waitAsync(cells, 0, 0);
  const before = asked.length;
  Object.defineProperty(Promise.prototype, 'constructor', link);
  expect(before).toBe(0);
  expect(waiting.async).toBe(true);
  expect(Reflect.ownKeys(waiting.value as object)).toEqual([]);
  expect(Atomics.notify(cells, 0)).toBe(1);
  expect(await waiting.value).toBe('ok');
});
