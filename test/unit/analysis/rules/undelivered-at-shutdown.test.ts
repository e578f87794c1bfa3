import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import type { ThreadId } from '../../../../src/shared/units.ts';
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

/** The page and a worker share a memory; the worker awaits notifications at its own address. Cells 2 and 3 lie elsewhere. */
const MAIL_BOX = (awaited = 1024) => `
  0    workerCreated   worker=1 name=mixer stack="at make (a.js:1:1)"
  0    memorySeen      memory=1 bytes=65536
  10   passed          end=103 message=1 what=memory local=1
  10   portSent        end=103
  20   @w1 arrived     end=1 message=1 what=memory local=1
  20   @w1 portReceived end=1
  30   cellSeen        cell=1 memory=1 offset=1024
  30   atomic store    cell=1 value=1024
  30   @w1 cellSeen    cell=1 memory=1 offset=1024
  30   @w1 cellSeen    cell=2 memory=1 offset=1028
  40   @w1 atomic readModifyWrite cell=2 value=1
  50   @w1 atomic asyncWaitBegin cell=1 value=${awaited}
`;
const NOTIFY = 'atomic notify cell=1 value=1';
const TERMINATE = 'workerEnded worker=1 how=terminated stack="at stop (a.js:9:1)"';
/** A second worker of that maker, which has the memory too. */
const OTHER = (maker = '') => `
  60   ${maker} workerCreated worker=2 name=other
  60   ${maker} passed end=105 message=1 what=memory local=1
  60   ${maker} portSent end=105
  70   @w2 arrived     end=1 message=1 what=memory local=1
  70   @w2 portReceived end=1
  70   @w2 cellSeen    cell=1 memory=1 offset=1024
`;
const FOUND = (count: number) => [`undelivered-at-shutdown warning proven 0/w0.1 ×${count}`];

