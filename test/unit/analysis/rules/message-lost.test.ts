import { describe, expect, test } from 'vitest';
import { judge } from '../../../../src/analysis/judge.ts';
import { findings, sessionOf } from '../../../support/text-records.ts';

const NODE = `
  0     nodeCreated  node=7
  10    @audio processorConstructed ordinal=0
  20    process      node=7 times=20
`;

const CHANNEL = `
  0   workerCreated worker=1
  0   channelCreated first=1 second=3
  5   passed end=103 what=port local=3
  5   portSent end=103
  9   @w1 arrived end=1 what=port local=3
  9   @w1 portReceived end=1
`;

describe('message-lost', () => {
  test('fires when a thread posts to a port that it has closed itself', () => {
    expect(
      findings(`${NODE}
        60000  portClosed  node=7
        60010  send        main→7 "gain"
        60020  send        main→7 "pan"
        70000  process     node=7 times=10
      `),
    ).toEqual(['message-lost error proven 0/n7 ×2']);
  });

  test('fires when a worker is posted to after terminate(), and names what and where', () => {
    const [finding] = judge(
      sessionOf(`
        0    workerCreated  worker=1 name=mixer stack="at make (a.js:1:1)"
        10   @w1 scopeState state=started
        20   workerEnded    worker=1 how=terminated stack="at stop (a.js:2:2)"
        30   portSent       end=103 preview="{cmd: \\"save\\"}" stack="at save (a.js:3:3)"
      `),
    );
    expect(finding?.message).toMatch(
      /^worker mixer #1: 1 message .* was posted to a worker after it was terminated\.$/,
    );
    expect(finding?.stacks).toEqual({
      create: ['make (a.js:1:1)'],
      post: ['save (a.js:3:3)'],
      terminate: ['stop (a.js:2:2)'],
    });
    expect(finding?.evidence.map(({ what }) => what)[0]).toBe('terminate() was called');
  });

  test('names the blocks that went along and were not freed', () => {
    const [finding] = judge(
      sessionOf(`
        0    workerCreated  worker=1 name=mixer
        10   @w1 scopeState state=started
        20   workerEnded    worker=1 how=terminated
        25   heapAllocated  block=1 memory=1 offset=64 length=40 by=malloc stack="at post (a.js:3:1)"
        25   heapFound      block=2 memory=1 offset=128
        30   payloadIn      end=103 message=1 block=1
        30   payloadIn      end=103 message=1 block=2
        30   portSent       end=103
      `),
    );
    expect(finding?.message).toBe(
      'worker mixer #1: 1 message was posted to a worker after it was terminated. 2 blocks (40 bytes) that went along have not been freed: malloc #1, heap block #2.',
    );
    expect(finding?.stacks['allocate']).toEqual(['post (a.js:3:1)']);
  });

  test('fires when a node is posted to after its context was closed', () => {
    expect(
      findings(`${NODE}
        60000  contextCall     context=1 call=1 method=close
        61000  contextSettled  context=1 call=1 method=close
        62000  send            main→7 "late"
      `),
    ).toEqual(['message-lost error proven 0/n7 ×1']);
  });

  test('fires for a worker’s message to a port that the page has closed, likely without a counter', () => {
    const text = `${CHANNEL}
        100      @w1 portReceived end=3 index=0
        90       portSent end=1 preview="hello"
        1000     @w1 endState end=3 state=closed stack="at c"
        800000   portSent end=1 preview="x"
      `;
    expect(findings(text)).toEqual(['message-lost error proven 0/p0.1 ×1']);
    expect(findings(text, { isolated: false })).toEqual(['message-lost error likely 0/p0.1 ×1']);
  });

  test('fires for a port that has a listener and was not started for a second', () => {
    const text = `${NODE}
        30       @audio endState end=2 state=listened
        60000    send        main→7 "destroy"
      `;
    expect(findings(`${text} 1059000 mark text=x`)).toEqual([]);
    expect(findings(`${text} 1061000 mark text=x`)).toEqual(['message-lost error proven 0/n7 ×1']);
    expect(findings(`${text} 70000 @audio endState end=2 state=started\n 1061000 mark`)).toEqual(
      [],
    );
  });

  test('fires for a processor’s messages to a page that never started its port', () => {
    expect(
      findings(`${NODE}
        30       endState end=14 state=listened
        60000    send        7→main "level"
        61000    send        7→main "level"
        2000000  mark text=x
      `),
    ).toEqual(['message-lost error proven 0/n7 ×2']);
  });

  test('fires for what could not be read', () => {
    expect(
      findings(`
        0    workerCreated worker=1
        10   portSent end=103 preview="module"
        20   @w1 portReceived end=1 failed=true
      `),
    ).toEqual(['message-lost error proven 0/w0.1 ×1']);
  });

  test('counts thousands by looking at a few', () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `${60_010 + i} send main→7 "x"`);
    expect(findings(`${NODE} 60000 portClosed node=7\n ${lines.join('\n')}`)).toEqual([
      'message-lost error proven 0/n7 ×3000',
    ]);
  });

  test('is silent about meters that post home and are cut off', () => {
    expect(
      findings(`${NODE}
        30     endState    end=14 state=listened
        31     endState    end=14 state=started
        60000  portClosed  node=7
        61000  process     node=7 times=100 sends=1
      `),
    ).toEqual(['postmessage-in-process info proven 0/n7 ×100']);
    expect(
      findings(`${CHANNEL}
        100   endState end=1 state=closed
        200   @w1 portSent end=3 preview="level"
        300   @w1 portSent end=1 preview="home"
        400   workerEnded worker=1 how=terminated
      `),
    ).toEqual([]);
  });

  test('is silent about a farewell to a processor that has closed its port already', () => {
    expect(
      findings(`${NODE}
        60000  @audio portClosed node=1 by=processor
        70000  send         main→7 "stop"
        70010  disconnected source=7
        70020  portClosed   node=7
      `),
    ).toEqual([]);
    expect(
      findings(`${NODE}
        60000  @audio portClosed node=1 by=processor
        70000  send         main→7 "gain"
      `),
    ).toEqual(['message-lost error proven 0/n7 ×1']);
  });

  test('is silent about ports without a listener, and about messages that may have been handled unseen', () => {
    expect(findings(`${NODE} 60000 send main→7 "x"\n 3000000 mark text=x`)).toEqual([]);
    expect(
      findings(`${CHANNEL}
        1000     @w1 endState end=3 state=closed
        2000     portSent end=1 preview="x"
        3000     lost thread=101 count=5 why=ring-full
      `),
    ).toEqual([]);
    expect(
      findings(`
        0    channelCreated first=1 second=3
        1    endState end=3 state=listened
        2    portSent end=1 preview="x"
        3    passed end=103 what=port local=3
        5000000  mark text=x
      `),
    ).toEqual([]);
  });
});
