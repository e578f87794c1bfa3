import { expect, test } from 'vitest';
import { findAllocator, hookable, isWhole } from '../../../src/wasm/find-allocator.ts';
import type { HeapFunction } from '../../../src/wasm/heap-hooks.ts';
import { List } from '../../../src/wasm/list.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { ALLOCATOR } from '../../support/wasm-allocator.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { type ReadModule, readPublished } from '../../support/wasm-modules.ts';
import { VOICES } from '../../support/wasm-voices.ts';
import '../../support/wasm-engine.ts';

/** `without`: roles that are found, but not hooked. */
function hasAll(bytes: Uint8Array, ...without: readonly string[]): boolean {
  const module = readModule(bytes);
  if (!module.ok) throw new Error(module.error.reason);
  const found = findAllocator(module.value);
  if (!found.ok) throw new Error(found.error.reason);
  return isAll({ module: module.value, allocator: found.value }, ...without);
}

function isAll({ module, allocator }: ReadModule, ...without: readonly string[]): boolean {
  const all = hookable(allocator);
  const hooked = new List<HeapFunction>();
  for (let i = 0; i < all.length; i++) {
    if (!without.includes(all.at(i).role)) hooked.add(all.at(i));
  }
  return isWhole(module, allocator, hooked);
}

test('an allocator all of whose functions are hooked is heard wholly', () => {
  expect(hasAll(assemble(ALLOCATOR))).toBe(true);
  expect(hasAll(assemble(VOICES))).toBe(true);
});

test('what only calls its functions need not be hooked', () => {
  expect(hasAll(assemble(ALLOCATOR), 'realloc')).toBe(true);
});

test.each([
  ['is exported', 'export peek func 5'],
  ['is called by what is exported', 'export peek func 6'],
  ['is in a table', 'table 1\n  elem 5'],
])('a function that %s and hands out blocks behind the back of the others is seen', (_, door) => {
  const behind = assemble(`${ALLOCATOR}
  ${door}
  func :i                      ;; 5
    global.get 1
  end
  func :i                      ;; 6
    call 5
  end`);
  expect(hasAll(behind)).toBe(false);
});

test('a function that only those call that are hooked is part of the allocator', () => {
  const free = '    local.get 0\n    global.set 1';
  const inner = assemble(`${ALLOCATOR.replace(free, `${free}\n    call 5`)}
  func :                       ;; 5
    global.get 1
    drop
  end`);
  expect(hasAll(inner)).toBe(true);
});

test('a published dlmalloc without memalign is heard wholly, and not if its realloc is not', () => {
  const faust = readPublished('faust');
  expect(isAll(faust)).toBe(true);
  expect(isAll(faust, 'realloc')).toBe(false);
});

test('of a published emmalloc nobody knows the realloc', () => {
  expect(isAll(readPublished('webp'))).toBe(false);
});
