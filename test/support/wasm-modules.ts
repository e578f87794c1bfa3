import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
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
