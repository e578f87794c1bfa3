import { getOwnPropertyDescriptor, ownKeys, toStringTag } from '../../base/intrinsics.ts';
import { dataProperty } from '../../shared/describe-error.ts';

/** What the options of a node tell of Emscripten's glue. */
export interface EmscriptenNode {
  readonly role: 'no' | 'node' | 'bootstrap';
  /** Heap address of the user data, and function table index of the callback; 0 when not known. */
  readonly userData: number;
  readonly callback: number;
}

const NOT: EmscriptenNode = { role: 'no', userData: 0, callback: 0 };
const BOOTSTRAP: EmscriptenNode = { role: 'bootstrap', userData: 0, callback: 0 };
/** Closure gives properties names of this many letters at most. */
const MINIFIED_UNITS = 2;
const MOST_MINIFIED_KEYS = 3;

/**
 * Recognises the nodes of Emscripten's Wasm Audio Worklets by the shape of their `processorOptions`:
 * `{callback, userData, samplesPerChannel}`, `{cb, ud}` in old builds, two or three letters that differ
 * from build to build under closure. The bootstrap node's options carry the module and its memory.
 * Letters alone prove nothing: they count only in a context that has had a bootstrap (`started`).
 */
export function recogniseEmscripten(options: unknown, started: boolean): EmscriptenNode {
  if (typeof options !== 'object' || options === null) return NOT;
  if (holdsModuleAndMemory(options)) return BOOTSTRAP;
  const callback = count(options, 'callback') ?? count(options, 'cb');
  const userData = count(options, 'userData') ?? count(options, 'ud');
  if (callback !== undefined && userData !== undefined) return { role: 'node', userData, callback };
  return started ? minified(options) : NOT;
}

function minified(options: object): EmscriptenNode {
  const keys = ownKeys(options);
  if (keys.length < 2 || keys.length > MOST_MINIFIED_KEYS) return NOT;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as PropertyKey;
    if (typeof key !== 'string' || key.length > MINIFIED_UNITS) return NOT;
    if (count(options, key) === undefined) return NOT;
  }
  const callback = count(options, keys[0] as string) as number;
  const userData = count(options, keys[1] as string) as number;
  return { role: 'node', userData, callback };
}

function holdsModuleAndMemory(options: object): boolean {
  const keys = ownKeys(options);
  let module = false;
  let memory = false;
  for (let i = 0; i < keys.length && i < 32; i++) {
    const value = getOwnPropertyDescriptor(options, keys[i] as PropertyKey)?.value;
    if (typeof value !== 'object' || value === null) continue;
    const tag = dataProperty(value, toStringTag);
    module ||= tag === 'WebAssembly.Module';
    memory ||= tag === 'WebAssembly.Memory';
  }
  return module && memory;
}

/** The property `key` where it is an own whole number from 0 on. */
function count(options: object, key: string): number | undefined {
  const value: unknown = getOwnPropertyDescriptor(options, key)?.value;
  return typeof value === 'number' && value >= 0 && value % 1 === 0 ? value : undefined;
}