describe('undelivered-at-shutdown, of a mail box in shared memory', () => {
  test('fires for notifications before the end of its thread', () => {
    expect(findings(`${MAIL_BOX()} 100 ${NOTIFY}\n 110 ${NOTIFY}\n 200 ${TERMINATE}`)).toEqual(
      FOUND(2),
    );
  });

  test('fires for notifications after it, by whomever', () => {
    expect(
      findings(`${MAIL_BOX()} ${OTHER()}
        200 ${TERMINATE}
        300 ${NOTIFY}
        310 @w2 ${NOTIFY}`),
    ).toEqual(FOUND(2));
  });

  test('fires when the worker closed itself', () => {
    expect(findings(`${MAIL_BOX()} 100 @w1 scopeState state=closing\n 200 ${NOTIFY}`)).toEqual(
      FOUND(1),
    );
  });

  test('fires for what came after the last that the thread did in that memory', () => {
    expect(
      findings(`${MAIL_BOX()}
        100 ${NOTIFY}
        110 @w1 atomic readModifyWrite cell=2 value=0
        200 ${TERMINATE}
        300 ${NOTIFY}`),
    ).toEqual(FOUND(1));
  });

  test('fires for what the thread cannot have found: in other memory, or by looks that saw nothing new', () => {
    expect(
      findings(`${MAIL_BOX()}
        60  @w1 memorySeen memory=2 bytes=64
        60  @w1 cellSeen cell=3 memory=2 offset=0
        100 ${NOTIFY}
        110 @w1 atomic readModifyWrite cell=3 value=0
        120 @w1 atomic loads cell=2 value=1 count=9
        200 ${TERMINATE}`),
    ).toEqual(FOUND(1));
  });

  test('fires whatever else the worker could not say any more', () => {
    expect(
      findings(`${MAIL_BOX()}
        200 ${TERMINATE}
        210 lost thread=101 count=1 why=thread-ended
        300 ${NOTIFY}`),
    ).toEqual(FOUND(1));
  });

  test('is one finding with the messages of the worker', () => {
    expect(
      findings(`${MAIL_BOX()} 100 portSent end=103\n 200 ${TERMINATE}\n 300 ${NOTIFY}`),
    ).toEqual(FOUND(2));
  });

  test('says who notified it, where it lies, and when', () => {
    const [finding] = judge(
      sessionOf(`${MAIL_BOX()}
        100 ${NOTIFY}
        200 ${TERMINATE}
        300 ${NOTIFY}
        310 ${NOTIFY}`),
    );
    expect(finding?.message).toBe(
      'worker mixer #1: its mail box in shared memory (offset 1024 of shared memory #1) was notified by page 3 times, 1 before and 2 after main called terminate(), and the worker did not look into it any more.',
    );
    expect(finding?.evidence.map(({ at, what }) => `${at} ${what}`)).toEqual([
      '50 Atomics.waitAsync() on its own address began',
      '100 the mail box was notified',
      '200 main called terminate()',
      '300 the mail box was notified',
      '310 the mail box was notified',
    ]);
    expect(finding?.stacks).toEqual({ create: ['make (a.js:1:1)'], end: ['stop (a.js:9:1)'] });
  });

  const wasm = (more: string) =>
    findings(`${MAIL_BOX().replace('bytes=', 'kind=wasm bytes=')}
      60  wasmCompiled bytes=500 atomics=some
      ${more}
      200 ${TERMINATE}
      300 ${NOTIFY}`);

  test('fires in a heap of WebAssembly whose atomic instructions are recorded, and only there', () => {
    expect(wasm('60 atomicsCovered bytes=500')).toEqual(FOUND(1));
    expect(wasm('')).toEqual([]);
  });

  test.each([
    ['while its thread lives', `100 ${NOTIFY}`],
    ['when nobody notified it', `200 ${TERMINATE}`],
    [
      'when the notification was heard',
      `100 ${NOTIFY}\n 110 @w1 atomic asyncWaitOk cell=1\n 200 ${TERMINATE}`,
    ],
    [
      'when its thread may have looked into it by itself',
      `100 ${NOTIFY}\n 110 @w1 atomic readModifyWrite cell=2 value=0\n 200 ${TERMINATE}`,
    ],
    [
      'when it may have done so at a cell whose place is not known',
      `100 ${NOTIFY}\n 110 @w1 atomic store cell=3 value=0\n 200 ${TERMINATE}`,
    ],
    ['when its thread notified itself', `100 @w1 ${NOTIFY}\n 200 ${TERMINATE}`],
    [
      'when its thread does not await it any more',
      `100 @w1 atomic asyncWaitTimedOut cell=1 value=1024\n 200 ${TERMINATE}\n 300 ${NOTIFY}`,
    ],
    [
      'when other memory was meant',
      `memorySeen memory=2 bytes=65536\n cellSeen cell=4 memory=2 offset=1024\n 200 ${TERMINATE}\n 300 atomic notify cell=4`,
    ],
    [
      'when another thread awaits that address by then',
      `${OTHER()} 200 ${TERMINATE}\n 210 @w2 atomic asyncWaitBegin cell=1 value=1024\n 300 ${NOTIFY}`,
    ],
    [
      'when something else lies there by then',
      `200 ${TERMINATE}\n 210 atomic store cell=1 value=1\n 300 ${NOTIFY}`,
    ],
    [
      'when a worker of its own notified it',
      `${OTHER('@w1')} 100 @w2 ${NOTIFY}\n 200 ${TERMINATE}`,
    ],
    ['when the page goes away', `100 ${NOTIFY}\n 200 ${TERMINATE}\n 300 page event=ended`],
    [
      'where records were lost',
      `200 ${TERMINATE}\n 210 lost thread=101 count=1 why=ring-full\n 300 ${NOTIFY}`,
    ],
    [
      'where the recording paused',
      `200 ${TERMINATE}\n 300 ${NOTIFY}\n 310 lost thread=0 count=1 why=paused`,
    ],
  ])('is silent %s', (_, lines) => {
    expect(findings(`${MAIL_BOX()} ${lines}`)).toEqual([]);
  });

  test('is silent where more operations were recorded than are kept', () => {
    const session = sessionOf(`${MAIL_BOX()} 200 ${TERMINATE}\n 300 ${NOTIFY}`);
    session.documents[0]?.atomics.lost(101 as ThreadId, 1000);
    expect(judge(session)).toEqual([]);
  });

  test('is silent about a semaphore or a ring whose reader has ended', () => {
    const ring = (awaited: number) =>
      findings(`${MAIL_BOX(awaited)} 200 ${TERMINATE}\n 300 ${NOTIFY}`);
    expect(ring(0)).toEqual([]);
    expect(ring(1020)).toEqual([]);
    const first = MAIL_BOX(0).replaceAll('offset=1024', 'offset=0');
    expect(findings(`${first} 200 ${TERMINATE}\n 300 ${NOTIFY}`)).toEqual([]);
  });

  test('is silent where the page is not isolated', () => {
    const text = `${MAIL_BOX()} 200 ${TERMINATE}\n 300 ${NOTIFY}`;
    expect(findings(text, { isolated: false })).toEqual([]);
  });
});
