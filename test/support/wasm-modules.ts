import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FoundAllocator, findAllocator } from '../../src/wasm/find-allocator.ts';
import { readModule, type WasmModule } from '../../src/wasm/read-module.ts';
import { PROJECT } from './server.ts';

/** Published modules that the project has among its packages, unchanged. */
const MODULES = {
  faust: '@grame/faustwasm/libfaust-wasm/libfaust-wasm.wasm',
  traceProcessor: 'perfetto-trace-processor-wasm/assets/trace-processor/trace_processor.wasm',
  webp: 'playwright-core/lib/webp_codec.wasm',
} as const;

export const PUBLISHED = Object.keys(MODULES) as readonly (keyof typeof MODULES)[];

export function publishedModule(name: keyof typeof MODULES): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(resolve(PROJECT, 'node_modules', MODULES[name])));
}

export interface ReadModule {
  readonly module: WasmModule;
  readonly allocator: FoundAllocator;
}

const known = new Map<string, ReadModule>();

/** Read once, which takes a second: nothing changes what was found. */
export function readPublished(name: keyof typeof MODULES): ReadModule {
  const before = known.get(name);
  if (before !== undefined) return before;
  const module = readModule(publishedModule(name));
  if (!module.ok) throw new Error(module.error.reason);
  const allocator = findAllocator(module.value);
  if (!allocator.ok) throw new Error(allocator.error.reason);
  const read = { module: module.value, allocator: allocator.value };
  known.set(name, read);
  return read;
}
