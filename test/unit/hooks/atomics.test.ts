import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { lineOf } from '../../support/atomic-entries.ts';
import { AtomicsLog } from '../../support/atomics-log.ts';

function shared(log: AtomicsLog, bytes = 64): Int32Array<SharedArrayBuffer> {
  const cells = new Int32Array(new SharedArrayBuffer(bytes));
  log.share(cells.buffer);
  return cells;
}

test('each operation is told with what it read and wrote', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  Atomics.store(cells, 0, 5);
  Atomics.load(cells, 0);
  Atomics.add(cells, 0, 2);
  Atomics.load(cells, 1);
  Atomics.sub(cells, 0, 1);
  Atomics.notify(cells, 0);
  Atomics.and(cells, 0, 4);
  Atomics.load(cells, 2);
  Atomics.or(cells, 0, 3);
  Atomics.load(cells, 3);
  Atomics.xor(cells, 0, 1);
  Atomics.load(cells, 4);
  Atomics.exchange(cells, 0, -1);
  Atomics.compareExchange(cells, 0, 8, 9);
  Atomics.compareExchange(cells, 0, 2 ** 32 - 1, 9);
  expect(log.lines).toEqual([
    'store 1 0→5',
    'load 1 5→0',
    'readModifyWrite 1 5→7',
    'load 2 0→0',
    'readModifyWrite 1 7→6',
    'notify 1 0→0',
    'readModifyWrite 1 6→4',
    'load 3 0→0',
    'readModifyWrite 1 4→7',
    'load 4 0→0',
    'readModifyWrite 1 7→6',
    'load 5 0→0',
    'readModifyWrite 1 6→-1',
    'failedExchange 1 -1→0',
    'readModifyWrite 1 -1→9',
  ]);
  expect(log.cells[0]).toEqual({ cell: 1, memory: 1, offset: 0, width: 4 });
  expect(log.cells[4]).toEqual({ cell: 5, memory: 1, offset: 16, width: 4 });
});

test('a write has a number of its own before it, a read two places between numbers', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  Atomics.load(cells, 0);
  Atomics.store(cells, 0, 1);
  Atomics.notify(cells, 0);
  Atomics.load(cells, 0);
  Atomics.compareExchange(cells, 0, 7, 8);
  const places = log.written.map(({ kind, before, after }) => `${kind} ${before}…${after}`);
  expect(places).toEqual([
    'load 1…1',
    'store 2…3',
    'notify 4…5',
    'load 5…5',
    // The cell was read last, so whether this one fails was asked first: no number is spent on it.
  ]);
  expect(log.lines.at(-1)).toBe('loads 1 1→0');
});

test('one cell is one cell, through whatever array of its width it is touched', () => {
  using log = new AtomicsLog();
  const { buffer } = shared(log);
  Atomics.store(new Int32Array(buffer, 8), 1, 1);
  Atomics.store(new Uint32Array(buffer), 3, 2 ** 32 - 2);
  Atomics.store(new Int8Array(buffer), 12, -1);
  Atomics.store(new Uint8Array(buffer, 12), 0, 254);
  Atomics.store(new BigInt64Array(buffer), 1, -3n);
  Atomics.add(new BigUint64Array(buffer, 8), 0, 2n ** 33n + 1n);
  expect(log.cells.map(({ offset, width }) => `${offset}+${width}`)).toEqual([
    '12+4',
    '12+1',
    '8+8',
  ]);
  expect(log.lines).toEqual([
    'store 1 0→1',
    'writes 1 1→-2',
    'store 2 0→255',
    'writes 2 255→254',
    'store 3 0→-3',
    'readModifyWrite 3 -3→-2',
  ]);
});

test('nothing is told of memory that crossed no thread, until it does', () => {
  using log = new AtomicsLog();
  const local = new Int32Array(4);
  const later = new Int32Array(new SharedArrayBuffer(16));
  Atomics.store(local, 0, 1);
  Atomics.store(later, 0, 1);
  expect(log.asked).toBe(0);
  const cells = shared(log);
  Atomics.store(local, 0, 2);
  Atomics.store(later, 0, 2);
  Atomics.store(cells, 0, 3);
  log.share(later.buffer);
  Atomics.store(later, 0, 4);
  Atomics.store(local, 0, 4);
  expect(log.lines).toEqual(['store 1 0→3', 'store 2 0→4']);
  expect(log.asked).toBe(1);
});

test('loads that repeat a value are counted, and told when the cell changes or when asked', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  for (let i = 0; i < 10; i++) {
    Atomics.load(cells, 0);
    Atomics.load(cells, 1);
  }
  expect(log.written.map(lineOf)).toEqual(['load 1 0→0', 'load 2 0→0']);
  cells[0] = 5;
  Atomics.load(cells, 0);
  Atomics.load(cells, 0);
  Atomics.store(cells, 0, 5);
  Atomics.load(cells, 0);
  expect(log.written.slice(2).map(lineOf)).toEqual([
    'loads 1 0→0 ×9',
    'load 1 5→0',
    'loads 1 5→0',
    'store 1 0→5',
    'load 1 5→0',
  ]);
  expect(log.lines.slice(7)).toEqual(['loads 2 0→0 ×9']);
});

test('loads cover the first and the last of them', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  Atomics.load(cells, 0);
  Atomics.store(cells, 1, 1);
  Atomics.load(cells, 0);
  Atomics.store(cells, 2, 1);
  Atomics.load(cells, 0);
  Atomics.store(cells, 3, 1);
  log.observer.settle();
  expect(log.written.at(-1)).toMatchObject({ kind: 'loads', before: 3, after: 7, count: 2 });
});

