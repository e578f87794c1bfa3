import { expect, test } from 'vitest';
import { BLOCK, HEAP_MAP, HeapMap, type SharedHeap } from '../../../../src/hooks/heap/heap-map.ts';

const MIB = 2 ** 20;
const KEY = 7;

function threads(count: number, bytes = MIB): readonly SharedHeap[] {
  const shared = HeapMap.share(bytes);
  return Array.from({ length: count }, () => heapIn(new HeapMap(shared)));
}

function heapIn(map: HeapMap, key = KEY): SharedHeap {
  const heap = map.heapOf(key);
  if (!heap) throw new Error('no room');
  return heap;
}

test('what one thread hands out another knows, and gives back', () => {
  const [page, audio] = threads(2) as readonly [SharedHeap, SharedHeap];
  page.isWhole();
  expect(audio.giveBack(1024)).toBe(0);
  page.handOut(1024);
  expect(audio.isOwn(audio.look(1024))).toBe(false);
  expect(page.isOwn(page.look(1024))).toBe(true);
  page.tell(1024);
  expect(audio.giveBack(1024) & 7).toBe(BLOCK.live | BLOCK.known | BLOCK.told);
  expect(page.giveBack(1024) & 7).toBe(BLOCK.known);
  audio.handOut(1024);
  expect(page.look(1024) & 7).toBe(BLOCK.live | BLOCK.known);
  expect(page.isOwn(page.look(1024))).toBe(false);
  expect(page.isReliable && audio.isReliable).toBe(true);
});

test('neighbours do not touch each other, up to the end of what addresses reach', () => {
  const [heap] = threads(1, 4 * MIB) as readonly [SharedHeap];
  const addresses = [8, 16, 24, 32, MIB - 8, MIB, 2 ** 31, 2 ** 32 - 8];
  for (const address of addresses) heap.handOut(address);
  expect(addresses.map((address) => heap.look(address) & BLOCK.live)).toEqual(
    addresses.map(() => 1),
  );
  expect(heap.giveBack(16) & BLOCK.live).toBe(1);
  expect(addresses.map((address) => heap.look(address) & BLOCK.live)).toEqual([
    1, 0, 1, 1, 1, 1, 1, 1,
  ]);
  expect(heap.look(40)).toBe(0);
});

test('a block that is kept after all is what it was', () => {
  const [page, audio] = threads(2) as readonly [SharedHeap, SharedHeap];
  audio.handOut(64);
  page.tell(64);
  const was = page.giveBack(64);
  page.keep(64, was);
  expect(audio.look(64)).toBe(was);
  expect(audio.isOwn(was)).toBe(true);
});

test('a heap is not relied on until all of its allocator is heard', () => {
  const [heap] = threads(1) as readonly [SharedHeap];
  expect([heap.isReliable, heap.hasAll]).toEqual([false, false]);
  heap.isWhole();
  expect([heap.isReliable, heap.hasAll]).toEqual([true, true]);
});

test('a heap that hands out what lives is relied on no more, by no thread', () => {
  const [page, audio] = threads(2) as readonly [SharedHeap, SharedHeap];
  page.isWhole();
  page.handOut(64);
  audio.handOut(64);
  expect([page.isReliable, page.isConfused, audio.isConfused]).toEqual([false, true, true]);
});

test('no heap is relied on once somebody whom nobody hears has a memory', () => {
  const map = new HeapMap(HeapMap.share(MIB));
  const heap = heapIn(map);
  heap.isWhole();
  expect([map.expose(), map.expose()]).toEqual([true, false]);
  expect(heap.isReliable).toBe(false);
  expect(heap.hasAll).toBe(true);
});

test.each([
  ['there is no room for it', MIB, 9 * MIB],
  ['it begins where no block can', MIB, 12],
])('a heap is not relied on where a block is not kept: %s', (_, bytes, last) => {
  const heap = heapIn(new HeapMap(HeapMap.share(bytes)));
  heap.isWhole();
  for (let address = MIB; address <= 8 * MIB; address += MIB) heap.handOut(address);
  expect(heap.isReliable).toBe(true);
  heap.handOut(last);
  expect([heap.isReliable, heap.look(last)]).toEqual([false, 0]);
  expect(heap.giveBack(last)).toBe(0);
});

test('modules have heaps of their own, as long as there are any', () => {
  const map = new HeapMap(HeapMap.share(MIB));
  heapIn(map, 1).handOut(64);
  expect(heapIn(map, 2).look(64)).toBe(0);
  expect(heapIn(map, 1).look(64)).not.toBe(0);
  for (let key = 3; key <= HEAP_MAP.modules; key++) heapIn(map, key);
  expect(map.heapOf(HEAP_MAP.modules + 1)).toBeUndefined();
  expect(map.heapOf(2)).toBeDefined();
});
