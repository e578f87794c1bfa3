import { beforeEach, describe, expect, test } from 'vitest';
import { NEAR, Quarantine, quarantineBytes } from '../../../../src/hooks/heap/quarantine.ts';
import * as LIMITS from '../../../../src/shared/limits.ts';
import { TURNS } from '../../../../src/wasm/shadow.ts';
import { Random } from '../../../support/random.ts';

const HEAP_BYTES = 2 ** 20;
const MOST = HEAP_BYTES / 8;
const CELLS = HEAP_BYTES / 8 + quarantineBytes(HEAP_BYTES);

let shadow: Uint8Array;
let armed: Int32Array;
let one: Quarantine;
let other: Quarantine;
/** How large the heap is by now. */
let heapBytes: number;
beforeEach(() => {
  heapBytes = HEAP_BYTES;
  const buffer = new SharedArrayBuffer(CELLS + 64);
  const layout = { heapBytes: HEAP_BYTES, cells: CELLS };
  const of = (thread: number) =>
    new Quarantine(buffer as unknown as ArrayBuffer, layout, thread, () => heapBytes);
  shadow = new Uint8Array(buffer, 0, HEAP_BYTES / 8);
  armed = new Int32Array(buffer, CELLS, 1);
  one = of(0);
  other = of(3);
});

/** Which bytes of the heap are poisoned, as stretches. */
function poisoned(): readonly string[] {
  const out: string[] = [];
  let from = -1;
  for (let i = 0; i <= shadow.length; i++) {
    const is = i < shadow.length && shadow[i] !== 0;
    if (is && from < 0) from = i * 8;
    if (!is && from >= 0) {
      out.push(`${from}–${i * 8}`);
      from = -1;
    }
  }
  return out;
}

describe('what is freed', () => {
  test('rests, in whole groups of 8 bytes, and is poisoned while it does', () => {
    one.allocated(1024, 30);
    expect(poisoned()).toEqual([]);
    expect(one.freeing(1024, 2)).toBe(true);
    expect(one.evicted()).toBe(0);
    expect(poisoned()).toEqual(['1024–1048']);
    expect(armed[0]).toBe(TURNS);
  });

  test('goes to its allocator, fine again, when others need the room: oldest first', () => {
    const size = MOST / 4;
    const evicted: number[] = [];
    for (let i = 0; i < 6; i++) {
      const address = 4096 + i * size;
      one.allocated(address, size);
      expect(one.freeing(address, 2 * i)).toBe(true);
      for (let out = one.evicted(); out !== 0; out = one.evicted()) evicted.push(out);
    }
    expect(evicted).toEqual([4096, 4096 + size]);
    expect(poisoned()).toEqual([`${4096 + 2 * size}–${4096 + 6 * size}`]);
    expect(armed[0]).toBe(4 * TURNS);
  });

  test('rests whoever has handed it out, and whoever takes it out again', () => {
    one.allocated(1024, 64);
    expect(other.freeing(1024, 2)).toBe(true);
    const [address, size, thread, freed] = one.near(1040);
    expect([address, size, thread, freed]).toEqual([1024, 64, 3, 2]);
    one.stop();
    expect(one.evicted()).toBe(1024);
    expect(poisoned()).toEqual([]);
    expect(armed[0]).toBe(0);
  });

  test.each([
    ['its size is not known', () => undefined],
    ['it does not begin at a multiple of 8', () => one.allocated(1028, 64), 1028],
    ['it is smaller than 8 bytes', () => one.allocated(1024, 4)],
    ['it is larger than all that may rest', () => one.allocated(1024, MOST + 8)],
    [
      'somebody is not seen',
      () => {
        one.allocated(1024, 64);
        other.stop();
      },
    ],
  ])('goes straight to its allocator where %s', (_, begin, address = 1024) => {
    begin();
    expect(one.freeing(address as number, 2)).toBe(false);
    expect(poisoned()).toEqual([]);
    expect(armed[0]).toBe(0);
  });

  test('goes to its allocator once, though it is freed twice', () => {
    one.allocated(1024, 64);
    one.freeing(1024, 2);
    expect(other.freeing(1024, 4)).toBe(true);
    one.stop();
    expect([one.evicted(), one.evicted()]).toEqual([1024, 0]);
  });

  test('is poisoned no farther than the next block, when it has shrunk unseen', () => {
    one.allocated(1024, 256);
    one.allocated(1024 + 64, 16);
    one.freeing(1024, 2);
    expect(poisoned()).toEqual(['1024–1088']);
  });

  test('has the size that it was handed out with last', () => {
    one.allocated(1024, 256);
    other.allocated(1024, 16);
    expect(one.sizeOf(1024)).toBe(16);
    one.freeing(1024, 2);
    expect(one.sizeOf(1024)).toBe(0);
    expect(poisoned()).toEqual(['1024–1040']);
  });
});

