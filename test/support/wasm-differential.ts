import { ATOMIC_IMPORT } from '../../src/wasm/atomics.ts';
import {
  type CheckOptions,
  IMPORT,
  type Instrumented,
  instrument,
} from '../../src/wasm/instrument.ts';
import { CELL, type Shadow, TURNS } from '../../src/wasm/shadow.ts';
import { assemble } from './wasm-assembler.ts';
import {
  BOUNDED_PAGES,
  type GeneratedOptions,
  generateModule,
  HEAP_BYTES,
} from './wasm-generator.ts';

/** The module name of what instrumented modules import in tests. */
export const FROM = '#lifeline';

/** The shadow of a bounded module in its own memory: for engines that know but one. */
export const INNER_SHADOW: Shadow = {
  memory: 0,
  base: HEAP_BYTES,
  cells: HEAP_BYTES + HEAP_BYTES / 8,
};

/** Everything is checked, while something rests in quarantine. */
export const TWO_BODIES = {
  accesses: 'all',
  precision: 'accumulated',
  bodies: 'two',
  shared: true,
  shadow: INNER_SHADOW,
} as const satisfies CheckOptions;

const PAGE = 65_536;
const ARGUMENTS = [
  [0, 1, 2n, 3, 4],
  [-1, 4096, -7n, 0.5, 1e300],
] as const;

/** All that a run of a module leaves behind. */
export interface Trace {
  readonly outcomes: readonly string[];
  readonly calls: readonly string[];
  readonly globals: readonly string[];
  readonly heap: Uint8Array;
  readonly pages: number;
}

export interface Report {
  readonly site: number;
  readonly address: number;
}

export interface Circumstances {
  /** Poisons the shadow. */
  readonly prepare?: (shadow: Uint8Array) => void;
  /** The control cell of modules with two bodies; 1 unless said otherwise. */
  readonly armed?: number;
  /** Atomic instructions are recorded. */
  readonly atomics?: boolean;
}

/** Generates a module and says in what its original and its instrumented form differ; undefined: in nothing. */
export function difference(
  seed: number,
  options: GeneratedOptions,
  checks: CheckOptions,
  circumstances: Circumstances = {},
): { readonly text: string; readonly reason: string } | undefined {
  const text = generateModule(seed, options);
  const original = assemble(text);
  const { atomics = false } = circumstances;
  const instrumented = instrument(original, { from: FROM, checks, atomics });
  if (!instrumented.ok) return { text, reason: `refused: ${instrumented.error.reason}` };
  const expected = runOriginal(original, options);
  const found = runInstrumented(instrumented.value, options, circumstances, () => undefined);
  const reason = compare(expected, found);
  return reason === undefined ? undefined : { text, reason };
}

/** What is reported while an instrumented random module runs. */
export function reportsOf(
  seed: number,
  options: GeneratedOptions,
  checks: CheckOptions,
  prepare: (shadow: Uint8Array) => void,
): readonly Report[] {
  const instrumented = instrument(assemble(generateModule(seed, options)), { from: FROM, checks });
  if (!instrumented.ok) throw new Error(instrumented.error.reason);
  const reports: Report[] = [];
  runInstrumented(instrumented.value, options, { prepare }, (report) => {
    reports.push(report);
  });
  return reports;
}

export function compare(expected: Trace, found: Trace): string | undefined {
  for (const key of ['outcomes', 'calls', 'globals'] as const) {
    const [before, after] = [expected[key].join(' '), found[key].join(' ')];
    if (before !== after) return `${key}: ${before} became ${after}`;
  }
  if (expected.pages !== found.pages) return `${expected.pages} pages became ${found.pages}`;
  for (let at = 0; at < expected.heap.length; at++) {
    const [before, after] = [expected.heap[at], found.heap[at]];
    if (before !== after) return `byte ${at}: ${before} became ${after}`;
  }
  return undefined;
}

export function runOriginal(bytes: Uint8Array<ArrayBuffer>, options: GeneratedOptions): Trace {
  const memory = newMemory(options);
  return trace(bytes, { env: environment(memory) }, options);
}

export function runInstrumented(
  { bytes, shadow }: Instrumented,
  options: GeneratedOptions,
  { prepare, armed = TURNS }: Circumstances,
  heard: (report: Report) => void,
): Trace {
  const memory = newMemory(options);
  if (!shadow) throw new Error('no shadow');
  const pages = Math.ceil((shadow.cells + CELL.bytes) / PAGE);
  const own =
    shadow.memory === 0
      ? memory
      : new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const cells = new DataView(own.buffer);
  cells.setUint32(shadow.cells + CELL.armed, armed, true);
  prepare?.(new Uint8Array(own.buffer, shadow.base, shadow.cells - shadow.base));
  const imports = {
    env: environment(memory),
    [FROM]: {
      [IMPORT.memory]: memory,
      [IMPORT.shadow]: own,
      [IMPORT.report]: (site: number, address: number) => heard({ site, address: address >>> 0 }),
      [ATOMIC_IMPORT.place]: () => 1,
      [ATOMIC_IMPORT.number]: () => 2,
      [ATOMIC_IMPORT.told]: () => 3,
    },
  };
  return trace(bytes, imports, options);
}

function newMemory({ bounded, shared = false }: GeneratedOptions): WebAssembly.Memory {
  return bounded
    ? new WebAssembly.Memory({ initial: BOUNDED_PAGES, maximum: BOUNDED_PAGES, shared })
    : new WebAssembly.Memory({ initial: 2, maximum: 4, shared });
}

/** Of an access that is both, either may be said. */
/** In the words of V8, and of Firefox. */
const UNALIGNED = ['operation does not support unaligned accesses', 'unaligned memory access'];
const OUT_OF_BOUNDS = ['memory access out of bounds', 'index out of bounds'];

const calls: string[] = [];

function environment(memory: WebAssembly.Memory): WebAssembly.ModuleImports {
  return {
    memory,
    log(a: number, b: bigint) {
      calls.push(`${a},${b}`);
      return calls.length;
    },
  };
}

function trace(
  bytes: Uint8Array<ArrayBuffer>,
  imports: WebAssembly.Imports,
  { bounded }: GeneratedOptions,
): Trace {
  calls.length = 0;
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
  const main = instance.exports['main'] as (...args: unknown[]) => unknown;
  const outcomes = ARGUMENTS.map((args) => {
    try {
      return `${main(...args)}`;
    } catch (error) {
      const message = error instanceof Error ? error.message : 'exception';
      return OUT_OF_BOUNDS[UNALIGNED.indexOf(message)] ?? message;
    }
  });
  const memory = instance.exports['memory'] as WebAssembly.Memory;
  const globals = Object.entries(instance.exports)
    .filter(([, value]) => value instanceof WebAssembly.Global)
    .map(([name, value]) => `${name}=${(value as WebAssembly.Global).value}`);
  const size = bounded ? HEAP_BYTES : memory.buffer.byteLength;
  return {
    outcomes,
    calls: [...calls],
    globals,
    heap: new Uint8Array(memory.buffer, 0, size),
    pages: memory.buffer.byteLength / PAGE,
  };
}
