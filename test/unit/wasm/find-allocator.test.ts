import { describe, expect, test } from 'vitest';
import { glueNames } from '../../../src/wasm/allocator-names.ts';
import { findShapes } from '../../../src/wasm/allocator-shapes.ts';
import { type FoundAllocator, findAllocator, hookable } from '../../../src/wasm/find-allocator.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import type { List } from '../../../src/wasm/list.ts';
import { readModule, type WasmModule } from '../../../src/wasm/read-module.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM } from '../../support/wasm-differential.ts';
import { publishedModule, readPublished } from '../../support/wasm-modules.ts';
import '../../support/wasm-engine.ts';

function parsed(bytes: Uint8Array): WasmModule {
  const result = readModule(bytes);
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

function found(module: WasmModule, glue?: string): FoundAllocator {
  const result = findAllocator(module, glue);
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

const all = <T>(list: List<T>): T[] => Array.from({ length: list.length }, (_, i) => list.at(i));
const lines = (allocator: FoundAllocator): string[] =>
  all(allocator.functions).map(({ role, index, how, sure }) => `${role} ${index} ${how} ${sure}`);

/** Index of an exported function. */
function exported(module: WasmModule, name: string): number | undefined {
  return all(module.exports).find((each) => each.name === name)?.index;
}

describe('by shape alone', () => {
  test('the functions of a published dlmalloc are those that are exported under their names', () => {
    const { module, allocator } = readPublished('faust');
    const shapes = findShapes(module, allocator.facts);
    expect(shapes?.kind).toBe('dlmalloc');
    const byRole = new Map(
      all(shapes?.functions ?? never()).map(({ role, index }) => [role, index]),
    );
    expect(byRole.get('malloc')).toBe(exported(module, 'malloc'));
    expect(byRole.get('free')).toBe(exported(module, 'free'));
  });

  test('so are those of another build, which has names', () => {
    const module = parsed(publishedModule('traceProcessor'));
    const memalign = exported(module, 'emscripten_builtin_memalign');
    const shapes = findShapes(module);
    const byRole = new Map(
      all(shapes?.functions ?? never()).map(({ role, index }) => [role, index]),
    );
    expect(byRole.get('memalign')).toBe(memalign);
    expect([byRole.get('malloc'), byRole.get('free'), byRole.get('realloc')]).toEqual([
      (memalign ?? 0) - 3,
      (memalign ?? 0) - 2,
      (memalign ?? 0) - 1,
    ]);
  });

  test('an emmalloc is known as such', () => {
    const { module, allocator } = readPublished('webp');
    expect(findShapes(module, allocator.facts)?.kind).toBe('emmalloc');
  });

  test('nothing is found in a module that has no allocator', () => {
    const module = parsed(assemble('memory 1\nfunc i:i\nlocal.get 0\ni32.const 244\ni32.add\nend'));
    expect(findShapes(module)).toBeUndefined();
    expect(lines(found(module))).toEqual([]);
  });
});

describe('what is like an allocator’s function, and is none', () => {
  /** Counts buckets as emmalloc does. */
  const buckets = [63, 127, 110, 71].map((each) => `i32.const ${each}\ndrop`).join('\n');
  const grow = 'func i:i\nlocal.get 0\nmemory.grow 0\nend';
  const module = (...lines: readonly string[]): WasmModule =>
    parsed(assemble(`memory 1\n${grow}\nfunc i:i locals i\n${lines.join('\n')}\n${buckets}\nend`));

  test('what asks for more memory first adds to the heap', () => {
    const asks = 'local.get 0\ncall 0\nlocal.tee 1\ni32.const -1\ni32.eq';
    expect(findShapes(module(asks))).toBeUndefined();
  });

  test('what asks for it later hands out blocks', () => {
    const asks = 'nop\nnop\nnop\nlocal.get 0\ncall 0\nlocal.tee 1\ni32.const -1\ni32.eq';
    const shapes = findShapes(module(asks));
    expect(shapes?.kind).toBe('emmalloc');
    expect(shapes?.functions.at(0)).toMatchObject({ role: 'malloc', index: 1 });
  });
});

const NAMED = `
  import func env.realloc ii:i
  memory 1
  export malloc func 1
  export _free func 3
  export b func 2
  export memalign func 2
  export realloc func 0
  func i:i
    local.get 0
  end
  func i:
    i32.const 0
    local.get 0
    i32.store
  end
  func i:
    local.get 0
    call 2
  end`;

describe('by names', () => {
  test('exports are taken at their word, forwarders followed', () => {
    const allocator = found(parsed(assemble(NAMED)));
    expect(allocator.kind).toBeUndefined();
    expect(lines(allocator)).toEqual(['malloc 1 export certain', 'free 2 export certain']);
    expect(all(allocator.doubts)).toEqual(['memalign of type i:', 'realloc is imported']);
  });

  test('the page’s script says which export is which', () => {
    const text = NAMED.replace('export _free func 3', '');
    const allocator = found(parsed(assemble(text)), 'var _free=Module["_free"]=wasmExports["b"];');
    expect(lines(allocator)).toEqual(['malloc 1 export certain', 'free 2 glue likely']);
  });

  test.each([
    ['_malloc = Module["_malloc"] = wasmExports["Mc"];', 'Mc', 'malloc'],
    ['var _free = (a0) => (_free = wasmExports.x)(a0)', 'x', 'free'],
    ["_malloc=asm['q']", 'q', 'malloc'],
    ['_free=Module["_free"]=Module["asm"]["F"]', undefined, undefined],
    ['_freedom = wasmExports["z"]', undefined, undefined],
  ])('%s', (text, name, role) => {
    const names = glueNames(text);
    expect(names.size).toBe(name === undefined ? 0 : 1);
    if (name !== undefined) expect(names.get(name)).toBe(role);
  });

  test('names and shape that agree are certain', () => {
    const { allocator } = readPublished('faust');
    const sure = all(allocator.functions).filter((each) => each.sure === 'certain');
    expect(sure.map((each) => each.role).sort()).toEqual(['free', 'malloc']);
    expect(all(allocator.doubts)).toEqual([]);
  });
});

test('a function by which an exported one works is hooked too: others may call it by itself', () => {
  const buckets = [63, 127, 110, 71].map((each) => `i32.const ${each}\ndrop`).join('\n');
  const exported = (...calls: readonly number[]): string => `
    memory 1
    export malloc func 3
    func i:i\nlocal.get 0\nmemory.grow 0\nend
    func i:i\n${buckets}\nlocal.get 0\ncall 0\nend   ;; 1 hands out blocks
    func i:i\nlocal.get 0\ncall 1\nend               ;; 2 forwards
    func i:i                                         ;; 3 as linkers export functions of commands
    local.get 0\n${calls.map((each) => `call ${each}`).join('\n')}
    end
    func :\nend`;
  expect(lines(found(parsed(assemble(exported(2, 4)))))).toEqual([
    'malloc 3 export certain',
    'malloc 1 shape likely',
  ]);
  const other = found(parsed(assemble(exported(0, 4))));
  expect(lines(other)).toEqual(['malloc 3 export likely']);
  expect(all(other.doubts)).toEqual(['malloc is named 3, and looks like 1']);
});

test('what was found can be hooked, and what is a guess is not', () => {
  const { allocator } = readPublished('faust');
  const heap = hookable(allocator);
  expect(all(allocator.functions).filter((each) => each.sure === 'guess')).toHaveLength(
    allocator.functions.length - heap.length,
  );
  const result = instrument(publishedModule('faust'), { from: FROM, heap });
  expect(result.ok && WebAssembly.validate(result.value.bytes)).toBe(true);
});

function never(): never {
  throw new Error('no shapes');
}
