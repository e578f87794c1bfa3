import { expect, test } from 'vitest';
import type { Finding } from '../../src/analysis/finding.ts';
import { judge } from '../../src/analysis/judge.ts';
import { RULES } from '../../src/analysis/rules/registry.ts';
import { sessionOf } from '../support/text-records.ts';

/** One page in miniature for every rule: what its user reads. */
const PAGES: readonly string[] = [
  `0      nodeCreated        node=7 processorName=synth memory=wasm stack="at make (a.js:1:2)"
   2667   process            node=7 times=10
   30000  process            node=7 seq=30..34
   30001  declaredDestroyed  node=7 seq=32 stack="at free (a.js:9:2)"
   33000  process            node=7 times=3
   42000  declaredDestroyed  node=7 stack="at freeAgain (a.js:12:2)"`,
  `0      nodeCreated   node=7 processorName=em-thing emscripten=node userData=20496
   30000  disconnected  source=7 stack="at emscripten_destroy_web_audio_node (a.js:9:2)"
   32000  process       node=7 times=400`,
  `0       nodeCreated    node=7
   30000   nodeCollected  node=7
   400000  process        node=7 times=5`,
  `0       nodeCreated        node=8
   10000   nodeCreated        node=7 processorName=loop
   12000   process            node=8 times=200
   500000  declaredDestroyed  node=7`,
  `0      nodeCreated     node=7
   2667   process         node=7 times=10
   31000  contextState    context=1 state=suspended frame=1408
   40000  disconnected    source=7 frame=1408
   61000  contextState    context=1 state=running frame=1408
   62000  process         node=7 frame=1408 times=3`,
  `0     nodeCreated           node=7
   1000  processorConstructed  ordinal=0 outcome=rejected reason="RangeError: no" stack="at new P (p.js:3:1)"
   2000  processorErrorEvent   node=7`,
  `0     contextCall     context=1 call=1 method=close
   1000  contextSettled  context=1 call=1 method=close
   2000  nodeRefused     context=1 processorName=noise contextState=closed stack="at late (a.js:5:1)"`,
  `0      nodeCreated          node=7 processorName=player
   1      processorConstructed ordinal=0
   5      @audio memorySeen    memory=1 kind=wasm bytes=65536
   9      @audio bufferRead    memory=1 bytes=65536 node=1 stack="at Player (p.js:4:20)"
   10000  process              node=7 times=3
   30000  @audio memoryGrown   memory=1 from=65536 to=131072 how=called stack="at grow (p.js:9:2)"
   32000  process              node=7 times=40
   140000 @audio staleView     memory=1 node=1 what=held property=this.samples`,
  `5      memorySeen   memory=1 kind=wasm bytes=65536
   30000  memoryGrown  memory=1 from=65536 to=131072 shared=true how=noticed
   32000  staleView    memory=1 what=used method=subarray bytes=65536 reach=66048 stack="at load (a.js:7:1)"`,
  `0    nodeCreated  node=7
   1    processorConstructed ordinal=0
   10   memorySeen   memory=1 kind=wasm bytes=65536 stack="at make (a.js:1:1)"
   20   passed       end=14 message=1 what=memory local=1
   20   send         main→7 "memory"
   30   @audio arrived end=2 message=1 what=memory local=1
   30   receive      main→7 "memory"
   40   @audio passed end=2 message=1 what=memory local=1
   40   send         7→main "memory"
   50   memorySeen   memory=2 kind=wasm bytes=65536
   50   arrived      end=14 message=1 what=memory local=2
   50   receive      7→main "memory"`,
  `0     nodeCreated  node=7 processorName=effect
   1000  @audio instantiationBegun instantiation=1 node=1 stack="at Effect (p.js:3:5)"
   1001  processorConstructed ordinal=0
   10000 process      node=7 times=5
   26000 @audio instantiationSettled instantiation=1
   50000 @audio wasmBlocked micros=14000 uncertainty=1000 rendered=true stack="at Effect (p.js:9:5)"`,
  Array.from({ length: 7 }, (_, i) => `${i}000 contextCreated context=${i + 1}`).join('\n'),
  `0      nodeCreated     node=7 processorName=ring memory=shared stack="at make (a.js:1:2)"
   0      memorySeen      memory=1 bytes=1024
   0      passed          end=14 message=0 what=memory local=1
   0      blockAllocated  block=1 memory=1 offset=0 length=1024 label=samples stack="at alloc (a.js:2:2)"
   2667   process         node=7 times=10
   30000  send            main→7 "stop"
   31000  receive         main→7 "stop"
   32000  process         node=7 returned=false
   32001  blockFreed      block=1 memory=1 offset=0 stack="at free (a.js:9:2)"`,
  `0      nodeCreated     node=7 processorName=voice memory=shared stack="at make (a.js:1:2)"
   0      memorySeen      memory=1 bytes=64
   0      passed          end=14 message=0 what=memory local=1
   0      blockAllocated  block=1 memory=1 offset=0 length=64 label=state stack="at alloc (a.js:2:2)"
   10000  process         node=7 times=3
   30000  blockFreed      block=1 memory=1 offset=0 stack="at free (a.js:9:2)"
   32000  process         node=7 times=4`,
  `0      nodeCreated   node=7 memory=shared
   0      memorySeen    memory=1 bytes=64
   0      passed        end=14 message=0 what=memory local=1
   1      @audio arrived end=2 message=0 what=memory local=1
   2      cellSeen      cell=1 memory=1 offset=4
   9000   contextState  context=1 state=suspended
   10000  atomic load   cell=1 value=0 seq=111..111
   20000  atomic loads  cell=1 value=0 count=4000 seq=111..111
   30000  atomic loads  cell=1 value=0 count=4000 seq=111..111`,
  `0        nodeCreated     node=7 memory=shared
   0        memorySeen      memory=1 bytes=64
   0        passed          end=14 message=0 what=memory local=1
   0        workerCreated   worker=1 name=filler
   0        passed          end=103 message=1 what=memory local=1
   0        portSent        end=103
   5        @w1 arrived     end=1 message=1 what=memory local=1
   5        @w1 portReceived end=1
   5        @w1 cellSeen    cell=1 memory=1 offset=0
   6        @w1 atomic waitBegin cell=1 value=0 seq=61..61
   1000000  contextCall     context=1 call=1 method=close
   1010000  contextSettled  context=1 call=1 method=close
   3000000  mark            text=later`,
  `0     nodeCreated  node=7 processorName=meter
   2667  process      node=7 times=40 sends=1`,
  `0     nodeCreated  node=7
   2667  process      node=7 times=100 duration=4200
   9000  underrun     context=1 events=3 duration=9000`,
  `0    workerCreated  worker=1 name=mixer stack="at make (a.js:1:1)"
   10   @w1 scopeState state=started
   90   portSent       end=103 preview="{id: 1, cmd: mix}"
   95   @w1 portReceived end=1
   99   @w1 portSent   end=1 preview="{id: 1, done: true}"
   99   portReceived   end=103
   99   heapAllocated  block=1 memory=1 offset=64 length=32 by=malloc stack="at new_job (wasm-function[7])"
   100  payloadIn      end=103 message=2 block=1
   100  portSent       end=103 preview="{id: 2, cmd: save}" stack="at save (a.js:3:3)"
   200  workerEnded    worker=1 how=terminated stack="at stop (a.js:2:2)"
   300  portSent       end=103 preview="{id: 3, cmd: quit}" stack="at quit (a.js:4:4)"`,
  `0     heapAllocated block=1 memory=1 offset=64 length=32 by=malloc stack="at new_voice (wasm-function[12])"
   0     nodeCreated   node=7 processorName=voice emscripten=node userData=68 memory=wasm stack="at make (a.js:1:2)"
   0     userDataIn    node=7 block=1
   2     processorConstructed ordinal=0
   10000 process       node=7 times=3
   30000 blockFreed    block=1 memory=1 offset=64 stack="at free_voice (wasm-function[14])"
   32000 process       node=7 times=4
   43000 heapMisfreed  what=double block=1 memory=1 offset=64 stack="at free_voice (wasm-function[14])"
   44000 heapMisfreed  what=invalid block=0 memory=1 offset=72 stack="at drop (wasm-function[15])"`,
  `0       heapAllocated block=1 memory=1 offset=64 length=32 by=malloc stack="at new_voice (wasm-function[12])"
   0       nodeCreated   node=1 processorName=voice emscripten=node userData=64 callback=1
   0       userDataIn    node=1 block=1
   0       heapAllocated block=2 memory=1 offset=128 length=32 by=malloc
   0       nodeCreated   node=2 processorName=voice emscripten=node userData=128 callback=1
   0       userDataIn    node=2 block=2
   10000   process       node=1 times=2
   10000   process       node=2 times=2
   20000   process       node=1 returned=false
   20000   process       node=2 returned=false
   100000  disconnected  source=1 what=all stack="at stop (a.js:8:1)"
   200000  disconnected  source=2 what=all
   300000  blockFreed    block=2 memory=1 offset=128
   2000000 mark          text=end`,
  `0       memorySeen    memory=1 kind=wasm
   0       heapAllocated block=1 memory=1 offset=64 length=208 by=calloc stack="at fetch_new (wasm-function[12])"
   0       heapAllocated block=2 memory=1 offset=512 length=208 by=calloc
   100000  fetchEnded    block=1 id=0 status=200 bytes=1024 url=kick.wav
   110000  fetchRefused  block=1 stack="at fetch_close (wasm-function[14])"
   120000  fetchEnded    block=2 id=1 status=200 bytes=2048 url=snare.wav
   6000000 mark          text=end`,
];

