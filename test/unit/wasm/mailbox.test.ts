import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { HeapBlocks } from '../../../src/hooks/wasm/heap-blocks.ts';
import { HeapMap } from '../../../src/hooks/wasm/heap-map.ts';
import { rewriteModule } from '../../../src/injected/wasm/rewrite-module.ts';
import type { BlockId, MemoryId, Micros } from '../../../src/shared/units.ts';
import { PAGES } from '../../support/server.ts';
import { findings } from '../../support/text-records.ts';
import { FROM } from '../../support/wasm-differential.ts';

const FILE = resolve(PAGES, 'programs/mailbox.dlmalloc.min.wasm');
const BOX = 0;
const SECONDS = 16;
const SENDS_A_SECOND = 20;

interface Program {
  payload_new(length: number): number;
  payload_delete(payload: number): void;
  box_send(box: number, payload: number): number;
  box_close(box: number): number;
}

/** The functions of the program, by the letters of its release build. */
type Letters = Readonly<Record<'c' | 'd' | 'f' | 'h', (...args: readonly number[]) => number>>;

/** Starts the program as hooked modules run; `told` gets records of the places that keep many blocks. */
function start(now: () => number, told: string[]): Program {
  const rewrite = rewriteModule(new Uint8Array(readFileSync(FILE)), FROM, () => undefined);
  if (rewrite === undefined) throw new Error('it runs as it is');
  let place = 0;
  const heaps = new HeapBlocks({
    map: new HeapMap(HeapMap.share(2 ** 20)),
    next: () => (place += 2),
    now: () => now() as Micros,
    stack: () => '    at send (https://example.test/mixer.js:8:3)',
    maySpend: () => true,
    number: () => ({ memory: 1 as MemoryId, block: ++place as BlockId }),
    isShared: () => true,
    isHeard: () => true,
    isSharable: () => true,
    told: () => undefined,
    found: () => undefined,
    freed: () => undefined,
    strayed: () => undefined,
    grew: ({ id, counted, bytes, made, stack }) =>
      told.push(
        `${now()} heapSite site=${id} live=${counted} bytes=${bytes} made=${made} stack="${stack}"`,
      ),
    misfreed: ({ what }) => told.push(what),
    counted: () => undefined,
    uncovered: () => undefined,
    fault: (error) => told.push(`${error}`),
  });
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const heap = heaps.heapOf(memory, heaps.keyOf(rewrite));
  const ignore = (): number => 0;
  const atomics = { place: ignore, number: ignore, atomic: ignore };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(rewrite.bytes as BufferSource), {
    env: { memory },
    a: { a: ignore, b: ignore },
    [FROM]: { ...heaps.importsFor(heap, rewrite.layout), ...atomics },
  });
  const { c, d, f, h } = instance.exports as unknown as Letters;
  return { payload_new: c, payload_delete: d, box_send: f, box_close: h };
}

/** What is found of a sender whose mail box was closed, by what it does with a payload that was refused. */
function judgeSender(refused: (program: Program, payload: number) => void): readonly string[] {
  let seconds = 0;
  const told: string[] = [];
  const program = start(() => seconds * 1e6, told);
  const send = (): void => {
    const payload = program.payload_new(64);
    if (program.box_send(BOX, payload) === 0) refused(program, payload);
  };
  for (let i = 0; i < SENDS_A_SECOND; i++) send();
  expect(program.box_close(BOX)).toBe(SENDS_A_SECOND);
  for (seconds = 1; seconds <= SECONDS; seconds += 1) {
    for (let i = 0; i < SENDS_A_SECOND; i++) send();
  }
  return findings([...told, `${SECONDS * 1e6} mark text=end`].join('\n'));
}

test('a sender that does not hear that its closed mail box refuses keeps more and more payloads', () => {
  expect(judgeSender(() => undefined)).toEqual(['heap-leak warning likely 0/t0 ×1']);
});

test('a sender that frees what was refused keeps none', () => {
  expect(judgeSender((program, payload) => program.payload_delete(payload))).toEqual([]);
});
