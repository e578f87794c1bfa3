import type { CheckOptions } from '../../src/wasm/instrument.ts';
import { TURNS } from '../../src/wasm/shadow.ts';
import { difference } from './wasm-differential.ts';
import type { GeneratedOptions } from './wasm-generator.ts';

/** How a module is instrumented follows from its seed, so that a range of seeds has all of it. */
const STYLES = [
  { accesses: 'all', precision: 'accumulated', bodies: 'one' },
  { accesses: 'all', precision: 'accumulated', bodies: 'two' },
  { accesses: 'writes', precision: 'accumulated', bodies: 'one' },
  { accesses: 'all', precision: 'exact', bodies: 'one' },
] as const;
/** One granule in so many is poisoned; 0: none. */
const POISON = [0, 97, 13, 3] as const;
const POISONED_BYTES = 40_000;

/**
 * Compares the random modules of these seeds with their instrumented forms, whose shadow lies in a memory of its own.
 * Runs in Chromium, or any engine that knows several memories. Gives what differed, in words.
 */
export function trials(from: number, to: number): string[] {
  const differences: string[] = [];
  for (let seed = from; seed < to; seed++) {
    const found = trial(seed);
    if (found !== undefined) differences.push(`seed ${seed}: ${found}`);
  }
  return differences;
}

function trial(seed: number): string | undefined {
  const options: GeneratedOptions = {
    shared: seed % 2 === 1,
    simd: seed % 3 === 0,
    exceptions: seed % 5 === 0,
  };
  const style = STYLES[(seed >> 1) % STYLES.length] ?? STYLES[0];
  const checks: CheckOptions = { ...style, shared: true };
  const every = POISON[(seed >> 3) % POISON.length] ?? 0;
  const circumstances = {
    armed: seed % 11 === 0 ? 0 : TURNS,
    atomics: seed % 4 === 1,
    prepare(shadow: Uint8Array) {
      for (let i = 0; every > 0 && i < POISONED_BYTES; i += every) shadow[i] = 1;
    },
  };
  try {
    return difference(seed, options, checks, circumstances)?.reason;
  } catch (error) {
    return `threw ${error}`;
  }
}
