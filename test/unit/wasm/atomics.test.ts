import { describe, expect, test } from 'vitest';
import { ATOMIC } from '../../../src/shared/slots.ts';
import { ATOMIC_IMPORT } from '../../../src/wasm/atomics.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM } from '../../support/wasm-differential.ts';
import '../../support/wasm-engine.ts';

const KINDS = new Map(Object.entries(ATOMIC).map(([name, code]) => [code, name]));

/** Runs `f`, of these lines, and gives what was told of it; `place` counts each look, `number` each write. */
function run(lines: readonly string[], argument = 0, prepare?: (cells: Int32Array) => void) {
  const bytes = assemble(`
    memory 1 1 shared
    export f func 0
    export memory memory 0
    func i:i locals il
      ${lines.join('\n')}
    end`);
  const result = instrument(bytes, { from: FROM, atomics: true });
  if (!result.ok) throw new Error(result.error.reason);
  const told: string[] = [];
  let places = 0;
  const imports = {
    [FROM]: {
      [ATOMIC_IMPORT.place]: () => places * 2 + 1,
      [ATOMIC_IMPORT.number]: () => ++places * 2,
      [ATOMIC_IMPORT.told](...args: readonly number[]) {
        const [kind = 0, width, address, before, read, written] = args;
        const name = KINDS.get(kind as 1);
        told.push(`${name} ${address}:${width} at ${before} read ${read} wrote ${written}`);
        return places * 2 + 1;
      },
    },
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(result.value.bytes), imports);
  const cells = new Int32Array((exports['memory'] as WebAssembly.Memory).buffer);
  prepare?.(cells);
  const value = (exports['f'] as (argument: number) => number)(argument);
  return { told, value, cells };
}

describe('what happened is told', () => {
  test('of a load and a store, by their cells', () => {
    const { told, value } = run([
      'i32.const 64\ni32.const 7\ni32.atomic.store offset=8',
      'i32.const 72\ni32.atomic.load',
    ]);
    expect(value).toBe(7);
    expect(told).toEqual(['store 72:4 at 2 read 0 wrote 7', 'load 72:4 at 3 read 7 wrote 0']);
  });

  test.each([
    ['add', 5 + 3],
    ['sub', 5 - 3],
    ['and', 5 & 3],
    ['or', 5 | 3],
    ['xor', 5 ^ 3],
    ['xchg', 3],
  ])('of %s, with what it wrote', (name, wrote) => {
    for (const [type, width] of [
      ['i32', 4],
      ['i64', 8],
    ] as const) {
      const { told, cells } = run(
        [`i32.const 64\n${type}.const 3\n${type}.atomic.rmw.${name}\ndrop\ni32.const 0`],
        0,
        (memory) => {
          memory[16] = 5;
        },
      );
      expect(cells[16]).toBe(wrote);
      expect(told).toEqual([`readModifyWrite 64:${width} at 2 read 5 wrote ${wrote}`]);
    }
  });

  test.each([
    ['i32.atomic.rmw.cmpxchg', 'i32', 4],
    ['i64.atomic.rmw.cmpxchg', 'i64', 8],
    ['i32.atomic.rmw8.cmpxchg_u', 'i32', 1],
    ['i64.atomic.rmw16.cmpxchg_u', 'i64', 2],
    ['i64.atomic.rmw32.cmpxchg_u', 'i64', 4],
  ] as const)('of %s, whether it exchanged', (name, type, width) => {
    const exchange = (expected: number): string =>
      `i32.const 64\n${type}.const ${expected}\n${type}.const 9\n${name}\ndrop`;
    const { told } = run([exchange(5), exchange(5), 'i32.const 0'], 0, (memory) => {
      memory[16] = 5;
    });
    // Of a whole type, that it fails is seen before it takes a number.
    const failed = name.includes('_u') ? 4 : 3;
    expect(told).toEqual([
      `readModifyWrite 64:${width} at 2 read 5 wrote 9`,
      `failedExchange 64:${width} at ${failed} read 9 wrote 0`,
    ]);
  });

  test('of a wait: that it begins, and how it ends', () => {
    const wait = (expected: number): string =>
      `i32.const 64\ni32.const ${expected}\ni64.const 1000\nmemory.atomic.wait32`;
    expect(run([wait(0)]).told).toEqual([
      'waitBegin 64:4 at 1 read 0 wrote 0',
      'waitTimedOut 64:4 at 1 read 0 wrote 0',
    ]);
    expect(run([wait(1)]).told).toEqual([
      'waitBegin 64:4 at 1 read 1 wrote 0',
      'waitNotEqual 64:4 at 1 read 1 wrote 0',
    ]);
  });

  test('of a notify, how many it woke', () => {
    expect(run(['i32.const 64\ni32.const 1\nmemory.atomic.notify']).told).toEqual([
      'notify 64:4 at 2 read 0 wrote 0',
    ]);
  });

  test('not of a fence, nor of ordinary accesses', () => {
    expect(run(['atomic.fence 0\ni32.const 64\ni32.load']).told).toEqual([]);
  });
});

test('an exchange that fails only reads, and takes no number', () => {
  for (const type of ['i32', 'i64']) {
    const exchange = `i32.const 64\n${type}.const 0\n${type}.const 1\n${type}.atomic.rmw.cmpxchg\ndrop`;
    const { told, cells } = run([exchange, exchange, 'i32.const 0'], 0, (memory) => {
      memory[16] = 3;
    });
    const width = type === 'i32' ? 4 : 8;
    const line = `failedExchange 64:${width} at 1 read 3 wrote 0`;
    expect(told).toEqual([line, line]);
    expect(cells[16]).toBe(3);
  }
});

test('an unaligned access traps as before, and so does one beyond the memory', () => {
  expect(() => run(['i32.const 65\ni32.atomic.load'])).toThrow('unaligned');
  expect(() => run(['i32.const 65532\ni32.atomic.load offset=4'])).toThrow('out of bounds');
});

test('memory that no thread shares is left alone', () => {
  const bytes = assemble('memory 1 1\nfunc :i\ni32.const 0\ni32.atomic.load\nend');
  const result = instrument(bytes, { from: FROM, atomics: true });
  expect(result.ok && result.value.recordsAtomics).toBe(false);
  expect(result.ok && result.value.bytes).toEqual(bytes);
});
