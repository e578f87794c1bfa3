import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const WORKER = `
  0    workerCreated  worker=1 name=job
  10   @w1 scopeState state=started
`;

/** The first call is handled, and frees its block; the others are not. */
const PAYLOADS = `${WORKER}
  20   memorySeen     memory=1 kind=wasm
  30   passed         end=103 message=1 what=memory local=1
  40   heapAllocated  block=1 memory=1 offset=64 length=40
  40   heapAllocated  block=2 memory=1 offset=128 length=40 by=malloc stack="at post (a.js:3:1)"
  40   heapAllocated  block=3 memory=1 offset=192 length=40 by=malloc
  100  payloadIn      end=103 message=1 block=1
  100  portSent       end=103
  110  @w1 arrived    end=1 message=1 what=memory local=1
  110  @w1 portReceived end=1
  111  @w1 heapFreed  memory=1 offset=64
  200  portSent       end=103
  200  payloadIn      end=103 message=2 block=2
  210  payloadIn      end=103 message=3 block=3
  210  portSent       end=103
  400  workerEnded    worker=1 how=terminated
`;

const PORT_TO_NODE = `
  0    nodeCreated  node=7
  10   @audio processorConstructed ordinal=0
  15   @audio endState end=2 state=listened
  15   @audio endState end=2 state=started
  20   process      node=7 times=20
  60   workerCreated worker=1
  70   passed end=103 what=port local=14
  70   portSent end=103
  80   @w1 arrived end=1 what=port local=3
  80   @w1 portReceived end=1
`;

const CLOSE = `
  900000  contextCall     context=1 call=1 method=close stack="at close"
  910000  contextSettled  context=1 call=1 method=close
`;

