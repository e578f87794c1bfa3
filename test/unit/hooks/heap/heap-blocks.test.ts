import { beforeEach, expect, test } from 'vitest';
import { HeapBlocks } from '../../../../src/hooks/heap/heap-blocks.ts';
import type { HeapImports } from '../../../../src/hooks/heap/heap-calls.ts';
import { HeapMap } from '../../../../src/hooks/heap/heap-map.ts';
import { Quarantine, quarantineBytes } from '../../../../src/hooks/heap/quarantine.ts';
import { RestingBlocks } from '../../../../src/hooks/heap/resting-blocks.ts';
import type { FunctionLayout, Rewrite } from '../../../../src/hooks/wasm/wasm-tag.ts';
import type { BlockId, MemoryId, Micros } from '../../../../src/shared/units.ts';
import { heapHost } from '../../../support/heap-host.ts';

const LAYOUT: FunctionLayout = {
  importedFunctions: 0,
  functions: 0,
  shift: 0,
  copies: new Int32Array(),
};
const REWRITE: Rewrite = {
  bytes: new Uint8Array([1, 2, 3]),
  layout: LAYOUT,
  isWhole: true,
  hearsHeap: true,
  hearsCalls: false,
  recordsAtomics: false,
  checks: undefined,
};

/** One thread with an instance of the module over the memory. */
interface Thread extends HeapImports {
  readonly heaps: HeapBlocks;
  readonly memory: object;
}

let said: string[];
/** Blocks that live, each time that they are counted. */
let counts: number[];
let place: number;
/** Microseconds, beside those that places stand for. */
let passed: number;
let stack: string;
let shared: SharedArrayBuffer;

beforeEach(() => {
  said = [];
  counts = [];
  place = 0;
  passed = 0;
  stack = 'stack';
  shared = HeapMap.share(2 ** 20);
});

function thread(name: string, { isShared = true, isHeard = true, rewrite = REWRITE } = {}): Thread {
  let block = name.charCodeAt(0) * 100;
  const memory = {};
  const say = (what: string): void => void said.push(`${name} ${what}`);
  const heaps = new HeapBlocks(
    heapHost({
      map: new HeapMap(shared),
      next: () => (place += 2),
      now: () => (place + passed) as Micros,
      stack: () => stack,
      number: () => ({ memory: 1 as MemoryId, block: ++block as BlockId }),
      isHeard: () => isHeard,
      isSharable: () => isShared,
      told: (each) => say(`told ${each.block}: ${each.length} at ${each.offset}`),
      found: (each) => say(`found ${each.block} at ${each.offset}`),
      freed: (each) => say(`freed ${each.block}`),
      strayed: (_, offset) => say(`strayed ${offset}`),
      grew: ({ id, counted, bytes }) => say(`site ${id}: ${counted}, ${bytes}`),
      misfreed: (each) => say(`${each.what} ${each.block} at ${each.offset}`),
      counted: (_, { tally }) => counts.push(tally.made - tally.freed),
      uncovered: (why) => say(why),
      fault: (error) => say(`fault ${error}`),
    }),
  );
  const heap = heaps.heapOf(memory, heaps.keyOf(rewrite));
  return { ...heaps.importsFor(heap, LAYOUT), heaps, memory };
}

const MALLOC = 1;
const REALLOC = 5;
const HEAP_BYTES = 2 ** 20;
const CELLS = HEAP_BYTES / 8 + quarantineBytes(HEAP_BYTES);

test('a block that the page tells of and another thread frees is told by that', () => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  expect(page.heaps.blockAt(70)).toMatchObject({ offset: 64, length: 32 });
  audio.freeing(64);
  expect(said).toEqual(['a told 9701: 32 at 64', 'b strayed 64']);
  expect(page.heaps.blockAt(70)).toBeUndefined();
});

test('nothing is said of blocks that nobody asks for', () => {
  const page = thread('a');
  const audio = thread('b');
  for (const [one, other] of [
    [page, audio],
    [audio, page],
    [page, page],
  ] as const) {
    one.allocated(MALLOC, 64, 32);
    other.freeing(64);
  }
  expect(said).toEqual([]);
});

