import { expect, test } from 'vitest';
import { followForwarders } from '../../../src/wasm/forwarders.ts';
import { HEAP_IMPORT, HEAP_ROLES, type HeapFunction } from '../../../src/wasm/heap-hooks.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import { List } from '../../../src/wasm/list.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM } from '../../support/wasm-differential.ts';
import '../../support/wasm-engine.ts';

const FUNCTION = {
  malloc: 1,
  free: 2,
  realloc: 3,
  calloc: 4,
  memalign: 5,
  posixMemalign: 6,
} as const;

/** Blocks are taken one behind the other and never used again; what is given back goes to `env.freed`. */
const ALLOCATOR = `
  import func env.freed i:
  memory 1
  table 2
  elem 1 2
  global i 1024
  export malloc func 1
  export free func 2
  export realloc func 3
  export calloc func 4
  export memalign func 5
  export posix_memalign func 6
  export forwarder func 7
  export inside func 8
  export through_table func 9
  export memory memory 0
  func i:i                     ;; 1 malloc
    local.get 0
    i32.const 9999
    i32.gt_u
    if
      i32.const 0
      return
    end
    global.get 0
    global.get 0
    local.get 0
    i32.add
    global.set 0
  end
  func i:                      ;; 2 free
    local.get 0
    call 0
  end
  func ii:i locals i           ;; 3 realloc
    local.get 1
    call 1
    local.set 2
    local.get 0
    call 2
    local.get 2
  end
  func ii:i                    ;; 4 calloc
    local.get 0
    local.get 1
    i32.mul
    call 1
  end
  func ii:i                    ;; 5 memalign
    local.get 1
    call 1
  end
  func iii:i                   ;; 6 posix_memalign
    local.get 0
    local.get 2
    call 1
    i32.store
    i32.const 0
  end
  func i:                      ;; 7 forwards to free
    local.get 0
    call 2
  end
  func i:i                     ;; 8 allocates and frees
    local.get 0
    call 1
    call 2
    local.get 0
    call 1
  end
  func i:i                     ;; 9 allocates through the table
    local.get 0
    i32.const 0
    call_indirect i:i
  end`;

const everything = Object.entries(FUNCTION).map(
  ([role, index]) => ({ role, index }) as HeapFunction,
);

interface Hook {
  freeing?(address: number): number;
  evicted?(): number;
  reallocating?(address: number, size: number): number;
}

