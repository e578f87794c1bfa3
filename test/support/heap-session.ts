import type { SessionInput } from '../../src/analysis/session-input.ts';
import { type TextOptions, textInputs } from './text-records.ts';

const APP = 'https://studio.example/app';

function stack(...frames: readonly string[]): string {
  return frames.map((frame) => `    at ${frame}`).join('\\n');
}

const NEW_VOICE = stack(
  'malloc (wasm://wasm/0a:wasm-function[12]:0x1d2)',
  'voice_new (wasm://wasm/0a:wasm-function[4]:0x90)',
  `Voice.start (${APP}/voice.js:88:17)`,
);
const LOAD = stack(
  'wasm://wasm/0a:wasm-function[12]:0x1d2',
  `loadSample (${APP}/samples.js?v=3:12:9)`,
);

/** Voice 1 is freed while it is called, and touched; voice 2 rightly; voice 3 lives. Samples only grow. */
const LIFE = `
  0        threadStarted   thread=0 kind=main name="main"
  90000    contextCreated  context=1 state=running
  91000    threadStarted   thread=1 kind=audio context=1 name="audio rendering thread of context 1"
  100000   memorySeen      memory=1 kind=wasm bytes=131072
  150000   heapAllocated   block=1 memory=1 offset=4096 length=1024 by=malloc stack="${NEW_VOICE}"
  150000   heapState       memory=1 bytes=131072 made=1 madeBytes=1024 restingMost=16384 shadow=700000
  200000   nodeCreated     node=1 processorName="voice" emscripten=node userData=4096 callback=3 memory=wasm stack="${stack(`Voice.start (${APP}/voice.js:90:21)`)}"
  200100   userDataIn      node=1 block=1
  200200   passed          end=2 message=0 what=memory local=1
  201000   @audio arrived  end=2 message=0 what=memory local=1
  201100   processorConstructed ordinal=0 name="voice"
  201200   connected       source=1 target=99
  250000   heapAllocated   block=2 memory=1 offset=8192 length=1024 by=malloc stack="${NEW_VOICE}"
  260000   nodeCreated     node=2 processorName="voice" emscripten=node userData=8192 callback=3 memory=wasm
  260100   userDataIn      node=2 block=2
  400000   heapState       memory=1 bytes=131072 made=40 madeBytes=10240 restingMost=16384 shadow=700000
  450000   process         node=1 times=56
  480000   process         node=2 times=4
  495000   process         node=2 returned=false
  500000   portSent        end=4 preview="stopped"
  560000   disconnected    source=1 what=all
  600000   blockFreed      block=1 memory=1 offset=4096 stack="${stack('free (wasm://wasm/0a:wasm-function[13]:0x2)', `Voice.stop (${APP}/voice.js:120:5)`)}"
  601000   process         node=1 times=7
  620000   freedTouched    hit=1 thread=1 memory=1 offset=4096 length=1024 into=16 access=f32.load bytes=4 functionIndex=5 functionName="render" functionOffset=18 site=419 times=1 frame=20000 stack="${stack('render (wasm://wasm/0a:wasm-function[5]:0x1a3)')}"
  621000   process         node=1 times=57
  650000   heapState       memory=1 bytes=131072 made=90 madeBytes=30720 freed=1 freedBytes=1024 resting=1 restingBytes=1024 restingMost=16384 shadow=700000
  700000   blockFreed      block=2 memory=1 offset=8192
  750000   heapAllocated   block=3 memory=1 offset=4096 length=512 by=malloc stack="${NEW_VOICE}"
  760000   nodeCreated     node=3 processorName="voice" emscripten=node userData=4096 callback=3 memory=wasm
  760100   userDataIn      node=3 block=3
  900000   memoryGrown     memory=1 from=131072 to=262144 shared=true how=called
  950000   freedTouchedAgain hit=1 times=64
  1000000  heapSite        site=1 live=80 bytes=20480 made=80 stack="${LOAD}"
  1500000  heapState       memory=1 bytes=262144 made=180 madeBytes=60000 freed=2 freedBytes=2048 resting=2 restingBytes=2048 restingMost=32768 shadow=700000
  2000000  heapSite        site=1 live=160 bytes=40960 made=160 stack="${LOAD}"
  2000000  heapState       memory=1 bytes=262144 made=260 madeBytes=80000 freed=2 freedBytes=2048 resting=2 restingBytes=2048 restingMost=32768 shadow=700000
  2500000  mark text=end
`;

export function heapSession(options?: TextOptions): readonly SessionInput[] {
  return textInputs(LIFE, options);
}

const BLOCKS_OF_A_DOCUMENT = 125_000;

/** So many blocks, in as many documents as that takes: every other one is freed, and one in a hundred has a node. */
export function* manyBlocks(count: number): Iterable<SessionInput> {
  for (let first = 0; first < count; first += BLOCKS_OF_A_DOCUMENT) {
    const lines = [
      '0 contextCreated context=1 state=running',
      '0 threadStarted thread=1 kind=audio context=1 name="audio"',
    ];
    const blocks = Math.min(BLOCKS_OF_A_DOCUMENT, count - first);
    for (let i = 1; i <= blocks; i++) {
      const place = `memory=1 offset=${i * 64}`;
      const at = i * 20;
      lines.push(
        `${at} heapAllocated block=${i} ${place} length=48 by=malloc stack="at f${i % 50} (a.js:${i % 50}:1)"`,
      );
      if (i % 100 === 0) {
        lines.push(`${at} nodeCreated node=${i} emscripten=node userData=${i * 64}`);
        lines.push(`${at} userDataIn node=${i} block=${i}`);
      }
      if (i % 2 === 0) lines.push(`${at + 10} blockFreed block=${i} ${place}`);
    }
    yield* textInputs(lines.join('\n'), { document: `doc${first}`, timeOrigin: 1.7e15 + first });
  }
}