test('what is handed out beyond the heap never rests, and is no fault', () => {
  for (const address of [HEAP_BYTES, HEAP_BYTES + 4096, 0xffff_fff8]) {
    one.allocated(address, 32);
    expect(one.rests(address)).toBe(false);
    expect(one.freeing(address, 2)).toBe(false);
    expect(one.forget(address)).toBe(0);
  }
  expect(armed[0]).toBe(0);
  expect(poisoned()).toEqual([]);
});

test('what rests is told, with how much may', () => {
  expect(one.occupancy).toEqual({ blocks: 0, bytes: 0, most: MOST });
  one.allocated(1024, 32);
  one.freeing(1024, 2);
  expect(other.occupancy).toEqual({ blocks: 1, bytes: 32, most: MOST });
  other.stop();
  expect(one.occupancy.most).toBe(0);
});

test.each([
  ['less than an eighth of the heap', MOST / 4, MOST / 4],
  ['more than that', MOST * 4, MOST],
])('no more rests than the settings say: %s', (_, bytes, most) => {
  one.limitTo(bytes);
  expect(other.occupancy.most).toBe(most);
  for (let i = 0; i < 64; i++) {
    const address = 4096 + i * 8192;
    other.allocated(address, 4096);
    other.freeing(address, 2 * i);
    while (other.evicted() !== 0) expect(other.occupancy.bytes).toBeGreaterThan(0);
    expect(one.occupancy.bytes).toBeLessThanOrEqual(most);
  }
  expect(one.occupancy.bytes).toBe(most);
});

test('an address is told of with the blocks that rest there and behind, the nearest first', () => {
  for (let i = 0; i < 20; i++) {
    const address = 2048 + ((i * 7) % 20) * 64;
    one.allocated(address, 32);
    one.freeing(address, i);
  }
  const near = one.near(2048 + 3 * 64 + 31);
  const starts = Array.from({ length: near.length / NEAR.words }, (_, i) => near[i * NEAR.words]);
  expect(starts).toEqual([3, 4, 5, 6, 7, 8, 9, 10].map((i) => 2048 + i * 64));
});

test('the ring takes no more than it has places, and goes round', () => {
  for (let i = 0; i < 3 * LIMITS.quarantineBlocks; i++) {
    const address = 8 + (i % (2 * LIMITS.quarantineBlocks)) * 8;
    one.allocated(address, 8);
    if (!one.freeing(address, i)) expect.fail(`block ${i} did not find a place`);
    while (one.evicted() !== 0);
  }
  expect(armed[0]).toBe(((LIMITS.quarantineBlocks * 3) / 4) * TURNS);
  one.stop();
  while (other.evicted() !== 0);
  expect(armed[0]).toBe(0);
  expect(poisoned()).toEqual([]);
});

test('functions begin to check part by part where sound is rendered', () => {
  one.armSlowly();
  const free = (address: number) => {
    one.allocated(address, 32);
    expect(one.freeing(address, 2)).toBe(true);
  };
  free(1024);
  expect(poisoned()).toEqual(['1024–1056']);
  const parts: unknown[] = [];
  for (let i = 0; i < 10; i++) {
    parts.push(armed[0]);
    one.armFurther();
  }
  expect(parts).toEqual([0, 8, 16, 24, 32, 40, 48, 56, TURNS, TURNS]);
  free(2048);
  expect(armed[0]).toBe(2 * TURNS);
  one.stop();
  while (one.evicted() !== 0);
  expect(armed[0]).toBe(0);
});

test('none does while nothing rests, nor later than others when all may', () => {
  one.armSlowly();
  one.armFurther();
  expect(armed[0]).toBe(0);
  one.allocated(1024, 32);
  one.freeing(1024, 2);
  expect(armed[0]).toBe(8);
  one.stop();
  while (one.evicted() !== 0);
  for (let i = 0; i < 10; i++) {
    expect(armed[0]).toBe(0);
    one.armFurther();
  }
});

test.each([1, 2, 3, 4])('nothing is poisoned that is not freed, seed %i', (seed) => {
  const random = new Random(seed);
  heapBytes = 65_536;
  const live = new Map<number, number>();
  /** What neither lives nor rests: an allocator may hand it out. */
  const free = new Set(Array.from({ length: 512 }, (_, i) => 4096 + i * 64));
  for (let step = 0; step < 20_000; step++) {
    const thread = random.chance(0.5) ? one : other;
    if (random.chance(0.5) && free.size > 0) {
      const address = random.pick([...free]);
      const size = 1 + random.below(64);
      free.delete(address);
      live.set(address, size);
      thread.allocated(address, size);
    } else if (live.size > 0) {
      const address = random.pick([...live.keys()]);
      live.delete(address);
      if (!thread.freeing(address, step)) free.add(address);
      for (let out = thread.evicted(); out !== 0; out = thread.evicted()) free.add(out);
    }
    if (step % 500 !== 0) continue;
    for (const [address, size] of live) {
      for (let at = address; at < address + size; at += 8) {
        if (shadow[at >> 3] !== 0) expect.fail(`${at} is poisoned after ${step} steps`);
      }
    }
  }
  expect(live.size).toBeGreaterThan(0);
});