test('findings read as they were reviewed (bless a rightly changed one by: npm run bless)', async () => {
  const shared = PAGES.flatMap((page) => judge(sessionOf(page)));
  const alone = PAGES.slice(0, 3).flatMap((page) => judge(sessionOf(page, { isolated: false })));
  const text = ['# Isolated pages', ...shared.map(textOf), '# Not isolated', ...alone.map(textOf)];
  const rules = new Set(shared.map(({ rule }) => rule));
  expect([...rules].sort()).toEqual(Object.keys(RULES).sort());
  await expect(`${text.join('\n\n')}\n`).toMatchFileSnapshot('findings.txt');
});

function textOf(finding: Finding): string {
  const { rule, severity, certainty, entity, count, first, last, message } = finding;
  return [
    `${rule} (${severity}, ${certainty}) on ${entity.kind} ${entity.label}, ${count}×, ${ms(first)}–${ms(last)}`,
    `  ${message}`,
    ...finding.evidence.map(({ at, thread, what }) => `  ${ms(at)} ${thread}: ${what}`),
    ...Object.entries(finding.stacks).map(([role, frames]) => `  ${role}: ${frames.join(' < ')}`),
  ].join('\n');
}

function ms(micros: number): string {
  return `${(micros / 1000).toFixed(1)} ms`;
}
