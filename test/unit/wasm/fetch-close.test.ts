import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { findFetchClose } from '../../../src/wasm/fetch-close.ts';
import { readModule, type WasmModule } from '../../../src/wasm/read-module.ts';
import { PAGES } from '../../support/server.ts';
import { publishedModule } from '../../support/wasm-modules.ts';

function moduleOf(bytes: Uint8Array): WasmModule {
  const module = readModule(bytes);
  if (!module.ok) throw new Error(module.error.reason);
  return module.value;
}

function program(file: string): WasmModule {
  return moduleOf(new Uint8Array(readFileSync(resolve(PAGES, 'programs', file))));
}

test('what closes a fetch is found in a stripped program', () => {
  const module = program('fetches.dlmalloc.min.wasm');
  const exported = Array.from({ length: module.exports.length }, (_, i) => module.exports.at(i));
  expect(findFetchClose(module)).toBe(exported.find(({ name }) => name === 'g')?.index);
});

test('programs without fetches have none', () => {
  expect(findFetchClose(program('voices.dlmalloc.min.wasm'))).toBe(-1);
  expect(findFetchClose(moduleOf(publishedModule('faust')))).toBe(-1);
});
