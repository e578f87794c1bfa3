import { expect, test } from 'vitest';
import { SlotWriter } from '../../../src/hooks/slot-writer.ts';
import { parseSlots } from '../../../src/shared/slot-reader.ts';
import { ATOMIC, CONTROL, CONTROL_WORDS, SLOT } from '../../../src/shared/slots.ts';

function writerOf(slots: number) {
  const words = new Int32Array(slots * 4);
  const control = new Int32Array(CONTROL_WORDS);
  let asked = 0;
  const writer = new SlotWriter({ words, slots }, control, (writer) => {
    asked++;
    writer.refreshTail();
  });
  const read = (from: number, count: number): number[] => [
    ...words.subarray(from * 4, (from + count) * 4),
  ];
  return { writer, control, words, read, asked: () => asked };
}

test('an atomic operation takes two slots, which a reader accepts', () => {
  const { writer, words, control, read } = writerOf(8);
  writer.atomic(7, ATOMIC.readModifyWrite, 10, 13, 500, 41, 42, 1);
  expect(read(0, 2)).toEqual([
    (7 << 16) | (ATOMIC.readModifyWrite << 8) | SLOT.atomic,
    10,
    500,
    13,
    SLOT.atomicEnd,
    41,
    42,
    1,
  ]);
  expect(control[CONTROL.head]).toBe(2);
  expect(parseSlots(new Uint8Array(words.slice(0, 8).buffer)).ok).toBe(true);
});

test('a message of a port names half its end', () => {
  const { writer, read } = writerOf(8);
  writer.message(SLOT.portReceived, 5 >> 1, 0, 12, 600, 3);
  expect(read(0, 1)).toEqual([(2 << 16) | SLOT.portReceived, 12, 600, 3]);
});

test('what no slot can say, and what found no room, is told with the next that does', () => {
  const { writer, control, read } = writerOf(8);
  writer.lose();
  writer.atomic(1, ATOMIC.load, 1, 1, 0, 0, 0, 1);
  expect(read(0, 1)).toEqual([SLOT.lost, 1, 0, 1]);
  for (let i = 0; i < 5; i++) writer.atomic(1, ATOMIC.load, 3, 3, 0, 0, 0, 1);
  expect(writer.head).toBeLessThanOrEqual(8);
  control[CONTROL.tail] = writer.head;
  const at = writer.head & 7;
  writer.message(SLOT.portSent, 0, 0, 8, 0, 0);
  expect(read(at, 1)[0]).toBe(SLOT.lost);
  expect(read(at, 1)[3]).toBeGreaterThan(0);
});

test('what found no room is told once: by the next slot, or to who asks before', () => {
  const { writer, control, read } = writerOf(8);
  for (let i = 0; i < 12; i++) writer.message(SLOT.portSent, 0, 0, 2, 0, i);
  const lost = 12 - writer.head;
  expect(lost).toBeGreaterThan(0);
  expect([writer.takeLost(), writer.takeLost()]).toEqual([lost, 0]);
  control[CONTROL.tail] = writer.head;
  const at = writer.head & 7;
  writer.message(SLOT.portSent, 0, 0, 4, 0, 12);
  expect(read(at, 1)).toEqual([SLOT.portSent, 4, 0, 12]);
});