test('a block at an address that another thread has handed out since is that of the other', () => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  page.heaps.blockAt(64);
  audio.freeing(64);
  audio.allocated(MALLOC, 64, 16);
  page.freeing(64);
  // The page has told of the first, and that is not freed again.
  expect(said).toEqual(['a told 9701: 32 at 64', 'b strayed 64']);
});

test('a block of another thread is found where it begins, and its free is told', () => {
  const page = thread('a');
  const worker = thread('b');
  worker.allocated(MALLOC, 64, 32);
  const found = page.heaps.blockAt(64);
  expect(page.heaps.blockAt(64)).toEqual(found);
  expect(page.heaps.blockAt(72)).toBeUndefined();
  page.freeing(64);
  worker.allocated(MALLOC, 64, 32);
  expect(page.heaps.blockAt(64)?.block).not.toBe(found?.block);
  expect(said).toEqual(['a found 9701 at 64', 'a strayed 64', 'a found 9702 at 64']);
});

test('a block is found from its address alone, whoever handed it out, while it lives', () => {
  const page = thread('a');
  const worker = thread('b');
  page.allocated(MALLOC, 64, 32);
  worker.allocated(MALLOC, 128, 32);
  expect(page.heaps.blockFrom(64)).toMatchObject({ offset: 64, length: 32 });
  expect(page.heaps.blockFrom(72)).toBeUndefined();
  expect(page.heaps.blockFrom(128)).toMatchObject({ offset: 128 });
  worker.freeing(64);
  expect(page.heaps.blockFrom(64)).toBeUndefined();
  expect(said).toEqual(['a told 9701: 32 at 64', 'a found 9702 at 128', 'b strayed 64']);
});

test.each(['a', 'b'])('a second free is told, whichever thread did the first (%s)', (first) => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  (first === 'a' ? page : audio).freeing(64);
  page.freeing(64);
  expect(said).toEqual(
    first === 'a'
      ? ['a told 9701: 32 at 64', 'a freed 9701', 'a double 9701 at 64']
      : ['a told 9701: 32 at 64', 'a double 9701 at 64'],
  );
});

test('of a second free by a thread that knows nothing of the block the address is told', () => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  page.freeing(64);
  audio.freeing(64);
  expect(said).toEqual(['b double 0 at 64']);
});

test('a free of what was never handed out is told', () => {
  const page = thread('a');
  page.allocated(MALLOC, 64, 32);
  page.freeing(72);
  page.freeing(68);
  page.freeing(0xffff_fff8 | 0);
  expect(said).toEqual(['a invalid 0 at 72', 'a invalid 0 at 68', 'a invalid 0 at 4294967288']);
});

test('realloc moves a block, leaves it where it is, or fails', () => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  audio.reallocating(64, 40);
  audio.reallocated(64, 64, 40);
  page.reallocating(64, 48);
  page.reallocated(64, 64, 48);
  expect(page.heaps.blockAt(111)).toMatchObject({ offset: 64, length: 48 });
  page.reallocating(64, 1e9);
  page.reallocated(64, 0, 1e9);
  expect(page.heaps.blockAt(111)).toMatchObject({ offset: 64 });
  audio.reallocating(64, 100);
  audio.reallocated(64, 256, 100);
  page.reallocating(64, 100);
  page.reallocated(64, 512, 100);
  expect(said).toEqual(['a told 9701: 48 at 64', 'b strayed 64', 'a double 9701 at 64']);
  expect(audio.heaps.blockAt(300)).toMatchObject({ offset: 256, length: 100 });
});

test('while a block is being moved, its address may already be another thread’s', () => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  page.reallocating(64, 100);
  audio.allocated(MALLOC, 64, 32);
  page.reallocated(64, 256, 100);
  audio.freeing(64);
  page.freeing(256);
  expect(said).toEqual([]);
});

