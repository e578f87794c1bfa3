import { describe, expect, test } from 'vitest';
import * as LIMITS from '../../../src/shared/limits.ts';
import { parseSlots } from '../../../src/shared/slot-reader.ts';
import { SLOT, SLOT_BYTES, SLOT_WORDS, Unwrapper } from '../../../src/shared/slots.ts';
import { Seeded } from '../../support/seeded.ts';
import { SlotWriter } from '../../support/slot-writer.ts';

function busyChunk(): Uint8Array<ArrayBuffer> {
  const slots = new SlotWriter();
  slots.clock(0, 2 ** 33 + 5);
  slots.process({ ordinal: 0, enter: 1, exit: 2, frame: 0, returned: 'true' });
  const wide = { ordinal: 65_534, enter: 3, exit: 99_999, frame: 128 } as const;
  slots.process({ ...wide, returned: 'threw', durationMicros: 2_000_000 });
  slots.sent(1, 100_000, 128, 7);
  slots.received(1, 100_001, 128, 8, true);
  slots.lost(100_002, 256, 12);
  return slots.take();
}

describe('a chunk of slots', () => {
  test('is given as words, copied only when it is not aligned', () => {
    const bytes = busyChunk();
    const words = parseSlots(bytes);
    expect(words.ok && words.value.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    const copied = parseSlots(shifted.subarray(1));
    expect(copied.ok && [...copied.value]).toEqual(words.ok && [...words.value]);
  });

  test('is refused when it does not end with a whole slot, at every length', () => {
    const bytes = busyChunk();
    for (let length = 0; length <= bytes.length; length++) {
      expect(parseSlots(bytes.slice(0, length)).ok).toBe(length % SLOT_BYTES === 0);
    }
  });

  test('is refused when it holds an unknown slot or an end without its beginning', () => {
    const of = (...ops: readonly number[]) => {
      const words = new Int32Array(ops.length * SLOT_WORDS);
      ops.forEach((op, i) => {
        words[i * SLOT_WORDS] = op;
      });
      return parseSlots(new Uint8Array(words.buffer));
    };
    expect(of(SLOT.processWide, SLOT.processEnd).ok).toBe(true);
    expect(of(0)).toEqual({ ok: false, error: 'unknown slot 0 at byte 0' });
    expect(of(SLOT.process, 99)).toEqual({ ok: false, error: 'unknown slot 99 at byte 16' });
    expect(of(SLOT.processEnd).ok).toBe(false);
    expect(of(SLOT.process, SLOT.processEnd).ok).toBe(false);
    expect(parseSlots(new Uint8Array(LIMITS.chunkBytes + SLOT_BYTES)).ok).toBe(false);
  });

  test('is read or refused whatever its bytes (seeded)', () => {
    const random = new Seeded(3);
    for (let i = 0; i < 2000; i++) {
      const bytes = new Uint8Array(random.below(10) * SLOT_BYTES);
      for (let j = 0; j < bytes.length; j++) bytes[j] = random.below(random.pick([8, 256]));
      expect(typeof parseSlots(bytes).ok).toBe('boolean');
    }
  });
});

describe('an unwrapper', () => {
  test('follows a counter that wraps, and small steps back', () => {
    const widen = new Unwrapper();
    const random = new Seeded(4);
    let value = 0;
    for (let i = 0; i < 1000; i++) {
      value += random.chance(0.1) && value > 10 ? -random.below(10) : random.below(2 ** 30);
      expect(widen.widen(value | 0)).toBe(value);
    }
    expect(value).toBeGreaterThan(2 ** 34);
  });
});
