import { beforeEach, describe, expect, test } from 'vitest';
import { HeapMap, type SharedHeap } from '../../../../src/hooks/heap/heap-map.ts';
import { type CallJudge, JudgedAllocator } from '../../../../src/hooks/heap/judged-allocator.ts';

const [MALLOC, FREE, OTHER] = [10, 11, 12];
const GIVES_NOTHING = -1;

/** Knows the functions after so many calls. */
class After implements CallJudge {
  readonly #calls: number;
  #heard = 0;

  constructor(calls: number) {
    this.#calls = calls;
  }

  called(): void {
    this.#heard++;
  }

  judge() {
    return this.#heard < this.#calls ? undefined : { malloc: MALLOC, free: FREE };
  }
}

let heaps: readonly [SharedHeap, SharedHeap];
let found: string[];

beforeEach(() => {
  const shared = HeapMap.share(2 ** 20);
  heaps = [heapIn(new HeapMap(shared)), heapIn(new HeapMap(shared))];
  found = [];
});

function heapIn(map: HeapMap): SharedHeap {
  const heap = map.heapOf(7);
  if (!heap) throw new Error('no room');
  return heap;
}

function allocator(heap: SharedHeap, judge?: CallJudge): JudgedAllocator {
  return new JudgedAllocator(heap, judge, (malloc, free) => found.push(`${malloc} ${free}`));
}

function call(allocator: JudgedAllocator, times: number): void {
  const heard = new Set(Array.from({ length: times }, () => allocator.heard(OTHER, 8, 4096)));
  expect([...heard]).toEqual(['nothing']);
}

describe('an allocator that is found by its calls', () => {
  test('is heard from the verdict on, and other functions no more', () => {
    const judged = allocator(heaps[0], new After(70));
    call(judged, 80);
    expect(found).toEqual([`${MALLOC} ${FREE}`]);
    expect(judged.heard(MALLOC, 32, 2048)).toBe('allocates');
    expect(judged.heard(MALLOC, 32, 0)).toBe('nothing');
    expect(judged.heard(FREE, 64, GIVES_NOTHING)).toBe('frees');
    expect(judged.heard(FREE, 0, GIVES_NOTHING)).toBe('nothing');
    expect(judged.heard(OTHER, 1, 2)).toBe('of no account');
  });

  test('is known to threads that do not judge', () => {
    const other = allocator(heaps[1]);
    call(other, 100);
    call(allocator(heaps[0], new After(1)), 64);
    expect(other.heard(FREE, 64, GIVES_NOTHING)).toBe('frees');
    expect(other.heard(OTHER, 1, 2)).toBe('of no account');
  });

  test('stays unknown once a thread has stopped to listen', () => {
    const judged = allocator(heaps[0], new After(90));
    call(judged, 79);
    const other = allocator(heaps[1]);
    call(other, 50_000);
    expect(other.heard(FREE, 64, GIVES_NOTHING)).toBe('of no account');
    expect(judged.heard(OTHER, 1, 2)).toBe('of no account');
    expect(found).toEqual([]);
  });

  test('is none of the functions that give, or take, what is no block', () => {
    const judged = allocator(heaps[0], new After(1));
    for (const result of [0, 1, 12, 1016, 4100]) {
      expect(judged.heard(OTHER, 32, result)).toBe('of no account');
    }
    expect(judged.heard(OTHER, 4100, GIVES_NOTHING)).toBe('of no account');
    expect(judged.heard(FREE, 0, GIVES_NOTHING)).toBe('nothing');
    expect(judged.heard(MALLOC, 32, (2 ** 31) | 0)).toBe('nothing');
  });

  test('is given up at last', () => {
    const judged = allocator(heaps[0], new After(Number.POSITIVE_INFINITY));
    call(judged, 50_000);
    expect(judged.heard(MALLOC, 32, 64)).toBe('of no account');
  });
});