test('realloc to nothing is a free', () => {
  const page = thread('a');
  page.allocated(MALLOC, 64, 32);
  page.reallocating(64, 0);
  page.reallocated(64, 0, 0);
  page.freeing(64);
  expect(said.at(-1)).toBe('a double 9701 at 64');
});

test.each([
  ['of which not all is heard', { rewrite: { ...REWRITE, isWhole: false } }],
  [
    'of one thread, of which not all is heard',
    { rewrite: { ...REWRITE, isWhole: false }, isShared: false },
  ],
])('a heap %s is not judged', (_, options) => {
  const page = thread('a', options);
  page.allocated(MALLOC, 64, 32);
  page.freeing(64);
  page.freeing(64);
  page.freeing(128);
  expect(said).toEqual([]);
});

test('a heap whose memory a module has that is not hooked is judged no more', () => {
  for (const isShared of [true, false]) {
    const page = thread('a', { isShared });
    page.heaps.expose(page.memory);
    page.freeing(128);
  }
  expect(said.filter((each) => !each.includes('Memory: a module'))).toEqual([]);
});

test('a heap whose memory a thread has that is not heard is judged no more', () => {
  const page = thread('a', { isHeard: false });
  page.freeing(128);
  expect(said).toEqual([expect.stringContaining('a thread that is not heard')]);
});

test('a heap that hands out what lives is judged no more, and that is said once', () => {
  const page = thread('a');
  page.allocated(MALLOC, 64, 32);
  page.allocated(MALLOC, 64, 32);
  page.allocated(MALLOC, 64, 32);
  page.freeing(64);
  page.freeing(64);
  page.freeing(128);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain('not heard to be freed');
});

test('heaps of one thread are its own, though their module is the same', () => {
  const one = thread('a', { isShared: false });
  const other = thread('b', { isShared: false });
  one.allocated(MALLOC, 64, 32);
  other.allocated(MALLOC, 64, 32);
  one.freeing(64);
  other.freeing(64);
  expect(said).toEqual([]);
  one.freeing(64);
  other.freeing(128);
  expect(said.slice(-2)).toEqual(['a double 9701 at 64', 'b invalid 0 at 128']);
});

test('in a heap of one thread, what was freed long ago is neither freed twice nor invalid', () => {
  const page = thread('a', { isShared: false });
  for (let i = 1; i <= 2000; i++) page.allocated(MALLOC, i * 64, 32);
  for (let i = 1; i <= 2000; i++) page.freeing(i * 64);
  page.freeing(64);
  page.freeing(32);
  expect(said).toEqual([]);
  page.freeing(2000 * 64);
  expect(said.at(-1)).toMatch(/^a double/);
});

test('what is freed wrongly is not told without end', () => {
  const page = thread('a');
  for (let i = 1; i < 1000; i++) page.freeing(i * 8);
  expect(said).toHaveLength(256);
});

test('sites are told that keep many blocks, when those are more or fewer than before', () => {
  const page = thread('a');
  const audio = thread('b');
  const allocate = (from: number, count: number): void => {
    for (let i = 0; i < count; i++) page.allocated(MALLOC, (from + i) * 64, 10);
  };
  allocate(1, 99);
  passed += 2e6;
  stack = 'another';
  allocate(100, 1);
  expect(said).toEqual(['a site 1: 99, 990']);
  passed += 2e6;
  page.freeing(64);
  audio.freeing(128);
  allocate(101, 1);
  expect(said.slice(1)).toEqual(['a site 1: 97, 970']);
  passed += 2e6;
  allocate(102, 1);
  expect(said).toHaveLength(2);
});

/** A thread in whose heap freed blocks rest. */
function resting(name: string): Thread {
  const made = thread(name);
  const heap = made.heaps.heapOf(made.memory, 0);
  const buffer = new ArrayBuffer(CELLS + 64);
  const layout = { heapBytes: HEAP_BYTES, cells: CELLS };
  heap.resting = new RestingBlocks(new Quarantine(buffer, layout, 0, () => HEAP_BYTES));
  return made;
}

