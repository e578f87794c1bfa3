import { expect, test } from 'vitest';
import {
  bytesName,
  type Rewrite,
  readTag,
  tagModule,
} from '../../../../src/hooks/wasm/wasm-tag.ts';

const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const REWRITE: Rewrite = {
  bytes: new Uint8Array([1, 2, 3]),
  layout: { importedFunctions: 1, functions: 2, shift: 3, copies: new Int32Array([0, -1]) },
  hearsHeap: false,
  hearsCalls: false,
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
  const module = new WebAssembly.Module(tagModule(EMPTY, 'ours', rewrite, -5, 7));
  const [section] = WebAssembly.Module.customSections(module, 'ours');
  const { bytes, ...form } = rewrite;
  expect(section && readTag(section)).toEqual({ ...form, key: -5, ahead: 7 });
  const [second] = WebAssembly.Module.customSections(module, bytesName('ours'));
  expect(second && new Uint8Array(second)).toEqual(bytes);
});

test('what is too short is no form of ours', () => {
  expect(readTag(new ArrayBuffer(48))).toBeUndefined();
});
