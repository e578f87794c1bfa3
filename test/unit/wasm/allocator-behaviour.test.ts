import { describe, expect, test } from 'vitest';
import { AllocatorJudge } from '../../../src/wasm/allocator-behaviour.ts';
import { findShapes } from '../../../src/wasm/allocator-shapes.ts';
import { WATCH_IMPORT, watchable } from '../../../src/wasm/call-watch.ts';
import { instrument } from '../../../src/wasm/instrument.ts';
import { readModule } from '../../../src/wasm/read-module.ts';
import { Random } from '../../support/random.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM } from '../../support/wasm-differential.ts';
import '../../support/wasm-engine.ts';

const [MALLOC, FREE, DESTRUCT, HASH] = [10, 11, 12, 13];
const HEAP = 4096;
/** The result of what gives nothing. */
const NONE = -1;

/** An allocator of blocks of 32 bytes, and a program that uses it, as its calls are seen. */
function recording(seed: number, change: Partial<typeof RULES> = {}) {
  const rules = { ...RULES, ...change };
  const judge = new AllocatorJudge(HEAP);
  const random = new Random(seed);
  const unused: number[] = [];
  const used: number[] = [];
  let next = HEAP;
  for (let step = 0; step < 400; step++) {
    judge.called(HASH, step, random.below(2 ** 31));
    if (used.length === 0 || random.chance(0.55)) {
      const block = unused.pop() ?? next;
      if (block === next) next += rules.distance;
      used.push(block);
      judge.called(MALLOC, 1 + random.below(32), block + rules.misaligned);
      continue;
    }
    const [block = 0] = used.splice(random.below(used.length), 1);
    if (random.chance(0.5)) judge.called(DESTRUCT, block, NONE);
    if (random.chance(rules.heard)) judge.called(FREE, block, NONE);
    if (random.chance(0.1)) judge.called(FREE, 0, NONE);
    unused.push(block);
  }
  return judge.judge();
}

const RULES = { distance: 32, misaligned: 0, heard: 1 };

describe('calls show', () => {
  test('what hands out blocks, and what takes them back', () => {
    for (let seed = 0; seed < 10; seed++) {
      expect(recording(seed)).toMatchObject({ malloc: MALLOC, free: FREE });
    }
  });

  test('nothing where blocks would overlap', () => {
    expect(recording(1, { distance: 8 })).toBeUndefined();
  });

  test('nothing where results are not aligned', () => {
    expect(recording(1, { misaligned: 4 })).toBeUndefined();
  });

  test('nothing where blocks are handed out again that nothing took back', () => {
    expect(recording(1, { heard: 0.5 })).toBeUndefined();
  });

  test('a malloc without a free where nothing is handed out again', () => {
    const judge = new AllocatorJudge(HEAP);
    for (let i = 0; i < 30; i++) judge.called(MALLOC, 16, HEAP + i * 16);
    expect(judge.judge()).toEqual({ malloc: MALLOC, free: undefined, blocks: 30, reused: 0 });
  });

  test('nothing while there are few', () => {
    const judge = new AllocatorJudge(HEAP);
    for (let i = 0; i < 20; i++) judge.called(MALLOC, 16, HEAP + i * 16);
    expect(judge.judge()).toBeUndefined();
  });

  test('nothing below where the heap may begin', () => {
    const judge = new AllocatorJudge(HEAP);
    for (let i = 0; i < 30; i++) judge.called(MALLOC, 16, 1024 + i * 16);
    expect(judge.judge()).toBeUndefined();
  });
});

/** A pool that no name or shape gives away, used by `run`; and functions that look alike. */
const POOL = `
  memory 1
  global i 4096
  global i 0
  export run func 3
  func i:i locals i             ;; 0: a block, from the pool or from the end
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
    i32.const 64
    i32.add
    global.set 0
  end
  func i:                       ;; 1: back into the pool
    local.get 0
    global.get 1
    i32.store
    local.get 0
    global.set 1
  end
  func i:i                      ;; 2: something else
    local.get 0
    i32.const 3
    i32.mul
  end
  func i:i locals ii            ;; 3: run
    loop
      i32.const 24
      call 0
      local.set 1
      i32.const 40
      call 0
      local.set 2
      local.get 1
      call 2
      drop
      local.get 2
      call 2
      drop
      local.get 1
      call 1
      local.get 0
      i32.const 3
      i32.and
      if
        local.get 2
        call 1
      end
      local.get 0
      i32.const 1
      i32.sub
      local.tee 0
      br_if 0
    end
    local.get 2
  end`;

test('a pool without a name is found by its calls', () => {
  const bytes = assemble(POOL);
  const read = readModule(bytes);
  if (!read.ok) throw new Error(read.error.reason);
  const module = read.value;
  expect(findShapes(module)).toBeUndefined();
  const watch = watchable(module);
  expect(Array.from({ length: watch.length }, (_, i) => watch.at(i))).toEqual([0, 1, 2]);
  const made = instrument(bytes, { from: FROM, watch });
  if (!made.ok) throw new Error(made.error.reason);
  const judge = new AllocatorJudge(HEAP);
  const run = (code: Uint8Array<ArrayBuffer>): number => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code), {
      [FROM]: {
        [WATCH_IMPORT.called](index: number, argument: number, result: number) {
          judge.called(index, argument, result);
          return 0;
        },
      },
    });
    return (exports['run'] as (times: number) => number)(50);
  };
  expect(run(made.value.bytes)).toBe(run(bytes));
  expect(judge.judge()).toMatchObject({ malloc: 0, free: 1 });
});
