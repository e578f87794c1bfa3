import { beforeEach, expect, test } from 'vitest';
import { heapSession } from '../../../support/heap-session.ts';
import { PanelBench } from '../../../support/panel-bench.ts';
import { textInputs } from '../../../support/text-records.ts';

let bench: PanelBench;

beforeEach(() => {
  bench = new PanelBench();
});

function detail(entity: string) {
  const found = bench.ask({ ask: 'detail', entity });
  if (found === undefined) throw new Error(`nothing is known of ${entity}`);
  return found;
}

test('a block’s biography: allocated, passed to a node, freed, touched, each with its thread', () => {
  bench.ingest(heapSession());
  const { events, facts, row, title } = detail('0/k1');
  expect({ title, row }).toEqual({ title: 'malloc #1', row: '0/n1' });
  expect(events.map(({ thread, what }) => `${thread}: ${what}`)).toEqual([
    'page: allocated by malloc: 1.00 KB',
    'page: passed to voice #1 as its user data, as it was created',
    'AudioContext #1: first process() call of voice #1',
    'page: voice #1: detached: nothing connected any more',
    'page: freed',
    'AudioContext #1: first process() call after the free of voice #1',
    'AudioContext #1: touched 16 bytes into it: a load of 4 bytes (f32.load in function 5 “render”, byte 0x12 of it, 0x1a3 of the module)',
    'AudioContext #1: the last of 64 calls after the free: process() of voice #1',
    'AudioContext #1: touched again by that instruction, 64 times by now',
  ]);
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort((a, b) => a - b));
  expect(facts).toEqual([
    { label: 'State', value: 'freed, after 450 ms' },
    { label: 'Size', value: '1\u2009024 bytes' },
    { label: 'Address', value: '0x1000 of WebAssembly memory #1, to 0x13ff' },
    { label: 'Generation', value: 'number 1 of 2 that are known at its address' },
  ]);
});

test('its stacks are those of allocation, free, access, and of its node', () => {
  bench.ingest(heapSession());
  expect(detail('0/k1').stacks.map(({ role, frames }) => `${role}: ${frames.at(-1)}`)).toEqual([
    'allocate: Voice.start (https://studio.example/app/voice.js:88:17)',
    'free: Voice.stop (https://studio.example/app/voice.js:120:5)',
    'access: render (wasm://wasm/0a:wasm-function[5]:0x1a3)',
    'create: Voice.start (https://studio.example/app/voice.js:90:21)',
  ]);
});

test('it leads to its node and to what was found about it, and the node leads to it', () => {
  bench.ingest(heapSession());
  bench.pass(200);
  const block = detail('0/k1');
  expect(block.links).toEqual([{ label: 'voice #1', target: { kind: 'row', key: '0/n1' } }]);
  const rules = block.findings.map(
    (id) => bench.session.findings.find((each) => each.id === id)?.rule,
  );
  expect(rules.toSorted()).toEqual(['dangling-user-data', 'free-not-ordered', 'use-after-free']);
  expect(detail('0/n1').links).toEqual([
    { label: 'malloc #1', target: { kind: 'heap', key: '0/k1', row: '0/n1' } },
  ]);
  expect(detail('0/k3').findings).toEqual([]);
});

test('a second free is part of it, with its stack', () => {
  bench.ingest(
    textInputs(`
      0  heapAllocated block=1 memory=1 offset=64 length=32 by=malloc
      10 blockFreed    block=1 memory=1 offset=64 stack="at first (a.js:1:1)"
      20 heapMisfreed  what=double block=1 memory=1 offset=64 stack="at second (a.js:2:1)"
    `),
  );
  const { events, stacks } = detail('0/k1');
  expect(events.map(({ what }) => what)).toEqual([
    'allocated by malloc: 32 B',
    'freed',
    'freed once more',
  ]);
  expect(stacks).toEqual([
    { role: 'free', frames: ['first (a.js:1:1)'] },
    { role: 'second free', frames: ['second (a.js:2:1)'] },
  ]);
});

