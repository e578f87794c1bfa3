import { expect, test } from 'vitest';
import { firstFreed, readAccessSite } from '../../../src/wasm/access-site.ts';
import { findAllocator, hookable } from '../../../src/wasm/find-allocator.ts';
import { HEAP_IMPORT } from '../../../src/wasm/heap-hooks.ts';
import { IMPORT, instrument } from '../../../src/wasm/instrument.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { CELL, GRANULE_BYTES, TURNS } from '../../../src/wasm/shadow.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM, INNER_SHADOW, TWO_BODIES } from '../../support/wasm-differential.ts';
import { BOUNDED_PAGES } from '../../support/wasm-generator.ts';
import '../../support/wasm-engine.ts';

/** One free list of blocks of 32 bytes; a processor whose state lies in one, and who goes on after it was freed. */
const PROGRAM = `
  import memory env.memory ${BOUNDED_PAGES} ${BOUNDED_PAGES} shared
  global i 1024                 ;; where the next new block lies
  global i 0                    ;; the first free block, which holds the address of the next
  global i 0                    ;; the processor's state
  export malloc func 0
  export free func 1
  export create func 2
  export destroy func 3
  export process func 4
  export state global 2
  func i:i locals i             ;; malloc
    global.get 1
    local.tee 1
    if
      local.get 1
      i32.load
      global.set 1
      local.get 1
      return
    end
    global.get 0
    global.get 0
    i32.const 32
    i32.add
    global.set 0
  end
  func i:                       ;; free
    local.get 0
    global.get 1
    i32.store
    local.get 0
    global.set 1
  end
  func :                        ;; create
    i32.const 32
    call 0
    global.set 2
    global.get 2
    f32.const 1
    f32.store offset=8
  end
  func :                        ;; destroy
    global.get 2
    call 1
  end
  func :f locals i              ;; process
    global.get 2
    local.tee 0
    local.get 0
    f32.load offset=8
    f32.const 2
    f32.mul
    f32.store offset=8
    local.get 0
    f32.load offset=8
  end`;

/** The least that a hook does: blocks, a quarantine of so many of them, the shadow. */
function start(restingBlocks: number) {
  const bytes = assemble(PROGRAM);
  const read = readModule(bytes);
  if (!read.ok) throw new Error(read.error.reason);
  const module = read.value;
  const found = findAllocator(module);
  if (!found.ok) throw new Error(found.error.reason);
  const made = instrument(bytes, {
    from: FROM,
    heap: hookable(found.value),
    checks: TWO_BODIES,
  });
  if (!made.ok) throw new Error(made.error.reason);
  const memory = new WebAssembly.Memory({
    initial: BOUNDED_PAGES,
    maximum: BOUNDED_PAGES,
    shared: true,
  });
  const shadow = new Uint8Array(memory.buffer, INNER_SHADOW.base);
  const armed = new Int32Array(memory.buffer, INNER_SHADOW.cells + CELL.armed, 1);
  const sizes = new Map<number, number>();
  const resting: number[] = [];
  const said: string[] = [];
  const paint = (address: number, value: number): void => {
    const size = sizes.get(address) ?? 0;
    shadow.fill(value, address / GRANULE_BYTES, (address + size) / GRANULE_BYTES);
  };
  const imports = {
    env: { memory },
    [FROM]: {
      [IMPORT.report](site: number, address: number) {
        const access = readAccessSite(module, site);
        if (!access.ok) throw new Error(access.error.reason);
        const { name, functionIndex } = access.value;
        const first = firstFreed(shadow, access.value, address);
        if (first === undefined) return;
        const block = resting.find(
          (each) => first >= each && first < each + (sizes.get(each) ?? 0),
        );
        said.push(`${name} in ${functionIndex}, ${first - (block ?? 0)} bytes into ${block}`);
      },
      [HEAP_IMPORT.allocated]: (_: number, address: number, size: number) =>
        sizes.set(address, size),
      [HEAP_IMPORT.freeing](address: number) {
        resting.push(address);
        paint(address, 0xfd);
        armed[0] = TURNS;
        return evicted();
      },
      [HEAP_IMPORT.evicted]: () => evicted(),
      [HEAP_IMPORT.reallocating]: () => -1,
      [HEAP_IMPORT.reallocated]: () => undefined,
    },
  };
  const evicted = (): number => {
    if (resting.length <= restingBlocks) return 0;
    const block = resting.shift() ?? 0;
    paint(block, 0);
    if (resting.length === 0) armed[0] = 0;
    return block;
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(made.value.bytes), imports);
  const call = (name: string): number => (exports[name] as () => number)();
  return { call, said, state: exports['state'] as WebAssembly.Global };
}

test('a processor that goes on with its state freed is found, by instruction and block', () => {
  const { call, said } = start(4);
  call('create');
  expect(call('process')).toBe(2);
  expect(said).toEqual([]);
  call('destroy');
  // What it does is not changed: the block is still its own.
  expect(call('process')).toBe(4);
  expect(said).toEqual(['f32.load in 4, 8 bytes into 1024']);
});

test('the next processor gets another block while the old one rests, and is right', () => {
  const { call, said, state } = start(4);
  call('create');
  call('destroy');
  call('create');
  expect(state.value).toBe(1056);
  call('process');
  expect(said).toEqual([]);
});

test('a block that has rested is handed out again, and is right', () => {
  const { call, said, state } = start(1);
  for (let round = 0; round < 3; round++) {
    call('create');
    call('destroy');
  }
  call('create');
  expect(state.value).toBe(1056);
  call('process');
  expect(said).toEqual([]);
});
