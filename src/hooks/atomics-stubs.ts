import type { Native, Patches } from '../base/patch.ts';
import type { InstallAtomics } from './atomics.ts';

export type AtomicName = keyof typeof ATOMICS_PARAMETERS;

interface Stub {
  readonly native: Native;
  run: Native;
}

/** How many parameters each function of Atomics has. */
export const ATOMICS_PARAMETERS = {
  load: 2,
  store: 3,
  add: 3,
  sub: 3,
  and: 3,
  or: 3,
  xor: 3,
  exchange: 3,
  notify: 3,
  compareExchange: 4,
  wait: 4,
  waitAsync: 4,
} as const;

/**
 * Replaces the functions of Atomics before the page can take them, by ones that call straight through until
 * another is installed behind them. In threads where what records them comes later.
 */
export function stubAtomics(patches: Patches): InstallAtomics {
  const stubs = { __proto__: null } as unknown as { [name: string]: Stub | undefined };
  for (const name in ATOMICS_PARAMETERS) {
    patches.replace(Atomics, name, (native) => {
      const stub: Stub = { native, run: native };
      stubs[name] = stub;
      return shapeOf(name as AtomicName, stub);
    });
  }
  return (name, make) => {
    const stub = stubs[name];
    if (stub) stub.run = make(stub.native);
  };
}

/** A function of that name and the native one's length that runs what `stub` says. */
export function shapeOf(name: AtomicName, stub: { readonly run: Native }): Native {
  const { [name]: made } = SHAPES[ATOMICS_PARAMETERS[name]](name, stub);
  return made as Native;
}

/** By the number of parameters. */
const SHAPES = {
  2: (name: string, stub: { readonly run: Native }) => ({
    [name]: (array: unknown, index: unknown) => stub.run(array, index),
  }),
  3: (name: string, stub: { readonly run: Native }) => ({
    [name]: (array: unknown, index: unknown, value: unknown) => stub.run(array, index, value),
  }),
  4: (name: string, stub: { readonly run: Native }) => ({
    [name]: (array: unknown, index: unknown, value: unknown, last: unknown) =>
      stub.run(array, index, value, last),
  }),
} as const;
