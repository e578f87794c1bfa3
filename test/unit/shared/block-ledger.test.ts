import { expect, test } from 'vitest';
import { BlockLedger, ledgerOf } from '../../../src/shared/block-ledger.ts';
import type { MemoryId } from '../../../src/shared/units.ts';

/** Numbers of buffers as a realm gives them. */
function numbers(): (buffer: object) => MemoryId {
  const known = new Map<object, MemoryId>();
  return (buffer) => {
    const number = known.get(buffer) ?? ((known.size + 1) as MemoryId);
    known.set(buffer, number);
    return number;
  };
}

test('a block is found by its buffer and offset until it is freed', () => {
  const ledger = new BlockLedger(1, 10, numbers());
  const buffer = new ArrayBuffer(64);
  const other = new ArrayBuffer(64);
  const first = ledger.allocate(buffer, 16);
  const second = ledger.allocate(other, 16);
  expect(first?.memory).not.toBe(second?.memory);
  expect(ledger.free(buffer, 16)).toEqual(first);
  expect(ledger.free(buffer, 16)).toEqual({ memory: first?.memory, block: 0 });
  expect(ledger.free(other, 8)).toEqual({ memory: second?.memory, block: 0 });
});

test('a block at the same place is a new generation', () => {
  const ledger = new BlockLedger(1, 10, numbers());
  const buffer = new ArrayBuffer(64);
  const first = ledger.allocate(buffer, 0);
  ledger.free(buffer, 0);
  expect(ledger.allocate(buffer, 0)?.block).not.toBe(first?.block);
});

test('no two threads give out the same id, and ids come to an end', () => {
  const ids = [0, 1, 2, 255].map((thread) =>
    ledgerOf(thread, numbers()).allocate(new ArrayBuffer(8), 0),
  );
  expect(new Set(ids.map((given) => given?.block)).size).toBe(ids.length);
  const narrow = new BlockLedger(5, 2, numbers());
  const buffer = new ArrayBuffer(8);
  expect([0, 1, 2].map((offset) => narrow.allocate(buffer, offset)?.block)).toEqual([
    5,
    6,
    undefined,
  ]);
});
