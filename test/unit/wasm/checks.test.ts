import { describe, expect, test } from 'vitest';
import type { CheckStyle } from '../../../src/wasm/check-plan.ts';
import {
  type CheckOptions,
  IMPORT,
  type Instrumented,
  instrument,
} from '../../../src/wasm/instrument.ts';
import { IMMEDIATE, OPCODE, opcode } from '../../../src/wasm/opcodes.ts';
import { CELL, TURNS, turnOf } from '../../../src/wasm/shadow.ts';
import { assemble, CONSTANTS } from '../../support/wasm-assembler.ts';
import { FROM, INNER_SHADOW, type Report } from '../../support/wasm-differential.ts';
import { BOUNDED_PAGES } from '../../support/wasm-generator.ts';
import '../../support/wasm-engine.ts';

const ALL: CheckStyle = { accesses: 'all', precision: 'accumulated' };
const EXACT: CheckStyle = { accesses: 'all', precision: 'exact' };
const WRITES: CheckStyle = { accesses: 'writes', precision: 'accumulated' };

const options = (style: CheckStyle, bodies: 'one' | 'two' = 'one'): CheckOptions => ({
  ...style,
  bodies,
  shared: true,
  shadow: INNER_SHADOW,
});

/** A module with a function `f` (`i:`) of these lines. */
const module = (...lines: readonly string[]): Uint8Array<ArrayBuffer> =>
  assemble(`
    import func env.free i:
    import memory env.memory ${BOUNDED_PAGES} ${BOUNDED_PAGES} shared
    global i 4096
    data passive 0102030405060708
    export f func 1
    func i: locals ilfdv
      ${lines.join('\n')}
    end`);

function instrumented(bytes: Uint8Array, checks: CheckOptions): Instrumented {
  const result = instrument(bytes, { from: FROM, checks });
  if (!result.ok) throw new Error(result.error.reason);
  expect(WebAssembly.validate(result.value.bytes)).toBe(true);
  return result.value;
}

interface Running {
  readonly reports: Report[];
  /** Calls `f`; gives what it threw. */
  call(argument: number): unknown;
  poison(address: number, bytes: number): void;
  arm(value: number): void;
}

function run(bytes: Uint8Array, checks: CheckOptions): Running {
  const memory = new WebAssembly.Memory({
    initial: BOUNDED_PAGES,
    maximum: BOUNDED_PAGES,
    shared: true,
  });
  const reports: Report[] = [];
  const shadow = new Uint8Array(memory.buffer, INNER_SHADOW.base);
  const poison = (address: number, size: number, value = 1): void => {
    shadow.fill(value, address / 8, (address + size) / 8);
  };
  const { bytes: made } = instrumented(bytes, checks);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(made), {
    env: { memory, free: (address: number) => poison(address, 32) },
    [FROM]: {
      [IMPORT.report]: (site: number, address: number) => reports.push({ site, address }),
    },
  });
  const f = instance.exports['f'] as (argument: number) => void;
  return {
    reports,
    call(argument) {
      try {
        f(argument);
        return undefined;
      } catch (error) {
        return error;
      }
    },
    poison,
    arm(value) {
      new Int32Array(memory.buffer)[(INNER_SHADOW.cells + CELL.armed) / 4] = value;
    },
  };
}

const accesses = Object.keys(OPCODE.name)
  .map(Number)
  .filter((op) => OPCODE.bytes[op] !== 0);

/** An access at its argument plus 16, whose address is, or is not, at hand in a local. */
function access(op: number, atHand: boolean): string {
  const [takes = '', gives = ''] = (OPCODE.signature[op] ?? '').split(':');
  const address = atHand ? 'local.get 0' : 'local.get 0\ni32.const 0\ni32.or';
  const operands = [...takes.slice(1)].map((letter) => CONSTANTS[letter]);
  const lane = OPCODE.immediate[op] === IMMEDIATE.memoryLane ? '0' : '';
  return [
    address,
    ...operands,
    `${OPCODE.name[op]} offset=16 ${lane}`,
    ...[...gives].map(() => 'drop'),
  ].join('\n');
}

describe.each([
  ['accumulated', ALL],
  ['exact', EXACT],
] as const)('every access is seen, %s', (_, style) => {
  test.each(accesses.map((op) => [OPCODE.name[op] ?? '', op] as const))('%s', (_name, op) => {
    for (const atHand of [true, false]) {
      const bytes = module(access(op, atHand));
      const running = run(bytes, options(style));
      running.poison(1024, 32);
      // Beside the block on either side, and in it.
      running.call(1024 - 16 - 16);
      running.call(1024 - 16 + 32);
      expect(running.reports).toEqual([]);
      running.call(1024 - 16 + 8);
      expect(running.reports).toHaveLength(1);
      const [report] = running.reports;
      expect(report?.address).toBe(1024 - 16 + 8);
      const opcodeAt = [...bytes.subarray(report?.site, (report?.site ?? 0) + 3)];
      expect(nameAt(opcodeAt)).toBe(OPCODE.name[op]);
    }
  });
});