describe('undelivered-at-shutdown', () => {
  test('fires for what a worker had not handled when it was terminated', () => {
    expect(
      findings(`${WORKER}
        100  portSent end=103 preview="a"
        200  @w1 portReceived end=1 preview="a"
        300  portSent end=103 preview="b"
        310  portSent end=103 preview="c"
        400  workerEnded worker=1 how=terminated
      `),
    ).toEqual(['undelivered-at-shutdown warning proven 0/w0.1 ×2']);
  });

  test('is likely where memory cannot be shared with the worker', () => {
    expect(
      findings(
        `${WORKER} 300 portSent end=103 preview="b"\n 400 workerEnded worker=1 how=terminated`,
        { isolated: false },
      ),
    ).toEqual(['undelivered-at-shutdown warning likely 0/w0.1 ×1']);
  });

  test('fires when the worker closed itself, isolated or not', () => {
    const text = `${WORKER}
        300  portSent end=103 preview="b"
        400  @w1 scopeState state=closing
        500  portSent end=103 preview="c"
      `;
    expect(findings(text)).toEqual(['undelivered-at-shutdown warning proven 0/w0.1 ×2']);
    expect(findings(text, { isolated: false })).toEqual([
      'undelivered-at-shutdown warning likely 0/w0.1 ×2',
    ]);
  });

  test('fires for a worker whose script never loaded', () => {
    expect(
      findings(`
        0    workerCreated worker=1
        10   portSent end=103 preview="go"
        90   workerEnded worker=1 how=not-loaded
      `),
    ).toEqual(['undelivered-at-shutdown warning proven 0/w0.1 ×1']);
  });

  test('fires for a worker’s message to a processor whose context the page closed', () => {
    expect(
      findings(`${PORT_TO_NODE} 890000 @w1 portSent end=3 preview="notes"\n ${CLOSE}`),
    ).toEqual(['undelivered-at-shutdown warning proven 0/n7 ×1']);
  });

  test('names requests that never got an answer', () => {
    const [finding] = judge(
      sessionOf(`${WORKER}
        100  portSent end=103 preview="{id: 1}"
        200  @w1 portReceived end=1
        210  @w1 portSent end=1 preview="{id: 1, ok: true}"
        220  portReceived end=103
        300  portSent end=103 preview="{id: 2}"
        400  workerEnded worker=1 how=terminated stack="at stop"
      `),
    );
    expect(finding?.message).toBe(
      'worker job #1: 1 message ({id: 2}) had not been handled when main called terminate(). 1 request of this side never got an answer ({id: 2}).',
    );
    expect(Object.keys(finding?.stacks ?? {})).toEqual(['end']);
  });

  test('names the blocks that went along and were not freed, with the stack of an allocation', () => {
    const [finding] = judge(sessionOf(PAYLOADS));
    expect(finding?.message).toBe(
      'worker job #1: 2 messages had not been handled when main called terminate(). 2 blocks (80 bytes) that went along have not been freed: malloc #2, malloc #3.',
    );
    expect(finding?.certainty).toBe('proven');
    expect(finding?.evidence.slice(0, 2).map(({ what }) => what)).toEqual([
      'malloc #2: the block was allocated',
      'malloc #3: the block was allocated',
    ]);
    expect(finding?.stacks['allocate']).toEqual(['post (a.js:3:1)']);
  });

  test.each([
    ['somebody has freed', '500 blockFreed block=2 memory=1 offset=128', '1 block (40 bytes)'],
    [
      'another thread has freed',
      '500 @w1 heapFreed memory=1 offset=192',
      '1 block (40 bytes) that went along has not been freed: malloc #2.',
    ],
    [
      'a message that was handled took along too',
      '500 payloadIn end=103 message=1 block=2',
      '1 block (40 bytes)',
    ],
    [
      'a node has for its user data',
      '500 nodeCreated node=1 emscripten=node userData=128\n500 userDataIn node=1 block=2',
      '1 block (40 bytes)',
    ],
  ])('does not count blocks that %s', (_, line, expected) => {
    const [finding] = judge(sessionOf(`${PAYLOADS}${line}`));
    expect(finding?.message).toContain(expected);
  });

  test('is silent about a farewell before the sender itself closes the context', () => {
    const stop = (at: number) => `${PORT_TO_NODE} ${at} send main→7 "stop"\n ${CLOSE}`;
    expect(
      findings(`
        0    nodeCreated  node=7
        15   @audio endState end=2 state=started
        20   process      node=7 times=20
        890000  send         main→7 "stop"
        890010  disconnected source=7
        890020  portClosed   node=7
        ${CLOSE}
      `),
    ).toEqual([]);
    expect(stop(0)).toContain('send');
  });

  test('fires whatever else a worker could not say any more that shares memory with the page', () => {
    expect(
      findings(`${WORKER}
        300 portSent end=103 preview="b"
        400 workerEnded worker=1 how=terminated
        410 lost thread=101 count=1 why=thread-ended
      `),
    ).toEqual(['undelivered-at-shutdown warning proven 0/w0.1 ×1']);
  });

  test('is silent about what goes home, what a page leaves behind, and what may be missing', () => {
    const sent = `${WORKER} 300 portSent end=103 preview="b"\n`;
    expect(
      findings(`${WORKER}
        300  @w1 portSent end=1 preview="b"
        400  workerEnded worker=1 how=terminated
      `),
    ).toEqual([]);
    expect(
      findings(`${sent} 400 workerEnded worker=1 how=terminated\n 500 page event=ended`),
    ).toEqual([]);
    expect(
      findings(`${sent} 350 portReceived end=103\n 400 workerEnded worker=1 how=terminated`, {
        isolated: false,
      }),
    ).toEqual([]);
    const lost = '410 lost thread=101 count=1';
    const cut = `${sent} 400 workerEnded worker=1 how=terminated\n ${lost}`;
    expect(findings(`${cut} why=ring-full`)).toEqual([]);
    expect(findings(`${cut} why=thread-ended`, { isolated: false })).toEqual([]);
    expect(
      findings(`${sent} 400 @w1 portReceived end=1\n 500 @w1 scopeState state=closing`),
    ).toEqual([]);
    expect(
      findings(`
        0    workerCreated worker=1 entered=forbidden
        10   portSent end=103 preview="go"
        90   workerEnded worker=1 how=terminated
      `),
    ).toEqual([]);
  });

  test('is silent about a context that was closed while nobody listened', () => {
    expect(
      findings(`
        0       nodeCreated  node=7
        20      process      node=7 times=20
        100000  send         main→7 "hello"
        ${CLOSE}
      `),
    ).toEqual([]);
  });
});
