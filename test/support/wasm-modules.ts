import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type FoundAllocator, findAllocator } from '../../src/wasm/find-allocator.ts';
import { readModule, type WasmModule } from '../../src/wasm/read-module.ts';
import { PROJECT } from './server.ts';

/** Published modules that the project has among its packages, unchanged: files, or scripts that hold one. */
const MODULES = {
  faust: '@grame/faustwasm/libfaust-wasm/libfaust-wasm.wasm',
  fftw: '@grame/faustwasm/test/web/fftw.js',
  gtcrn: '@sapphi-red/web-noise-suppressor/dist/gtcrn.wasm',
  kissfft: '@grame/faustwasm/test/web/kissfft.js',
  libopenmpt: 'chiptune3/libopenmpt.worklet.js',
  rnnoise: '@sapphi-red/web-noise-suppressor/dist/rnnoise.wasm',
  rnnoiseSimd: '@sapphi-red/web-noise-suppressor/dist/rnnoise_simd.wasm',
  rubberband: 'rubberband-wasm/dist/rubberband.wasm',
  signalsmith: 'signalsmith-stretch/SignalsmithStretch.mjs',
  speex: '@sapphi-red/web-noise-suppressor/dist/speex.wasm',
  traceProcessor: 'perfetto-trace-processor-wasm/assets/trace-processor/trace_processor.wasm',
  webp: 'playwright-core/lib/webp_codec.wasm',
} as const;

export const PUBLISHED = Object.keys(MODULES) as readonly (keyof typeof MODULES)[];

const EMBEDDED = /AGFzbQ[A-Za-z0-9+/]+=*/;

export function publishedModule(name: keyof typeof MODULES): Uint8Array<ArrayBuffer> {
  return moduleIn(resolve(PROJECT, 'node_modules', MODULES[name]));
}

/** A module to measure, by a name that a reader knows. */
export interface NamedModule {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The published modules, and those in the folder that `LIFELINE_MODULES` names: different ones of 20 KB at least. */
export function modulesToMeasure(): readonly NamedModule[] {
  const named: NamedModule[] = PUBLISHED.map((name) => ({ name, bytes: publishedModule(name) }));
  const folder = process.env['LIFELINE_MODULES'];
  if (folder === undefined) return named;
  const known = new Set(named.map(({ bytes }) => digestOf(bytes)));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((each) => each.endsWith('.wasm')).sort()) {
    const bytes = moduleIn(resolve(folder, file));
    if (bytes.length < LEAST_BYTES || known.has(digestOf(bytes))) continue;
    known.add(digestOf(bytes));
    named.push({ name: file, bytes });
  }
  return named;
}

const LEAST_BYTES = 20_000;

function moduleIn(path: string): Uint8Array<ArrayBuffer> {
  const file = readFileSync(path);
  if (path.endsWith('.wasm')) return new Uint8Array(file);
  const base64 = EMBEDDED.exec(file.toString('latin1'))?.[0];
  if (base64 === undefined) throw new Error(`${path} holds no module`);
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
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