test('a block that rests and is freed again is told, and goes to its allocator once', () => {
  const page = resting('a');
  page.allocated(MALLOC, 1024, 32);
  expect(page.freeing(1024)).toBe(0);
  expect(said).toEqual([]);
  expect(page.freeing(1024)).toBe(0);
  expect(said).toEqual(['a told 9701: 32 at 1024', 'a freed 9701', 'a double 9701 at 1024']);
  expect(page.evicted()).toBe(0);
});

test('what was never handed out does not rest', () => {
  const page = resting('a');
  expect(page.freeing(2048)).toBe(2048);
  expect(said).toEqual(['a invalid 0 at 2048']);
});

test('a block that is moved while its old place is to rest is freed once, by what follows', () => {
  const page = resting('a');
  page.allocated(MALLOC, 1024, 32);
  expect(page.reallocating(1024, 64)).toBe(32);
  page.allocated(REALLOC, 2048, 64);
  expect(page.freeing(1024)).toBe(0);
  expect(page.reallocating(2048, 0)).toBe(-1);
  page.reallocated(2048, 0, 0);
  expect(said).toEqual([]);
});

test('the free of a block that rests is told when somebody asks for it, and once', () => {
  const page = resting('a');
  page.allocated(MALLOC, 1024, 32);
  page.freeing(1024);
  const heap = page.heaps.heapOf(page.memory, 0);
  page.heaps.tellFreed(heap, 1024, place - 2);
  expect(said).toEqual([]);
  page.heaps.tellFreed(heap, 1024, place);
  page.heaps.tellFreed(heap, 1024, place);
  expect(said).toEqual(['a told 9701: 32 at 1024', 'a freed 9701']);
});

test('blocks are counted at once, then four times a second, and what came last when asked', () => {
  const page = thread('a');
  page.allocated(MALLOC, 64, 32);
  page.allocated(MALLOC, 128, 32);
  page.freeing(64);
  expect(counts).toEqual([1]);
  page.heaps.tellCounts();
  expect(counts).toEqual([1]);
  passed = 250_000;
  page.heaps.tellCounts();
  page.heaps.tellCounts();
  expect(counts).toEqual([1, 1]);
  passed = 500_000;
  page.allocated(MALLOC, 256, 32);
  expect(counts).toEqual([1, 1, 2]);
  page.freeing(256);
  page.heaps.tellCounts();
  expect(counts).toEqual([1, 1, 2]);
  page.heaps.tellCounts(true);
  page.heaps.tellCounts(true);
  expect(counts).toEqual([1, 1, 2, 1]);
});

test('a block that is freed twice is given back once', () => {
  const page = resting('a');
  page.allocated(MALLOC, 1024, 32);
  page.freeing(1024);
  page.freeing(1024);
  const { tally } = page.heaps.heapOf(page.memory, 0);
  expect(tally).toMatchObject({ made: 1, madeBytes: 32, freed: 1, freedBytes: 32 });
});

test('a block of another thread counts where it is freed, and its size once that is known', () => {
  const page = thread('a');
  const audio = thread('b');
  page.allocated(MALLOC, 64, 32);
  audio.freeing(64);
  const own = page.heaps.heapOf(page.memory, 0).tally;
  const other = audio.heaps.heapOf(audio.memory, 0).tally;
  expect(other).toMatchObject({ made: 0, freed: 1, freedBytes: 0 });
  page.allocated(MALLOC, 64, 48);
  expect(own).toMatchObject({ made: 2, madeBytes: 80, freed: 0, freedBytes: 32 });
});

test('what realloc changes in place changes the bytes', () => {
  const page = thread('a');
  page.allocated(MALLOC, 64, 32);
  page.reallocating(64, 80);
  page.reallocated(64, 64, 80);
  page.reallocating(64, 16);
  page.reallocated(64, 64, 16);
  const { tally } = page.heaps.heapOf(page.memory, 0);
  expect(tally).toMatchObject({ made: 1, madeBytes: 80, freed: 0, freedBytes: 64 });
});