test('a loop takes a number each time that it is told, and what was read keeps its place', () => {
  using log = new AtomicsLog({ numbersLoops: true });
  const cells = shared(log);
  for (let i = 0; i < 14; i++) Atomics.load(cells, 0);
  log.observer.settle();
  expect(log.written.map(({ before, after, count }) => [before, after, count])).toEqual([
    [1, 1, 1],
    [1, 2, 4],
    [3, 4, 8],
    [5, 5, 1],
  ]);
});

test('a thread that spins says so while it spins', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  for (let i = 0; i < 1_000_000; i++) Atomics.load(cells, 0);
  const counts = log.written.map(({ count }) => count);
  expect(counts.slice(0, 4)).toEqual([1, 64, 128, 256]);
  log.observer.settle();
  expect(log.written.reduce((sum, { count }) => sum + count, 0)).toBe(1_000_000);
  expect(log.written.length).toBeLessThan(20);
});

test('exchanges that fail again and again are loads, and spend no numbers', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  cells[0] = 1;
  for (let i = 0; i < 50; i++) Atomics.compareExchange(cells, 0, 0, 1);
  expect(log.order[0]).toBe(1);
  cells[0] = 0;
  expect(Atomics.compareExchange(cells, 0, 0, 1)).toBe(0);
  expect(log.lines).toEqual(['failedExchange 1 1→0', 'loads 1 1→0 ×49', 'readModifyWrite 1 0→1']);
});

test('writes of one cell in a row are one entry, until somebody else has written', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  for (let i = 0; i < 5; i++) Atomics.add(cells, 0, 1);
  cells[0] = 40; // Another thread's.
  Atomics.add(cells, 0, 2);
  Atomics.add(cells, 0, 1);
  Atomics.store(cells, 1, 1);
  expect(log.lines).toEqual([
    'readModifyWrite 1 0→1',
    'writes 1 1→42 ×5',
    'load 1 40→0',
    'readModifyWrite 1 42→43',
    'store 2 0→1',
  ]);
});

test('whatever else is recorded ends a row of writes', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  for (let i = 0; i < 4; i++) Atomics.store(cells, 0, i);
  log.slots.message(8, 1, 0, 100, 0, 0);
  for (let i = 0; i < 4; i++) Atomics.store(cells, 0, i);
  expect(log.lines).toEqual(['store 1 0→0', 'writes 1 0→3 ×3', 'store 1 0→0', 'writes 1 0→3 ×3']);
});

test('a thread that waits has said so before it blocks', async () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  const worker = new Worker(
    `const { workerData: cells } = require('node:worker_threads');
     Atomics.wait(cells, 1, 0, 30);
     Atomics.store(cells, 0, 1);
     Atomics.notify(cells, 0);`,
    { eval: true, workerData: cells },
  );
  expect(Atomics.wait(cells, 0, 0, 10_000)).toBe('ok');
  expect(log.published).toBe(2);
  expect(Atomics.wait(cells, 0, 0)).toBe('not-equal');
  expect(Atomics.wait(cells, 1, 0, 1)).toBe('timed-out');
  expect(log.lines).toEqual([
    'waitBegin 1 0→0',
    'waitOk 1 0→0',
    'waitBegin 1 0→0',
    'waitNotEqual 1 0→0',
    'waitBegin 2 0→0',
    'waitTimedOut 2 0→0',
  ]);
  await worker.terminate();
});

test('a wait that throws has not begun', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  expect(() => Atomics.wait(cells, 99, 0)).toThrow(RangeError);
  expect(() => Atomics.wait(new Uint32Array(cells.buffer) as never, 0, 0)).toThrow(TypeError);
  expect(() => Atomics.wait(cells, 0, 0, Symbol('s') as never)).toThrow(TypeError);
  expect(() => Atomics.wait(cells, 0, 1n as never)).toThrow(TypeError);
  expect(log.lines).toEqual([]);
});

test('an asynchronous wait is told when it begins and when it is heard', async () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  const { value } = Atomics.waitAsync(cells, 0, 0);
  const timed = Atomics.waitAsync(cells, 1, 0, 5);
  Atomics.waitAsync(cells, 0, 7);
  expect(Atomics.notify(cells, 0)).toBe(1);
  await value;
  await timed.value;
  expect(log.lines).toEqual([
    'asyncWaitBegin 1 0→0',
    'asyncWaitBegin 2 0→0',
    'waitNotEqual 1 7→0',
    'notify 1 0→1',
    'asyncWaitOk 1 0→0',
    'asyncWaitTimedOut 2 0→0',
  ]);
});

test('cells beyond what a slot can name are counted as lost', () => {
  using log = new AtomicsLog({ slots: 1 << 18 });
  const cells = shared(log, 70_000 * 4);
  for (let i = 0; i < 66_000; i++) Atomics.load(cells, i);
  Atomics.store(cells, 0, 1);
  expect(log.cells).toHaveLength(65_535);
  expect(log.lost).toBe(66_000 - 65_535);
  expect(log.lines.at(-1)).toBe('store 1 0→1');
});

test('operations that the page’s conversions make come in their place', () => {
  using log = new AtomicsLog();
  const cells = shared(log);
  const nested = {
    valueOf() {
      for (let i = 0; i < 3; i++) Atomics.add(cells, 0, 1);
      return 10;
    },
  };
  Atomics.store(cells, 0, 0);
  Atomics.store(cells, 0, 1);
  Atomics.add(cells, 0, nested as never);
  Atomics.compareExchange(cells, 0, nested as never, nested as never);
  expect(cells[0]).toBe(20);
  for (const { before, after } of log.written) expect(after).toBeGreaterThanOrEqual(before);
  expect(log.lines).toEqual(['store 1 0→0', 'writes 1 0→20 ×11', 'failedExchange 1 20→0']);
});
