import { expect, test } from 'vitest';
import {
  type AtomicImports,
  recordWasmAtomics,
} from '../../../../src/hooks/wasm/wasm-atomic-imports.ts';
import { ATOMIC } from '../../../../src/shared/slots.ts';
import type { MemoryId } from '../../../../src/shared/units.ts';
import { ATOMIC_IMPORT } from '../../../../src/wasm/atomics.ts';
import { instrument } from '../../../../src/wasm/instrument.ts';
import { AtomicsLog } from '../../../support/atomics-log.ts';
import { assemble } from '../../../support/wasm-assembler.ts';
import { FROM } from '../../../support/wasm-differential.ts';
import '../../../support/wasm-engine.ts';

const MODULE = `
  import memory env.memory 1 4 shared
  export load func 0
  export store func 1
  export load64 func 2
  export store8 func 3
  export exchange func 4
  export wait func 5
  export notify func 6
  func i:i
    local.get 0
    i32.atomic.load
  end
  func ii:
    local.get 0
    local.get 1
    i32.atomic.store
  end
  func i:l
    local.get 0
    i64.atomic.load
  end
  func ii:
    local.get 0
    local.get 1
    i32.atomic.store8
  end
  func iii:i
    local.get 0
    local.get 1
    local.get 2
    i32.atomic.rmw.cmpxchg
  end
  func ii:i
    local.get 0
    local.get 1
    i64.const 1000
    memory.atomic.wait32
  end
  func ii:i
    local.get 0
    local.get 1
    memory.atomic.notify
  end`;

type Call = (...args: readonly number[]) => number;

/** A module and JavaScript that work on one memory, which has crossed threads unless it `isOwn`. */
function together(log: AtomicsLog, isOwn = false) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const buffer = memory.buffer as unknown as SharedArrayBuffer;
  if (!isOwn) log.share(buffer);
  const faults: unknown[] = [];
  const atomics = recordWasmAtomics(log.observer.cells, log.memories, (error) =>
    faults.push(error),
  );
  const made = instrument(assemble(MODULE), { from: FROM, atomics: true });
  if (!made.ok) throw new Error(made.error.reason);
  const ours = atomics.importsFor(() => memory);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(made.value.bytes), {
    env: { memory },
    [FROM]: { ...ours },
  });
  const calls = instance.exports as unknown as Record<string, Call>;
  const call = (name: string, ...args: readonly number[]): number | undefined =>
    calls[name]?.(...args);
  return { memory, call, cells: new Int32Array(buffer), ours, faults };
}

test('the imports are those that a module asks for', () => {
  using log = new AtomicsLog();
  const { ours } = together(log);
  expect(Object.keys(ours).sort()).toEqual(
    (Object.values(ATOMIC_IMPORT) as (keyof AtomicImports)[]).sort(),
  );
});

test('a cell is one cell, whether a module or JavaScript touches it', () => {
  using log = new AtomicsLog();
  const { call, cells } = together(log);
  call('store', 64, 7);
  expect(Atomics.load(cells, 16)).toBe(7);
  Atomics.store(cells, 16, 8);
  expect(call('load', 64)).toBe(8);
  expect(log.lines).toEqual(['store 1 0→7', 'load 1 7→0', 'store 1 0→8', 'load 1 8→0']);
  expect(log.cells).toEqual([{ cell: 1, memory: 1, offset: 64, width: 4 }]);
});

test('a write has a number of its own before it, a read two places between numbers', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  call('load', 64);
  call('store', 64, 1);
  call('notify', 64, 1);
  call('load', 64);
  expect(log.written.map(({ kind, before, after }) => `${kind} ${before}…${after}`)).toEqual([
    'load 1…1',
    'store 2…3',
    'notify 4…5',
    'load 5…5',
  ]);
});

test('a loop that polls is counted, and told by doubling counts or once a second', () => {
  using log = new AtomicsLog();
  const { call, cells } = together(log);
  for (let i = 0; i < 200; i++) call('load', 64);
  Atomics.load(cells, 16);
  expect(log.asked).toBe(1);
  expect(log.lines).toEqual([
    'load 1 0→0',
    'loads 1 0→0 ×64',
    'loads 1 0→0 ×128',
    'loads 1 0→0 ×8',
  ]);
});