function nameAt([first = 0, second = 0, third = 0]: readonly number[]): string | undefined {
  if (first < 0xfb) return OPCODE.name[first];
  return OPCODE.name[opcode(first, second < 0x80 ? second : (second & 0x7f) | (third << 7))];
}

test('an exact check also sees the last bytes of an access that begins before a block', () => {
  const running = run(module('local.get 0\ni64.load\ndrop'), options(EXACT));
  running.poison(1024, 8);
  running.call(1016);
  expect(running.reports).toEqual([]);
  running.call(1017);
  expect(running.reports).toHaveLength(1);
});

describe('stretches of memory', () => {
  const copy = module('local.get 0\ni32.const 8192\ni32.const 200\nmemory.copy 0 0');
  const from = module('i32.const 8192\nlocal.get 0\ni32.const 200\nmemory.copy 0 0');
  const fill = module('local.get 0\ni32.const 0\ni32.const 200\nmemory.fill 0');
  const init = module('local.get 0\ni32.const 0\ni32.const 8\nmemory.init 0 0');

  test.each([
    ['what is copied to', copy, 200],
    ['what is copied from', from, 200],
    ['what is filled', fill, 200],
    ['what is initialized', init, 8],
  ] as const)('%s is looked at, to its last byte and not beyond', (_, bytes, length) => {
    for (const style of [ALL, EXACT]) {
      for (let start = 1000; start < 1300; start += 3) {
        const running = run(bytes, options(style));
        running.poison(1200, 8);
        running.call(start);
        const touches = start < 1208 && start + length > 1200;
        expect(running.reports.length, `${start}`).toBe(touches ? 1 : 0);
        if (touches) expect(running.reports[0]?.address).toBe(Math.max(start, 1200));
      }
    }
  });

  test('of writes only, what is copied from is none', () => {
    const running = run(from, options(WRITES));
    running.poison(1024, 64);
    running.call(1024);
    expect(running.reports).toEqual([]);
    const writing = run(copy, options(WRITES));
    writing.poison(1024, 64);
    writing.call(1024);
    expect(writing.reports).toHaveLength(1);
  });

  test('nothing, and more than there is, are left to the instruction', () => {
    const none = run(module('local.get 0\ni32.const 0\ni32.const 0\nmemory.fill 0'), options(ALL));
    none.poison(1024, 64);
    expect(none.call(1024)).toBeUndefined();
    expect(none.reports).toEqual([]);
    const most = run(module('local.get 0\ni32.const 0\ni32.const -1\nmemory.fill 0'), options(ALL));
    expect(String(most.call(1024))).toContain('out of bounds');
    expect(most.reports).toEqual([]);
  });
});

describe('what was found is told', () => {
  const load = 'local.get 0\ni32.load\ndrop';
  test.each([
    ['at the end', [load]],
    ['at a return', [load, 'return']],
    ['at a branch out of the function', [load, 'block', 'br 1', 'end']],
    ['at one that depends', [load, 'i32.const 1', 'br_if 0']],
    ['at one by a table', [load, 'i32.const 0', 'br_table 0 0']],
    ['before a trap', [load, 'unreachable']],
    [
      'before a call',
      [load, 'i32.const 0', 'call 0', 'i32.const 1', 'i32.const 0', 'i32.div_s', 'drop'],
    ],
    ['in one arm of two', ['local.get 0', 'if', load, 'else', 'nop', 'end']],
    ['after a loop', ['loop', load, 'end', 'nop']],
  ] as const)('%s', (_, lines) => {
    const running = run(module(...lines), options(ALL));
    running.poison(1024, 32);
    running.call(1024);
    expect(running.reports).toHaveLength(1);
  });

  test('at the head of a loop that holds loops, each time round', () => {
    const running = run(
      module(
        'i32.const 3\nlocal.set 1\nloop\nloop\nlocal.get 0\ni32.load\ndrop\nend\nlocal.get 1\ni32.const 1\ni32.sub\nlocal.tee 1\nbr_if 0\nend',
      ),
      options(ALL),
    );
    running.poison(1024, 32);
    running.call(1024);
    expect(running.reports).toHaveLength(3);
  });
});