test('of the handle of a fetch it says what became of that, and what was found about those of its memory', () => {
  bench.ingest(
    textInputs(`
      0       memorySeen    memory=1 kind=wasm
      0       heapAllocated block=1 memory=1 offset=64 length=208 by=calloc
      0       heapAllocated block=2 memory=1 offset=512 length=208 by=calloc
      100000  fetchEnded    block=1 id=0 status=200 bytes=1024 url=kick.wav
      110000  fetchRefused  block=1 stack="at close (a.js:2:1)"
      120000  fetchEnded    block=2 id=1 status=200 bytes=1024 url=snare.wav
      130000  blockFreed    block=2 memory=1 offset=512
      2000000 mark          text=end
    `),
  );
  const { events, stacks, findings } = detail('0/k1');
  expect(events.map(({ what }) => what)).toEqual([
    'allocated by calloc: 208 B',
    'handle of a fetch that has ended, with id 0: 1.00 KB of kick.wav',
    'emscripten_fetch_close() refused it',
  ]);
  expect(stacks).toEqual([{ role: 'close', frames: ['close (a.js:2:1)'] }]);
  expect(findings).toHaveLength(1);
  expect(detail('0/k2').findings).toEqual([]);
});

test('messages that took it along are part of it, with what became of them', () => {
  bench.ingest(
    textInputs(`
      0    workerCreated worker=1 name=mixer
      10   @w1 scopeState state=started
      20   heapAllocated block=1 memory=1 offset=64 length=32 by=malloc
      20   heapAllocated block=2 memory=1 offset=128 length=32 by=malloc
      30   payloadIn     end=103 message=1 block=1
      30   portSent      end=103
      40   @w1 portReceived end=1
      50   blockFreed    block=1 memory=1 offset=64
      60   payloadIn     end=103 message=2 block=2
      60   portSent      end=103
      70   workerEnded   worker=1 how=terminated
    `),
  );
  const lifeOf = (block: string) =>
    detail(block).events.map(({ thread, what }) => `${thread}: ${what}`);
  expect(lifeOf('0/k1')).toEqual([
    'page: allocated by malloc: 32 B',
    'page: sent to mixer #1 in message 1',
    'mixer #1: came in message 1',
    'page: freed',
  ]);
  expect(lifeOf('0/k2')).toEqual([
    'page: allocated by malloc: 32 B',
    'page: sent to mixer #1 in message 2, never handled (the worker was terminated)',
  ]);
  expect(detail('0/w0.1').events.map(({ what }) => what)).toContain(
    'message sent page → worker with malloc #2, never handled (the worker was terminated)',
  );
});

test('of a block that another thread handed out it says so', () => {
  bench.ingest(textInputs('0 heapFound block=1 memory=1 offset=64'));
  const { events, facts } = detail('0/k1');
  expect(events[0]?.what).toBe('first seen; another thread had handed it out');
  expect(facts).toContainEqual({ label: 'Size', value: 'not known' });
});

test('a place that allocates has its counts and how it grows', () => {
  bench.ingest(heapSession());
  const { events, facts, links, title } = detail('0/hs0.1');
  expect(title).toBe('loadSample (samples.js:12:9)');
  expect(facts).toContainEqual({ label: 'Growth', value: '+80 blocks, +20.0 KB in 1.00 s' });
  expect(events.map(({ what }) => what)).toEqual([
    '80 blocks live, 20.0 KB, of 80 made',
    '160 blocks live, 40.0 KB, of 160 made',
  ]);
  expect(links).toEqual([]);
  expect(detail('0/hb1').links.map(({ label }) => label)).toEqual([
    'malloc #1',
    'malloc #2',
    'malloc #3',
  ]);
});

test('what is no block and no place has no detail', () => {
  bench.ingest(heapSession());
  for (const entity of ['0/k9', '0/hs0.9', '0/hb9', '0/k', '7/k1', '0/h']) {
    expect(bench.ask({ ask: 'detail', entity })).toBeUndefined();
  }
});
