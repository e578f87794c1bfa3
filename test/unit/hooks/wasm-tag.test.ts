import { expect, test } from 'vitest';
import { type Rewrite, readTag, tagModule } from '../../../src/hooks/wasm-tag.ts';

const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const REWRITE: Rewrite = {
  bytes: new Uint8Array([1, 2, 3]),
  layout: { importedFunctions: 1, functions: 2, shift: 3, copies: new Int32Array([0, -1]) },
  hearsHeap: false,
  recordsAtomics: false,
  checks: undefined,
};
const CHECKS = {
  module: 7,
  shared: true,
  defines: false,
  minimum: 1,
  maximum: 65_536,
  isBounded: true,
  pages: 4096,
  cells: 1_048_576,
};

test.each([
  REWRITE,
  { ...REWRITE, hearsHeap: true },
  { ...REWRITE, recordsAtomics: true },
  { ...REWRITE, hearsHeap: true, checks: CHECKS },
  {
    ...REWRITE,
    hearsHeap: true,
    recordsAtomics: true,
    checks: { ...CHECKS, shared: false, defines: true, isBounded: false },
  },
])('a module carries its instrumented form, and what that tells of', (rewrite) => {
  const module = new WebAssembly.Module(tagModule(EMPTY, 'ours', rewrite));
  const [section] = WebAssembly.Module.customSections(module, 'ours');
  expect(section && readTag(section)).toEqual(rewrite);
});

test('what is too short is no form of ours', () => {
  expect(readTag(new ArrayBuffer(40))).toBeUndefined();
});