describe('checks that could find nothing new are left out', () => {
  const count = (style: CheckStyle, ...lines: readonly string[]): number =>
    instrumented(module(...lines), options(style)).checks;

  test.each([
    [
      1,
      'a second access close by',
      ['local.get 0\ni32.load\ndrop', 'local.get 0\ni32.load offset=60\ndrop'],
    ],
    [
      2,
      'one further off',
      ['local.get 0\ni32.load\ndrop', 'local.get 0\ni32.load offset=64\ndrop'],
    ],
    [1, 'a store of what was read there', ['local.get 0\nlocal.get 0\ni32.load\ni32.store']],
    [
      1,
      'a base plus a constant',
      ['local.get 0\ni32.load\ndrop', 'local.get 0\ni32.const 8\ni32.add\ni32.load\ndrop'],
    ],
    [
      2,
      'a base that has changed',
      ['local.get 0\ni32.load\nlocal.set 0', 'local.get 0\ni32.load\ndrop'],
    ],
    [2, 'an access after a call', ['local.get 0\ni32.load\ncall 0', 'local.get 0\ni32.load\ndrop']],
    [0, 'a constant address', ['i32.const 1024\ni32.load\ndrop']],
    [
      2,
      'an access after only one of two ways',
      ['i32.const 1\nif\nlocal.get 0\ni32.load\ndrop\nend', 'local.get 0\ni32.load\ndrop'],
    ],
    [
      1,
      'an access after a block that it was checked before',
      [
        'local.get 0\ni32.load\ndrop',
        'block\ni32.const 1\nbr_if 0\nend',
        'local.get 0\ni32.load\ndrop',
      ],
    ],
    [
      1,
      'an access in a calm loop that it was checked before',
      ['local.get 0\ni32.load\ndrop', 'loop\nlocal.get 0\ni32.load\ndrop\nend'],
    ],
    [
      2,
      'an access in a loop that calls',
      ['local.get 0\ni32.load\ndrop', 'loop\nlocal.get 0\ni32.load\ncall 0\nend'],
    ],
    [
      2,
      'an access after a loop that calls',
      [
        'local.get 0\ni32.load\ndrop',
        'loop\nlocal.get 0\ncall 0\nend',
        'local.get 0\ni32.load\ndrop',
      ],
    ],
    [
      2,
      'a base that a loop moves',
      [
        'local.get 0\ni32.load\ndrop',
        'loop\nlocal.get 0\ni32.load\ndrop\nlocal.get 0\ni32.const 4\ni32.add\nlocal.tee 0\nbr_if 0\nend',
      ],
    ],
    [0, 'code that is never reached', ['return\nlocal.get 0\ni32.load\ndrop']],
  ] as const)('%s for %s', (expected, _, lines) => {
    expect(count(ALL, ...lines)).toBe(expected);
  });

  test('an address in the frame of a function that takes one', () => {
    const frame = 'global.get 0\ni32.const 16\ni32.sub\nlocal.tee 1\nglobal.set 0';
    expect(count(ALL, frame, 'local.get 1\ni32.const 3\ni32.store offset=4')).toBe(0);
    expect(count(ALL, 'global.get 0\ni32.const 3\ni32.store')).toBe(1);
  });

  test('exact checks all of it', () => {
    expect(
      count(
        EXACT,
        'local.get 0\ni32.load\ndrop',
        'local.get 0\ni32.load\ndrop',
        'i32.const 8\ni32.load\ndrop',
      ),
    ).toBe(3);
  });

  test('of writes only, reads', () => {
    expect(count(WRITES, 'local.get 0\ni32.load\ndrop')).toBe(0);
    expect(count(WRITES, 'local.get 0\ni32.atomic.load\ndrop')).toBe(0);
    expect(count(WRITES, 'local.get 0\nlocal.get 0\ni32.store')).toBe(1);
    expect(count(WRITES, 'local.get 0\nlocal.get 0\ni32.atomic.rmw.add\ndrop')).toBe(1);
    expect(count(WRITES, 'local.get 0\nv128.const 0\nv128.load8_lane 0\ndrop')).toBe(0);
    expect(count(WRITES, 'local.get 0\nv128.const 0\nv128.store8_lane 0')).toBe(1);
  });
});

test('a block that is freed meanwhile is found by the next access', () => {
  const running = run(
    module('local.get 0\ni32.load\ndrop', 'local.get 0\ncall 0', 'local.get 0\ni32.load\ndrop'),
    options(ALL),
  );
  running.call(1024);
  expect(running.reports).toHaveLength(1);
});

test('with two bodies only those are checked that begin while it is armed', () => {
  const bytes = module('local.get 0\ni32.load\ndrop');
  const running = run(bytes, options(ALL, 'two'));
  running.poison(1024, 32);
  running.call(1024);
  expect(running.reports).toEqual([]);
  running.arm(TURNS);
  running.call(1024);
  expect(running.reports).toHaveLength(1);
  running.arm(0);
  running.call(1024);
  expect(running.reports).toHaveLength(1);
});

test('in part armed, those check whose turn has come', () => {
  const bytes = module('local.get 0\ni32.load\ndrop');
  const running = run(bytes, options(ALL, 'two'));
  running.poison(1024, 32);
  const heard: number[] = [];
  for (let armed = 0; armed <= TURNS; armed++) {
    const before = running.reports.length;
    running.arm(armed);
    running.call(1024);
    if (running.reports.length > before) heard.push(armed);
  }
  const turn = turnOf(1);
  expect(heard).toEqual(Array.from({ length: TURNS - turn }, (_, i) => turn + 1 + i));
});

test('what cannot be checked is said', () => {
  const refusal = (text: string): string | undefined => {
    const result = instrument(assemble(text), { from: FROM, checks: options(ALL) });
    return result.ok ? undefined : result.error.reason;
  };
  expect(refusal('func :\nend')).toBe('0 memories');
  expect(refusal('memory 1\nmemory 1')).toBe('2 memories');
  expect(refusal('memory 1 i64')).toBe('a memory of 64-bit addresses');
});
