import { expect, test } from 'vitest';
import { SlotBuffer } from '../../../../src/injected/late/slot-buffer.ts';
import * as LIMITS from '../../../../src/shared/limits.ts';
import { parseSlots } from '../../../../src/shared/slot-reader.ts';
import { SLOT, SLOT_BYTES, SLOT_WORDS } from '../../../../src/shared/slots.ts';
import { expectAlike } from '../../../support/expect-alike.ts';
import { Random } from '../../../support/random.ts';

const FIRSTS = [SLOT.process, SLOT.process, SLOT.processWide, SLOT.atomic] as const;
const ENDS: { readonly [op: number]: number | undefined } = {
  [SLOT.processWide]: SLOT.processEnd,
  [SLOT.atomic]: SLOT.atomicEnd,
};

/** A ring's worth of entries: narrow calls, and wide ones and atomic operations of two slots. */
function entries(slots: number, seed: number): Int32Array {
  const random = new Random(seed);
  const words = new Int32Array(slots * SLOT_WORDS);
  for (let slot = 0; slot < slots; slot++) {
    const first = slot + 1 < slots ? random.pick(FIRSTS) : SLOT.process;
    words.set([first, slot, slot, 0], slot * SLOT_WORDS);
    const end = ENDS[first];
    if (end !== undefined) words.set([end, ++slot, slot, 5], slot * SLOT_WORDS);
  }
  return words;
}

for (const seed of [1, 2, 3, 4, 5]) {
  test(`chunks hold what came in, and never tear an entry (seed ${seed})`, () => {
    const random = new Random(seed);
    const source = entries(50_000, seed);
    const buffer = new SlotBuffer();
    const chunks: Int32Array[] = [];
    const cut = (): void => {
      const bytes = buffer.cut();
      if (!bytes) return;
      expect(bytes.byteLength).toBeLessThanOrEqual(LIMITS.chunkBytes);
      const parsed = parseSlots(bytes);
      expect(parsed.ok).toBe(true);
      if (parsed.ok) chunks.push(parsed.value);
    };
    for (let from = 0; from < 50_000; ) {
      const some = Math.min(1 + random.below(5000), 50_000 - from);
      let left = some;
      while (left > 0) {
        const taken = buffer.take(source, from, left);
        expect(taken).toBeGreaterThan(0);
        from += taken;
        left -= taken;
        if (buffer.isFull) cut();
      }
    }
    cut();
    const joined = chunks.flatMap((chunk) => [...chunk]);
    expectAlike(joined, [...source]);
    const calls = joined.filter(
      (word, i) => i % SLOT_WORDS === 0 && (word === SLOT.process || word === SLOT.processWide),
    );
    expect(buffer.calls).toBe(calls.length);
  });
}

test('what a thread says it lost is added up', () => {
  const buffer = new SlotBuffer();
  const words = new Int32Array([SLOT.lost, 0, 0, 7, SLOT.process, 1, 128, 1, SLOT.lost, 2, 256, 5]);
  expect(buffer.take(words, 0, words.byteLength / SLOT_BYTES)).toBe(3);
  expect({ calls: buffer.calls, lost: buffer.lost }).toEqual({ calls: 1, lost: 12 });
});

test('what is dropped is counted', () => {
  const buffer = new SlotBuffer();
  buffer.take(entries(10, 1), 0, 10);
  expect(buffer.drop()).toBe(10);
  expect(buffer.cut()).toBeUndefined();
});
