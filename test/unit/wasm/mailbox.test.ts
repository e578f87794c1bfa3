import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { HeapBlocks } from '../../../src/hooks/heap/heap-blocks.ts';
import { HeapMap } from '../../../src/hooks/heap/heap-map.ts';
import { rewriteModule } from '../../../src/injected/wasm/rewrite-module.ts';
import type { Micros } from '../../../src/shared/units.ts';
import { heapHost } from '../../support/heap-host.ts';
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
  box_abandon(box: number): void;
}

/** The functions of the program, by the letters of its release build. */
type Letters = Readonly<
  Record<'c' | 'd' | 'f' | 'h' | 'i', (...args: readonly number[]) => number>
>;

/** Starts the program as hooked modules run; `told` gets records of the places that keep many blocks. */
function start(now: () => number, told: string[]): Program {
  const rewrite = rewriteModule(new Uint8Array(readFileSync(FILE)), FROM, () => undefined);
  if (rewrite === undefined) throw new Error('it runs as it is');
  let place = 0;
  const heaps = new HeapBlocks(
    heapHost({
      map: new HeapMap(HeapMap.share(2 ** 20)),
      next: () => (place += 2),
      now: () => now() as Micros,
      stack: () => '    at send (https://example.test/mixer.js:8:3)',
      grew: ({ id, counted, bytes, made, stack }) =>
        told.push(
          `${now()} heapSite site=${id} live=${counted} bytes=${bytes} made=${made} stack="${stack}"`,
        ),
      misfreed: ({ what }) => told.push(what),
      fault: (error) => told.push(`${error}`),
    }),
  );
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16, shared: true });
  const heap = heaps.heapOf(memory, heaps.keyOf(rewrite));
  const ignore = (): number => 0;
  const atomics = { place: ignore, number: ignore, atomic: ignore };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(rewrite.bytes as BufferSource), {
    env: { memory },
    a: { a: ignore, b: ignore },
    [FROM]: { ...heaps.importsFor(heap, rewrite.layout), ...atomics },
  });
  const { c, d, f, h, i } = instance.exports as unknown as Letters;
  return { payload_new: c, payload_delete: d, box_send: f, box_close: h, box_abandon: i };
}

interface Manners {
  close(program: Program): void;
  /** What the sender does with a payload that was refused. */
  refused(program: Program, payload: number): void;
}

/** What is found when a mail box is closed and its sender goes on. */
function judgeMail({ close, refused }: Manners): readonly string[] {
  let seconds = 0;
  const told: string[] = [];
  const program = start(() => seconds * 1e6, told);
  const send = (): void => {
    const payload = program.payload_new(64);
    if (program.box_send(BOX, payload) === 0) refused(program, payload);
  };
  for (let i = 0; i < SENDS_A_SECOND; i++) send();
  close(program);
  for (seconds = 1; seconds <= SECONDS; seconds++) {
    for (let i = 0; i < SENDS_A_SECOND; i++) send();
  }
  return findings([...told, `${SECONDS * 1e6} mark text=end`].join('\n'));
}

test('a mail box that forgets what is in it, and a sender that does not hear that it refuses, keep more and more payloads', () => {
  const sloppy: Manners = {
    close: (program) => program.box_abandon(BOX),
    refused: () => undefined,
  };
  expect(judgeMail(sloppy)).toEqual(['heap-leak warning likely 0/t0 ×1']);
});

test('a mail box that frees what is in it, and a sender that frees what it refuses, keep none', () => {
  const tidy: Manners = {
    close: (program) => expect(program.box_close(BOX)).toBe(SENDS_A_SECOND),
    refused: (program, payload) => program.payload_delete(payload),
  };
  expect(judgeMail(tidy)).toEqual([]);
});