test('a loop that tries an exchange is counted too, and takes no numbers', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  call('store', 64, 3);
  for (let i = 0; i < 5; i++) expect(call('exchange', 64, 0, 1)).toBe(3);
  expect(log.lines).toEqual(['store 1 0→3', 'failedExchange 1 3→0', 'loads 1 3→0 ×4']);
  expect(log.order[0]).toBe(1);
});

test('polls of several cells in turn do not break each other’s counts', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  for (let i = 0; i < 10; i++) {
    call('load', 64);
    call('load', 68);
  }
  expect(log.lines).toEqual(['load 1 0→0', 'load 2 0→0', 'loads 1 0→0 ×9', 'loads 2 0→0 ×9']);
});

test('writes that follow each other are one run', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  for (let i = 1; i <= 5; i++) call('store', 64, i);
  expect(log.lines).toEqual(['store 1 0→1', 'writes 1 1→5 ×4']);
});

test('of 64 bits only the low word is known, so nothing is taken for a repetition', () => {
  using log = new AtomicsLog();
  const { call, cells } = together(log);
  call('load64', 64);
  Atomics.store(cells, 17, 1);
  call('load64', 64);
  Atomics.load(new BigInt64Array(cells.buffer), 8);
  expect(log.lines).toEqual(['load 1 0→0', 'store 2 0→1', 'load 1 0→0', 'load 1 0→0']);
});

test('narrow cells keep as much of a value as they hold', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  call('store8', 67, 0x1ff);
  expect(log.lines).toEqual(['store 1 0→255']);
  expect(log.cells).toEqual([{ cell: 1, memory: 1, offset: 67, width: 1 }]);
});

test('that a wait begins can be read before the thread blocks', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  expect(call('wait', 64, 0)).toBe(2);
  expect(log.published).toBeGreaterThan(0);
  expect(call('wait', 64, 5)).toBe(1);
  expect(log.lines).toEqual([
    'waitBegin 1 0→0',
    'waitTimedOut 1 0→0',
    'waitBegin 1 5→0',
    'waitNotEqual 1 5→0',
  ]);
});

test('a wait that the engine refuses has not begun', () => {
  using log = new AtomicsLog();
  const { call } = together(log);
  expect(() => call('wait', 66, 0)).toThrow('unaligned');
  expect(() => call('wait', 65_536, 0)).toThrow('out of bounds');
  expect(log.lines).toEqual([]);
});

test('memory that has crossed no thread is not told, and is from the moment that it has', () => {
  using log = new AtomicsLog();
  const { memory, call } = together(log, true);
  call('store', 64, 1);
  log.share(new SharedArrayBuffer(4));
  call('store', 64, 2);
  expect(log.lines).toEqual([]);
  log.share(memory.buffer);
  call('store', 64, 3);
  expect(log.lines).toEqual(['store 1 0→3']);
});

test('a memory that has grown is the same block', () => {
  using log = new AtomicsLog();
  const { memory, call } = together(log);
  call('store', 64, 1);
  memory.grow(1);
  call('store', 65_600, 2);
  expect(log.cells.map(({ memory: id, offset }) => [id, offset])).toEqual([
    [1, 64],
    [1, 65_600],
  ]);
});

test('what goes wrong in us is told, and changes nothing for the module', () => {
  using log = new AtomicsLog();
  const { ours, faults } = together(log);
  const broken = recordWasmAtomics(
    {
      ...log.observer.cells,
      at: () => {
        throw new Error('ours');
      },
    },
    { ...log.memories, crossed: 1, sharedIdOf: () => 1 as MemoryId },
    (error) => faults.push(error),
  ).importsFor(() => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }));
  expect(broken.atomic(ATOMIC.load, 4, 64, 1, 0, 0)).toBe(ours.place());
  expect(faults).toHaveLength(1);
});