function run(hook: Hook = {}, heap: readonly HeapFunction[] = everything, text = ALLOCATOR) {
  const result = instrument(assemble(text), { from: FROM, heap: List.of(heap) });
  if (!result.ok) throw new Error(result.error.reason);
  const heard: string[] = [];
  const freed: number[] = [];
  const roles = new Map(Object.entries(HEAP_ROLES).map(([role, { code }]) => [code, role]));
  const imports = {
    env: { freed: (address: number) => freed.push(address) },
    [FROM]: {
      [HEAP_IMPORT.allocated]: (code: number, address: number, size: number) =>
        heard.push(`${roles.get(code as 1)} ${address} ${size}`),
      [HEAP_IMPORT.freeing](address: number) {
        heard.push(`free ${address}`);
        return hook.freeing ? hook.freeing(address) : address;
      },
      [HEAP_IMPORT.evicted]: () => hook.evicted?.() ?? 0,
      [HEAP_IMPORT.reallocating](address: number, size: number) {
        heard.push(`reallocating ${address} ${size}`);
        return hook.reallocating?.(address, size) ?? -1;
      },
      [HEAP_IMPORT.reallocated]: (old: number, address: number, size: number) =>
        heard.push(`reallocated ${old} ${address} ${size}`),
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(result.value.bytes), imports);
  const call = (name: string, ...args: readonly number[]): number =>
    (exports[name] as (...args: readonly number[]) => number)(...args);
  const memory = exports['memory'] as WebAssembly.Memory;
  return { heard, freed, call, memory, instrumented: result.value };
}

test('calls by exports, from inside and through tables are heard alike', () => {
  const { heard, call } = run();
  expect(call('malloc', 16)).toBe(1024);
  call('free', 1024);
  expect(call('inside', 8)).toBe(1048);
  expect(call('through_table', 4)).toBe(1056);
  call('forwarder', 1056);
  expect(heard).toEqual([
    'malloc 1024 16',
    'free 1024',
    'malloc 1040 8',
    'free 1040',
    'malloc 1048 8',
    'malloc 1056 4',
    'free 1056',
  ]);
});

test('what the allocator calls of itself is not heard', () => {
  const { heard, freed, call } = run();
  call('calloc', 3, 8);
  call('memalign', 16, 40);
  expect(call('realloc', 1024, 64)).toBe(1088);
  call('posix_memalign', 512, 16, 8);
  expect(heard).toEqual([
    'calloc 1024 24',
    'memalign 1048 40',
    'reallocating 1024 64',
    'reallocated 1024 1088 64',
    'posixMemalign 1152 8',
  ]);
  expect(freed).toEqual([1024]);
});

test('an allocation that fails is none, and the null pointer is no block', () => {
  const { heard, freed, call } = run();
  expect(call('malloc', 10_000)).toBe(0);
  call('free', 0);
  expect(heard).toEqual([]);
  expect(freed).toEqual([0]);
  call('realloc', 0, 8);
  expect(heard).toEqual(['realloc 1024 8']);
});

test('a freed block rests until the hook lets it go', () => {
  const resting: number[] = [];
  const { freed, call } = run({
    freeing(address) {
      resting.push(address);
      return resting.length > 2 ? (resting.shift() ?? 0) : 0;
    },
    evicted: () => (resting.length > 1 ? (resting.shift() ?? 0) : 0),
  });
  for (const address of [8, 16]) call('free', address);
  expect(freed).toEqual([]);
  call('free', 24);
  expect(freed).toEqual([8, 16]);
  expect(resting).toEqual([24]);
});

test('a block that changes its size can be a new one, with the old one given back', () => {
  const { heard, freed, call, memory } = run({ freeing: () => 0, reallocating: () => 3 });
  const bytes = new Uint8Array(memory.buffer);
  call('malloc', 4);
  bytes.set([1, 2, 3, 4], 1024);
  expect(call('realloc', 1024, 8)).toBe(1028);
  expect([...bytes.subarray(1028, 1034)]).toEqual([1, 2, 3, 0, 0, 0]);
  expect(heard).toEqual(['malloc 1024 4', 'reallocating 1024 8', 'malloc 1028 8', 'free 1024']);
  expect(freed).toEqual([]);
  // It stays where it is when there is no room.
  expect(call('realloc', 1028, 20_000)).toBe(0);
  expect(heard.at(-1)).toBe('reallocating 1028 20000');
});

test('where only some functions are known, the others are left alone', () => {
  const { heard, call } = run({ reallocating: () => 4 }, [
    { role: 'malloc', index: FUNCTION.malloc },
    { role: 'realloc', index: FUNCTION.realloc },
  ]);
  call('realloc', 1024, 8);
  call('free', 1024);
  expect(heard).toEqual(['reallocating 1024 8', 'reallocated 1024 1024 8']);
});

test('functions that cannot be what they are said to be are refused', () => {
  const refusal = (...heap: readonly HeapFunction[]): string | undefined => {
    const result = instrument(assemble(ALLOCATOR), { from: FROM, heap: List.of(heap) });
    return result.ok ? undefined : result.error.reason;
  };
  expect(refusal({ role: 'malloc', index: 0 })).toBe('malloc has no body in the module');
  expect(refusal({ role: 'malloc', index: 99 })).toBe('malloc has no body in the module');
  expect(refusal({ role: 'malloc', index: FUNCTION.free })).toBe('malloc of type i:');
  expect(refusal({ role: 'free', index: FUNCTION.free })).toBeUndefined();
});

test('forwarders are followed to what does the work', () => {
  const read = readModule(assemble(ALLOCATOR));
  if (!read.ok) throw new Error(read.error.reason);
  expect(followForwarders(read.value, 7)).toBe(FUNCTION.free);
  // That one calls an import, which has no body to be hooked.
  expect(followForwarders(read.value, FUNCTION.free)).toBe(FUNCTION.free);
  expect(followForwarders(read.value, FUNCTION.calloc)).toBe(FUNCTION.calloc);
});

test('the bodies that moved are said to be copies of their originals', () => {
  const { instrumented } = run();
  const copies = Array.from({ length: instrumented.copies.length }, (_, i) =>
    instrumented.copies.at(i),
  );
  expect(copies).toEqual([1, 2, 3, 4, 5, 6]);
  expect(instrumented.shift).toBe(Object.keys(HEAP_IMPORT).length);
});
