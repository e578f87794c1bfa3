import {
  type CheckOptions,
  IMPORT,
  type InstrumentOptions,
  instrument,
} from '../../src/wasm/instrument.ts';
import { List } from '../../src/wasm/list.ts';
import { CELL, shadowPages, TURNS } from '../../src/wasm/shadow.ts';
import { type KernelName, kernel } from './wasm-kernels.ts';

const FROM = '#speed';
const SAMPLES = 2048;
const SAMPLES_AT = 8192;
const OTHER_AT = 65_536;
/** A run of the untouched module takes at least as long: so it is compiled with all optimisations, and measurable. */
const LEAST_MS = 25;
const REPEATS = 9;

const checked = (more: Partial<CheckOptions> = {}): InstrumentOptions => ({
  from: FROM,
  checks: { accesses: 'all', precision: 'accumulated', bodies: 'one', shared: true, ...more },
});

/** How a module can be observed, and the control cell that goes with it. */
const LEVELS: { readonly [level: string]: readonly [InstrumentOptions, armed: number] } = {
  'heap hooks': [{ from: FROM, heap: List.of([]) }, 0],
  'full, nothing in quarantine': [checked({ bodies: 'two' }), 0],
  full: [checked({ bodies: 'two' }), TURNS],
  'full, one body': [checked(), 0],
  'writes only': [checked({ accesses: 'writes' }), 0],
  exact: [checked({ precision: 'exact' }), 0],
};

export interface KernelSpeed {
  readonly level: string;
  /** Milliseconds of a run, of the untouched module and of the instrumented one, interleaved. */
  readonly bare: number;
  readonly observed: number;
}

/** Times a kernel in this engine, bare and at each level. The same samples must come out. */
export function speeds(name: KernelName): KernelSpeed[] {
  const bytes = kernel(name);
  const bare = start(bytes, undefined, 0);
  let rounds = 1;
  while (bare(rounds).ms < LEAST_MS) rounds *= 2;
  return Object.entries(LEVELS).map(([level, [options, armed]]) => {
    const made = instrument(bytes, options);
    if (!made.ok) throw new Error(made.error.reason);
    const observed = start(made.value.bytes, made.value.shadow, armed);
    const times = { bare: [] as number[], observed: [] as number[] };
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const before = bare(rounds);
      const after = observed(rounds);
      if (!Object.is(before.sum, after.sum))
        throw new Error(`${name} at ${level} gives other samples`);
      times.bare.push(before.ms);
      times.observed.push(after.ms);
    }
    return { level, bare: Math.min(...times.bare), observed: Math.min(...times.observed) };
  });
}

type Shadow = Parameters<typeof shadowPages>[0];

function start(
  bytes: Uint8Array<ArrayBuffer>,
  shadow: Shadow | undefined,
  armed: number,
): (rounds: number) => { readonly ms: number; readonly sum: number } {
  const imports: WebAssembly.ModuleImports = new Proxy({}, { get: () => () => 0 });
  const own: WebAssembly.ModuleImports = { [IMPORT.report]: () => undefined };
  if (shadow) {
    const pages = shadowPages(shadow);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    new DataView(memory.buffer).setUint32(shadow.cells + CELL.armed, armed, true);
    own[IMPORT.shadow] = memory;
    own[IMPORT.memory] = new WebAssembly.Memory({ initial: 2, maximum: 2 });
  }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    [FROM]: shadow ? own : imports,
  });
  const f = instance.exports['f'] as (samples: number, count: number, other: number) => void;
  const memory = instance.exports['memory'] as WebAssembly.Memory;
  const floats = new Float32Array(memory.buffer);
  return (rounds) => {
    for (let i = 0; i < floats.length; i++) floats[i] = Math.sin(i) / 8;
    const begin = performance.now();
    for (let round = 0; round < rounds; round++) f(SAMPLES_AT, SAMPLES, OTHER_AT);
    const ms = performance.now() - begin;
    return { ms, sum: floats.reduce((sum, value) => sum + value, 0) };
  };
}
