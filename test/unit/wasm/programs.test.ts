import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findAllocator, hookable } from '../../../src/wasm/find-allocator.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { PAGES } from '../../support/server.ts';
import { FROM } from '../../support/wasm-differential.ts';
import '../../support/wasm-engine.ts';

const FOLDER = resolve(PAGES, 'programs');
const MANIFEST = JSON.parse(readFileSync(resolve(FOLDER, 'manifest.json'), 'utf8')) as {
  readonly sources: { readonly [file: string]: string };
  readonly binaries: { readonly [file: string]: string };
};
const BINARIES = Object.keys(MANIFEST.binaries);

function hashOf(file: string): string {
  return createHash('sha256')
    .update(readFileSync(resolve(FOLDER, file)))
    .digest('hex');
}

function moduleOf(file: string) {
  const bytes = new Uint8Array(readFileSync(resolve(FOLDER, file)));
  const module = readModule(bytes);
  const found = module.ok ? findAllocator(module.value) : module;
  if (!module.ok || !found.ok) throw new Error(`${file} cannot be read`);
  const functions = Array.from({ length: found.value.functions.length }, (_, i) => {
    const { role, how, sure } = found.value.functions.at(i);
    return `${role} ${how} ${sure}`;
  });
  return { bytes, found: found.value, functions: functions.sort() };
}

describe('the programs of the zoo', () => {
  test('were built from the sources that lie beside them: npm run programs', () => {
    const files = readdirSync(FOLDER);
    const named = { ...MANIFEST.sources, ...MANIFEST.binaries };
    expect(files.filter((each) => each !== 'manifest.json').sort()).toEqual(
      Object.keys(named).sort(),
    );
    for (const [file, hash] of Object.entries(named))
      expect([file, hashOf(file)]).toEqual([file, hash]);
  });

  test.each(BINARIES)('are stripped: %s', (file) => {
    const { bytes } = moduleOf(file);
    const module = new WebAssembly.Module(bytes);
    for (const name of ['name', 'producers', 'target_features', '.debug_info']) {
      expect(WebAssembly.Module.customSections(module, name)).toEqual([]);
    }
    const names = WebAssembly.Module.exports(module).map(({ name }) => name);
    expect(names.includes('malloc')).toBe(!file.includes('.min.'));
  });

  test.each([
    ['voices.dlmalloc.min.wasm', ['shape likely']],
    // The exported ones take a lock, and call those of wasi-libc.
    ['voices.dlmalloc.wasm', ['export certain', 'shape likely']],
    ['voices.own-heap.wasm', ['export certain']],
    ['voices.own-heap.min.wasm', []],
    // They never call realloc.
    ['mailbox.dlmalloc.min.wasm', ['shape likely'], ['free', 'malloc']],
    ['mailbox.dlmalloc.wasm', ['export certain', 'shape likely']],
    ['fetches.dlmalloc.min.wasm', ['shape likely'], ['free', 'malloc']],
    ['fetches.dlmalloc.wasm', ['export certain', 'shape likely']],
  ])(
    'have an allocator that is found, if it is known or named: %s',
    (file, expected, roles = ['free', 'malloc', 'realloc']) => {
      const { bytes, found, functions } = moduleOf(file);
      expect(functions).toEqual(roles.flatMap((role) => expected.map((how) => `${role} ${how}`)));
      const made = instrument(bytes, { from: FROM, heap: hookable(found) });
      expect(made.ok && WebAssembly.validate(made.value.bytes)).toBe(true);
    },
  );
});
