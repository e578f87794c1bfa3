import { describe, expect, test } from 'vitest';
import { judgeTeardowns } from '../../../../src/analysis/judge-teardowns.ts';
import { findings, sessionOf, type TextOptions } from '../../../support/text-records.ts';

/** One line a release: `declared ordered by message proven`. */
function verdicts(text: string, options?: TextOptions): readonly string[] {
  return judgeTeardowns(sessionOf(text, options)).map(({ release, verdict, by, certainty }) =>
    [release, verdict, ...(by === undefined ? [] : ['by', by]), certainty].join(' '),
  );
}

/** Racy as far as it is judged at all, and no use after the release that would show by itself. */
function expectOnlyRacy(text: string, release: string, options?: TextOptions): void {
  expect(verdicts(text, options)).toEqual([`${release} racy proven`]);
}

const NODE = '0 nodeCreated node=7\n 10 processorConstructed ordinal=0';

describe.each([true, false])('a stop message (isolated: %s)', (isolated) => {
  const options = { isolated };

  test('that the handler answers orders the teardown', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  send     main→7 "stop"
      31000  receive  main→7 "stop"
      31001  send     7→main "stopped"
      32000  process  node=7 returned=false
      33000  receive  7→main "stopped"
      33001  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared ordered by message proven']);
  });

  test('that the closing call answers from inside orders it', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  send     main→7 "stop"
      31000  receive  main→7 "stop"
      32000  process  node=7 returned=false sends=1
      33000  receive  7→main "stopped"
      33001  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared ordered by returned-false proven']);
  });

  test('that nobody answers does not, even though nothing collides', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  send     main→7 "stop"
      31000  receive  main→7 "stop"
      32000  process  node=7 returned=false
      90000  declaredDestroyed node=7`;
    expectOnlyRacy(text, 'declared', options);
  });

  test('answered before a call that still uses the memory does not', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  send     main→7 "stop"
      31000  receive  main→7 "stop"
      31001  send     7→main "stopped"
      32000  process  node=7 returned=true
      35000  process  node=7 returned=false
      36000  receive  7→main "stopped"
      36001  declaredDestroyed node=7`;
    expectOnlyRacy(text, 'declared', options);
  });

  test('answered while the context stands still orders it, though no call ever sees it', () => {
    const text = `${NODE}
      2667   process      node=7 times=10
      30000  contextState context=1 state=suspended
      30000  send     main→7 "stop"
      31000  receive  main→7 "stop"
      31001  send     7→main "stopped"
      33000  receive  7→main "stopped"
      33001  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared ordered by message proven']);
  });

  test('is not answered by a meter that posted before it heard', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  process  node=7 sends=1
      30100  send     main→7 "stop"
      30200  process  node=7 frame=1600 sends=1 times=2
      30300  receive  main→7 "stop"
      36000  process  node=7 returned=false
      37000  receive  7→main "level"
      37001  receive  7→main "level"
      37002  receive  7→main "level"
      37003  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared racy proven']);
  });

  test('whose answer was handled before it was known where it came from leaves the verdict open', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  send     main→7 "stop"
      33000  receive  7→main "stopped"
      33001  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared unknown proven']);
  });
});

describe.each([true, false])('what a page does to the context (isolated: %s)', (isolated) => {
  const options = { isolated };
  const SUSPENDED = `${NODE}
    2667   process         node=7 times=10
    30000  contextCall     context=1 call=1 method=suspend
    31000  process         node=7
    34000  contextSettled  context=1 call=1 method=suspend`;

  test('a suspension that was awaited and never ended orders the teardown', () => {
    const text = `${SUSPENDED}
      34001  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared ordered by suspended proven']);
  });

  test('not so once the context goes on and calls come again', () => {
    const text = `${SUSPENDED}
      34001  declaredDestroyed node=7
      40000  contextCall  context=1 call=2 method=resume
      41000  process      node=7 frame=1920 times=3`;
    expectOnlyRacy(text, 'declared', options);
  });

  test('but still if the calls that come again are its own shutdown', () => {
    const text = `${SUSPENDED}
      34001  declaredDestroyed node=7
      40000  contextCall  context=1 call=2 method=resume
      41000  process      node=7 frame=2560 returned=false`;
    expect(verdicts(text, options)[0]).toMatch(/^declared ordered by suspended/);
  });

  test('a suspension that was not awaited orders nothing', () => {
    const text = `${NODE}
      2667   process         node=7 times=10
      30000  contextCall     context=1 call=1 method=suspend
      30001  declaredDestroyed node=7
      31000  process         node=7
      34000  contextSettled  context=1 call=1 method=suspend`;
    expectOnlyRacy(text, 'declared', options);
  });

  test('closing it orders the teardown, from the moment on at which that resolved', () => {
    const text = `${NODE}
      2667   process         node=7 times=10
      30000  contextCall     context=1 call=1 method=close
      31000  process         node=7
      34000  contextSettled  context=1 call=1 method=close`;
    expect(verdicts(text, options)).toEqual(['context-closed ordered by closed proven']);
    const declared = `${text}
      34001  declaredDestroyed node=7`;
    expect(verdicts(declared, options)).toEqual(['declared ordered by closed proven']);
  });

  test('a suspension between others is told by frames where no counter tells', () => {
    const text = `${SUSPENDED}
      34001  declaredDestroyed node=7
      40000  contextCall  context=1 call=2 method=resume frame=1664
      41000  process      node=7 frame=2560 returned=false`;
    const certainty = isolated ? 'proven' : 'likely';
    expect(verdicts(text, options)).toEqual([`declared ordered by suspended ${certainty}`]);
  });

  test('to disconnect the node and free at once orders nothing', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  disconnected source=7
      30001  declaredDestroyed node=7
      31000  process  node=7 times=5`;
    expectOnlyRacy(text, 'declared', options);
  });

  test('nor does the luck that no call was seen after', () => {
    const text = `${NODE}
      2667   process  node=7 times=10
      30000  disconnected source=7
      30001  declaredDestroyed node=7`;
    expectOnlyRacy(text, 'declared', options);
  });

  test('an exception that the page heard of orders the teardown', () => {
    const text = `${NODE}
      2667   process              node=7 times=10
      30000  process              node=7 returned=threw
      30001  processorFailed      ordinal=0 reason="no"
      31000  processorErrorEvent  node=7
      31001  declaredDestroyed    node=7`;
    expect(verdicts(text, options)).toEqual(['declared ordered by threw proven']);
  });

  test('a node that was never called is torn down in order', () => {
    const text = `${NODE}
      30001  declaredDestroyed node=7`;
    expect(verdicts(text, options)).toEqual(['declared ordered by never-used proven']);
  });

  test('what only the collector, or a pool, makes of a node is no teardown', () => {
    const text = `${NODE}
      2667   process        node=7 times=10
      30000  disconnected   source=7
      31000  nodeCollected  node=7`;
    expect(verdicts(text, options)).toEqual([]);
  });
});

/** SHUTDOWN is cell 1, HELD (or the lock) cell 2, in a memory that the node was made with. */
const SHARED = `
  0  nodeCreated  node=7 memory=shared
  0  memorySeen   memory=1 bytes=64
  0  passed       end=14 message=0 what=memory local=1
  0  blockAllocated block=1 memory=1 offset=0 length=64 label=state
  1  @audio arrived end=2 message=0 what=memory local=1
  2  processorConstructed ordinal=0
  3  cellSeen cell=1 memory=1 offset=0 width=4
  3  cellSeen cell=2 memory=1 offset=4 width=4
  4  @audio cellSeen cell=1 memory=1 offset=0 width=4
  4  @audio cellSeen cell=2 memory=1 offset=4 width=4`;
const FREE = 'blockFreed block=1 memory=1 offset=0';

/** A call under a semaphore, from place `from` of the counter on. */
function held(at: number, from: number, ...more: readonly string[]): string {
  return `
    ${at}  @audio atomic store cell=2 value=1 seq=${from + 1}..${from + 2}
    ${at}  @audio atomic ${more.includes('loads') ? 'loads' : 'load'} cell=1 value=0 seq=${from + 2}..${from + 2}
    ${at}  @audio atomic store cell=2 value=0 seq=${from + 3}..${from + 4}
    ${at}  process node=7 seq=${from}..${from + 4} returned=true`;
}

describe('a shutdown bit in shared memory', () => {
  test('and a semaphore that is held during the call order the teardown', () => {
    const text = `${SHARED}
      ${held(1000, 101)}
      ${held(3667, 111, 'loads')}
      4000  atomic store cell=1 value=1 seq=120..121
      4000  atomic load  cell=2 value=0 seq=121..121
      4001  ${FREE} seq=122
      6333  @audio atomic store cell=2 value=1 seq=124..125
      6333  @audio atomic load  cell=1 value=1 seq=125..125
      6333  @audio atomic store cell=2 value=0 seq=126..127
      6333  process node=7 seq=123..127 returned=false`;
    expect(verdicts(text)).toEqual(['free ordered by semaphore proven']);
    expect(findings(text)).toEqual([]);
  });

  test('and a semaphore that the page waits for order it before the call has even returned', () => {
    const text = `${SHARED}
      ${held(1000, 101)}
      3667  @audio atomic store cell=2 value=1 seq=112..113
      3667  @audio atomic loads cell=1 value=0 seq=113..113
      4000  atomic store cell=1 value=1 seq=114..115
      4000  atomic load  cell=2 value=1 seq=115..115
      4000  atomic loads cell=2 value=1 count=99 seq=115..115
      4100  @audio atomic store cell=2 value=0 seq=116..117
      4101  atomic load  cell=2 value=0 seq=117..117
      4101  ${FREE} seq=118
      4102  process node=7 seq=111..119 returned=true`;
    expect(verdicts(text)).toEqual(['free ordered by semaphore proven']);
    expect(findings(text)).toEqual([]);
  });

  test('without a semaphore does not, even though nothing collides', () => {
    const text = `${SHARED}
      1000  @audio atomic load cell=1 value=0 seq=101..101
      1000  process node=7 seq=101..101
      4000  atomic store cell=1 value=1 seq=120..121
      4001  ${FREE} seq=122
      6333  @audio atomic load cell=1 value=1 seq=123..123
      6333  process node=7 seq=123..123 returned=false`;
    expect(verdicts(text)).toEqual(['free racy proven']);
    expect(findings(text)).toEqual(['free-not-ordered error proven 0/k1 ×1']);
  });

  test('nor does a semaphore without the bit: the next call takes it again', () => {
    const text = `${SHARED}
      ${held(1000, 101)}
      4000  atomic load cell=2 value=0 seq=121..121
      4001  ${FREE} seq=122
      ${held(6333, 123)}`;
    expect(verdicts(text)).toEqual(['free racy proven']);
  });

  test('and a wait for the next call order it, when that call ends the processor', () => {
    const text = `${SHARED}
      1000  @audio atomic load cell=1 value=0 seq=101..101
      1000  process node=7 seq=101..101
      4000  atomic store cell=1 value=1 seq=110..111
      4000  atomic load  cell=2 value=0 seq=111..111
      4000  atomic loads cell=2 value=0 count=9000 seq=111..113
      6333  @audio atomic load  cell=1 value=1 seq=111..111
      6333  @audio atomic store cell=2 value=1 seq=112..113
      6334  atomic load  cell=2 value=1 seq=113..113
      6335  ${FREE} seq=114
      6336  process node=7 seq=111..115 returned=false`;
    expect(verdicts(text)).toEqual(['free ordered by semaphore proven']);
  });

  test('the same where the first look was told so late that the answer may have been there before', () => {
    const text = `${SHARED}
      1000  @audio atomic load cell=1 value=0 seq=101..101
      1000  process node=7 seq=101..101
      4000  atomic store cell=1 value=1 seq=110..111
      4000  atomic load  cell=2 value=0 seq=111..115
      6333  @audio atomic load  cell=1 value=1 seq=111..111
      6333  @audio atomic store cell=2 value=1 seq=112..113
      6334  atomic load  cell=2 value=1 seq=115..115
      6335  ${FREE} seq=116
      6336  process node=7 seq=111..115 returned=false`;
    expect(verdicts(text)).toEqual(['free ordered by semaphore proven']);
  });

  test('and such a wait that times out, do not', () => {
    const text = `${SHARED}
      1000  @audio atomic load cell=1 value=0 seq=101..101
      1000  process node=7 seq=101..101
      4000   atomic store cell=1 value=1 seq=110..111
      4000   atomic load  cell=2 value=0 seq=111..111
      4000   atomic loads cell=2 value=0 count=9000 seq=111..111
      24000  ${FREE} seq=112`;
    expect(verdicts(text)).toEqual(['free racy proven']);
  });
});

describe('a lock', () => {
  const LOCKED = (at: number, from: number) => `
    ${at}  @audio atomic readModifyWrite cell=2 read=0 value=1 seq=${from + 1}..${from + 2}
    ${at}  @audio atomic store cell=2 value=0 seq=${from + 3}..${from + 4}
    ${at}  process node=7 seq=${from}..${from + 4}`;

  test('that the page takes and keeps orders the teardown', () => {
    const text = `${SHARED}
      ${LOCKED(1000, 101)}
      3000  atomic readModifyWrite cell=2 read=0 value=1 seq=110..111
      3001  ${FREE} seq=112
      3667  @audio atomic failedExchange cell=2 value=1 seq=114..115
      3667  process node=7 seq=113..115
      6333  process node=7 seq=117..117 times=3`;
    expect(verdicts(text)).toEqual(['free ordered by semaphore proven']);
  });

  test('that the page takes and gives back does not, if calls go on', () => {
    const text = `${SHARED}
      ${LOCKED(1000, 101)}
      3000  atomic readModifyWrite cell=2 read=0 value=1 seq=110..111
      3001  ${FREE} seq=112
      3002  atomic writes cell=2 value=0 seq=113..114
      ${LOCKED(3667, 115)}`;
    expect(verdicts(text)).toEqual(['free racy proven']);
  });

  test('that the page does not get, and a free all the same, is racy', () => {
    const text = `${SHARED}
      ${LOCKED(1000, 101)}
      3000  @audio atomic readModifyWrite cell=2 read=0 value=1 seq=112..113
      3001  atomic failedExchange cell=2 value=1 seq=114..115
      3002  ${FREE} seq=116
      3003  @audio atomic store cell=2 value=0 seq=117..118
      3003  process node=7 seq=111..118 returned=true
      6333  process node=7 seq=119..119 returned=false`;
    expect(verdicts(text)).toEqual(['free racy proven']);
  });
});

describe('what cannot be seen', () => {
  const TEXT = (
    more: string,
  ) => `${SHARED.replace('memory=1 bytes=64', 'memory=1 kind=wasm bytes=64')}
    ${more}
    1000  process node=7 times=3
    30000  ${FREE}`;

  test('leaves open a block that WebAssembly with atomic instructions reaches', () => {
    expect(verdicts(TEXT('500 wasmCompiled atomics=some'))).toEqual(['free unknown proven']);
    expect(verdicts(TEXT(''))).toEqual(['free unknown proven']);
    expect(findings(TEXT(''))).toEqual([]);
  });

  test('is nothing where every module was seen to have none', () => {
    expect(verdicts(TEXT('500 wasmCompiled atomics=none'))).toEqual(['free racy proven']);
  });

  test('is nothing where the atomic instructions of every module are recorded', () => {
    const compiled = '500 wasmCompiled atomics=some bytes=70';
    const covered = '510 atomicsCovered bytes=70 how=recorded';
    expect(verdicts(TEXT(`${compiled}\n${covered}`))).toEqual(['free racy proven']);
    // Whatever is said first: of what is compiled at once that it is covered.
    expect(verdicts(TEXT(`${covered}\n${compiled}`))).toEqual(['free racy proven']);
  });

  test('is every module of which that is not said', () => {
    const compiled = '500 wasmCompiled atomics=some bytes=70';
    const covered = '510 atomicsCovered bytes=70 how=recorded';
    const unknown = ['free unknown proven'];
    expect(verdicts(TEXT(`${compiled}\n${compiled}\n${covered}`))).toEqual(unknown);
    expect(verdicts(TEXT(`${compiled}\n${covered.replace('70', '71')}`))).toEqual(unknown);
    expect(verdicts(TEXT(`${compiled.replace('500', '500 @audio')}\n${covered}`))).toEqual(unknown);
    expect(verdicts(TEXT(covered))).toEqual(unknown);
  });

  test('is a module that runs somewhere as it is, though its atomic instructions are recorded elsewhere', () => {
    const text = TEXT(`500 wasmCompiled atomics=some bytes=70
      510 atomicsCovered bytes=70 how=recorded
      520 @audio atomicsMissed`);
    expect(verdicts(text)).toEqual(['free unknown proven']);
  });

  test('is no excuse for what did happen', () => {
    const after = `${TEXT('')}
      31000  process node=7 times=3`;
    expect(verdicts(after)).toEqual(['free racy proven']);
  });

  test('are lost records of a thread whose past counts: what looks unordered may be ordered', () => {
    const text = (thread: number) => `${NODE}
      2667   process  node=7 times=10
      30000  lost     thread=${thread} count=3 why=ring-full
      30001  declaredDestroyed node=7`;
    expect(verdicts(text(0))).toEqual(['declared unknown likely']);
    // What the page has not handled orders nothing, whatever else was sent.
    expect(verdicts(text(1))).toEqual(['declared racy likely']);
  });

  test('is what a worker does that could not be entered', () => {
    const text = `${SHARED}
      100   workerCreated worker=1 entered=forbidden
      110   portSent end=103
      1000  process node=7 times=3
      30000 ${FREE}`;
    expect(verdicts(text)).toEqual(['free unknown proven']);
  });
});

describe('a block', () => {
  test('in a heap of WebAssembly belongs to the node that points into it', () => {
    const text = `
      0  nodeCreated  node=7 memory=wasm emscripten=node userData=100
      0  passed       end=14 message=0 what=memory local=1
      0  nodeCreated  node=8 memory=wasm emscripten=node userData=200
      0  passed       end=16 message=0 what=memory local=1
      0  memorySeen   memory=1 kind=wasm bytes=65536
      0  wasmCompiled atomics=none
      0  blockAllocated block=1 memory=1 offset=96 length=16
      0  blockAllocated block=2 memory=1 offset=300 length=16
      1000  process node=8 times=30
      1000  process node=7 times=2
      20000 blockFreed block=1 memory=1 offset=96
      20000 blockFreed block=2 memory=1 offset=300`;
    expect(findings(text)).toEqual(['free-not-ordered error proven 0/k1 ×1']);
  });

  test('shared by two nodes is freed in order when both have stopped', () => {
    const stop = (node: number, at: number) => `
      ${at}  send     main→${node} "stop"
      ${at + 1}  receive  main→${node} "stop"
      ${at + 2}  send     ${node}→main "stopped"
      ${at + 3}  receive  ${node}→main "stopped"`;
    const text = (more: string) => `${SHARED}
      5  nodeCreated  node=8 memory=shared
      5  passed       end=16 message=0 what=memory local=1
      1000   process node=7 times=3
      1000   process node=8 times=3
      ${stop(7, 20000)}
      ${more}
      25000  process node=8 returned=${more === ''}
      30000  ${FREE}`;
    expect(verdicts(text(stop(8, 21000)))).toEqual([
      'free ordered by message proven',
      'free ordered by message proven',
    ]);
    expect(findings(text(''))).toEqual(['free-not-ordered error proven 0/k1 ×1']);
  });

  test('that the processor frees itself, in the call that ends it, is freed in order', () => {
    const text = `${SHARED}
      1000  process node=7 times=3
      9000  @audio blockAllocated block=2 memory=1 offset=32 length=8
      9000  @audio blockFreed block=2 memory=1 offset=32
      9001  process node=7 returned=false`;
    expect(verdicts(text)).toEqual(['free ordered by same-thread proven']);
  });
});

test('a block that the page allocated and the processor frees is found by its place', () => {
  const text = (returned: boolean) => `${SHARED}
    1000   process node=7 times=3
    10000  @audio blockFreed block=0 memory=1 offset=0
    10001  process node=7 returned=${returned}`;
  expect(verdicts(text(false))).toEqual(['free ordered by same-thread proven']);
  expect(verdicts(text(true))).toEqual(['free racy proven']);
});

test('the message and its evidence name what happened and what leads from the one to the other', () => {
  const [judged] = judgeTeardowns(
    sessionOf(`${NODE}
      2667   process  node=7 times=10
      30000  send     main→7 "stop"
      31000  receive  main→7 "stop"
      31001  send     7→main "stopped"
      32000  process  node=7 returned=false
      33000  receive  7→main "stopped"
      33001  declaredDestroyed node=7`),
  );
  expect(judged?.message).toBe(
    'noise #7: the page declared the node destroyed. Ordered: the processor had handled a message after its last use, and an answer to that came before.',
  );
  expect(judged?.evidence.map(({ thread, what }) => `${thread}: ${what}`)).toMatchInlineSnapshot(`
    [
      "audio #1: the last call that used it (frame 1280, order 23–24, returned true)",
      "page: a message was sent → it was handled: AudioContext #1 → page (order 27 → 30)",
      "main: the page declared the node destroyed",
    ]
  `);
});
