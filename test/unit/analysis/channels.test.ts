import { describe, expect, test } from 'vitest';
import { handledAfter } from '../../../src/analysis/handled-after.ts';
import { judge } from '../../../src/analysis/judge.ts';
import type { ChannelFacts, DocumentFacts } from '../../../src/analysis/model.ts';
import { sessionOf, type TextOptions } from '../../support/text-records.ts';

function documentOf(text: string, options?: TextOptions): DocumentFacts {
  const [document] = sessionOf(text, options).documents;
  if (document === undefined) throw new Error('no document');
  expect(sessionOf(text, options).totals.dropped).toBe(0);
  return document;
}

/** `message 0@3→101@5`: kind, releasing thread and tick, acquiring thread and tick. */
function edgesOf({ edges, threads }: DocumentFacts): readonly string[] {
  const out: string[] = [];
  for (const thread of threads.keys()) {
    for (const column of edges.into(thread)) {
      for (let i = 0; i < column.size; i++) {
        const edge = column.edgeAt(i);
        if (edge === undefined) continue;
        const { kind, from, to } = edge;
        out.push(`${kind} ${from.thread}@${from.tick}→${to.thread}@${to.tick}`);
      }
    }
  }
  return out.sort();
}

function isPending(document: DocumentFacts, thread: number): boolean {
  return document.edges.isPending(thread as never, Number.MAX_SAFE_INTEGER);
}

/** `0→1 #0 0@3→101@5 "text"`: side to side, index, where it was sent and received. */
function messagesOf(channel: ChannelFacts | undefined): readonly string[] {
  return [...(channel?.messages ?? [])].map(({ side, index, sent, received, preview }) => {
    const from = sent === undefined ? '?' : `${sent.thread}@${sent.tick}`;
    const to = received === undefined ? '?' : `${received.thread}@${received.tick}`;
    return `${side}→ #${index} ${from}→${to} ${preview}`.trim();
  });
}

function channelOf(document: DocumentFacts, key: string): ChannelFacts | undefined {
  return [...document.channels].find((each) => each.key === key);
}

describe('a worker', () => {
  const TEXT = `
    0    workerCreated worker=1 name=job seq=10
    50   @w1 scopeState state=started url="https://example.test/w.js" seq=20
    60   portSent end=103 preview="go" seq=30
    70   @w1 portReceived end=1 preview="go" seq=40
    80   @w1 portSent end=1 slot seq=50
    90   portReceived end=103 slot seq=60
    95   portSent end=103 slot seq=70
    100  workerEnded worker=1 how=terminated stack="at stop" seq=80
  `;

  test('is a thread with a channel to the page', () => {
    const document = documentOf(TEXT);
    const worker = document.workers.get('0/w0.1');
    expect(worker?.thread?.id).toBe(101);
    expect(worker?.thread?.worker).toBe(worker);
    expect(worker?.scope.started?.at).toBe(50);
    expect(worker?.scopeUrl).toBe('https://example.test/w.js');
    expect(worker?.ended).toMatchObject({ how: 'terminated', at: 100, stack: 'at stop' });
    expect(messagesOf(worker?.channel)).toEqual([
      '0→ #0 0@30→101@40 go',
      '0→ #1 0@70→?',
      '1→ #0 101@50→0@60',
    ]);
    expect(document.suspects.map(({ key }) => key)).toEqual(['0/w0.1']);
  });

  test('starts after it was created, and hears after the page spoke', () => {
    expect(edgesOf(documentOf(TEXT))).toEqual([
      'message 0@30→101@40',
      'message 101@50→0@60',
      'worker-start 0@10→101@20',
    ]);
  });

  test('of a worker is named by its parent’s count', () => {
    const document = documentOf(`
      0   workerCreated worker=1
      10  @w1 workerCreated worker=1 end=3 entered=limit
      20  @w1 portSent end=3 preview="x"
    `);
    expect([...document.workers.keys()].sort()).toEqual(['0/w0.1', '0/w101.1']);
    expect(document.workers.get('0/w101.1')?.thread).toBeUndefined();
  });

  test('without isolation is ordered by messages all the same', () => {
    const document = documentOf(TEXT, { isolated: false });
    expect(edgesOf(document)).toHaveLength(3);
    expect(document.workers.get('0/w0.1')?.created).toMatchObject({ seq: 0, tick: 10 });
  });
});

describe('a port', () => {
  test('keeps its count when it moves to another thread', () => {
    const document = documentOf(`
      0    workerCreated worker=1 seq=10
      10   channelCreated first=1 second=3 seq=20
      20   portSent end=1 preview="early" seq=21
      30   passed end=103 what=port local=3 seq=30
      30   portSent end=103 preview="take it" seq=31
      40   @w1 arrived end=1 what=port local=3 seq=40
      40   @w1 portReceived end=1 seq=41
      50   @w1 portReceived end=3 preview="early" seq=50
      60   @w1 portSent end=3 preview="answer" seq=60
      70   portReceived end=1 preview="answer" seq=70
    `);
    expect(messagesOf(channelOf(document, '0/p0.1'))).toEqual([
      '0→ #0 0@21→101@50 early',
      '1→ #0 101@60→0@70 answer',
    ]);
    expect(channelOf(document, '0/p0.1')?.sides.map(({ ends }) => ends.map((e) => e.key))).toEqual([
      ['0/e0.1'],
      ['0/e0.3', '0/e101.3'],
    ]);
    expect(isPending(document, 101)).toBe(false);
  });

  test('goes on counting where it had sent and received before it moved', () => {
    const document = documentOf(`
      0    workerCreated worker=1 seq=10
      10   channelCreated first=1 second=3 seq=20
      20   portSent end=3 preview="a" seq=21
      21   portReceived end=1 preview="a" seq=22
      22   portSent end=1 preview="b" seq=23
      23   portReceived end=3 preview="b" seq=24
      30   passed end=103 what=port local=3 seq=30
      30   portSent end=103 seq=31
      40   @w1 arrived end=1 what=port local=3 seq=40
      40   @w1 portReceived end=1 seq=41
      60   @w1 portSent end=3 preview="c" seq=60
      70   portReceived end=1 preview="c" seq=70
    `);
    expect(messagesOf(channelOf(document, '0/p0.1'))).toEqual([
      '0→ #0 0@23→0@24 b',
      '1→ #0 0@21→0@22 a',
      '1→ #1 101@60→0@70 c',
    ]);
  });

  test('is paired again when a record of before its move comes late', () => {
    const document = documentOf(`
      0    workerCreated worker=1 seq=10
      10   channelCreated first=1 second=3 seq=20
      30   passed end=103 what=port local=3 seq=30
      30   portSent end=103 seq=31
      40   @w1 arrived end=1 what=port local=3 seq=40
      40   @w1 portReceived end=1 seq=41
      60   @w1 portSent end=3 preview="second" seq=60
      50   portReceived end=1 index=0 seq=28
      70   portReceived end=1 index=1 seq=70
      20   portSent end=3 index=0 slot seq=21
    `);
    expect(messagesOf(channelOf(document, '0/p0.1'))).toEqual([
      '1→ #0 0@21→0@28',
      '1→ #1 101@60→0@70 second',
    ]);
    expect(edgesOf(document)).toEqual(['message 0@31→101@41', 'message 101@60→0@70']);
  });

  test('of a worklet node that a worker was given talks to the processor', () => {
    const document = documentOf(`
      0    workerCreated worker=1 seq=10
      10   nodeCreated node=7 seq=20
      30   passed end=103 what=port local=14 seq=30
      30   portSent end=103 seq=31
      40   @w1 arrived end=1 what=port local=3 seq=40
      40   @w1 portReceived end=1 seq=41
      60   @w1 portSent end=3 preview="level" seq=60
      70   @audio messageReceived node=1 from=node index=0 seq=70
    `);
    const node = document.nodes.get(7 as never);
    expect(messagesOf(node?.channel)).toEqual(['0→ #0 101@60→1@70 level']);
    expect(edgesOf(document)).toContain('message 101@60→1@70');
  });

  test('whose other end is unknown leaves open what it orders', () => {
    const document = documentOf('0 portReceived end=5 preview="hello"');
    expect(isPending(document, 0)).toBe(true);
    expect(messagesOf([...document.channels][0])).toHaveLength(1);
  });

  test('closes after the last that its other end did', () => {
    const document = documentOf(`
      0    workerCreated worker=1 seq=10
      10   channelCreated first=1 second=3 seq=20
      30   passed end=103 what=port local=3 seq=30
      30   portSent end=103 seq=31
      40   @w1 arrived end=1 what=port local=3 seq=40
      40   @w1 portReceived end=1 seq=41
      60   @w1 portSent end=3 seq=60
      60   @w1 endState end=3 state=closed seq=61
      70   endState end=1 state=close-event seq=70
    `);
    expect(edgesOf(document)).toContain('port-close 101@61→0@70');
  });
});

describe('memory', () => {
  test('that messages carry is one block in all threads', () => {
    const document = documentOf(`
      0    workerCreated worker=1
      10   nodeCreated node=7
      10   memorySeen memory=1 kind=shared bytes=64 stack="at make"
      20   passed end=103 what=memory local=1
      20   portSent end=103
      20   @w1 arrived end=1 what=memory local=4
      20   @w1 portReceived end=1
      30   passed end=14 message=0 what=memory local=1
      40   @audio arrived end=2 message=0 what=memory local=9
      50   @audio memorySeen memory=9 kind=wasm bytes=128
      60   memorySeen memory=2 kind=shared bytes=8
    `);
    expect(
      [...document.memories].map(({ key, kind, bytes, locals, nodes, stack }) => ({
        key,
        kind,
        bytes,
        locals: locals.map(({ thread, memory }) => `${thread}.${memory}`),
        nodes: nodes.map(({ id }) => id),
        stack,
      })),
    ).toEqual([
      {
        key: '0/m0.1',
        kind: 'wasm',
        bytes: 128,
        locals: ['0.1', '1.9', '101.4'],
        nodes: [7],
        stack: 'at make',
      },
      { key: '0/m0.2', kind: 'shared', bytes: 8, locals: ['0.2'], nodes: [], stack: '' },
    ]);
    expect(document.memories.find(101 as never, 4 as never)?.key).toBe('0/m0.1');
  });

  test('and the cells in it belong to the thread that names them', () => {
    const document = documentOf(`
      0   memorySeen memory=1 bytes=64
      10  cellSeen cell=1 memory=1 offset=8
      20  atomic store cell=1 value=5 seq=10..11
      30  @audio atomic load cell=1 value=5 seq=12..13
    `);
    const columns = [...document.atomics.allColumns()];
    expect(columns.map(({ place, length }) => [place.thread, place.offset, length])).toEqual([
      [0, 8, 1],
      [1, 0, 1],
    ]);
    expect(columns[0]?.at(0)).toMatchObject({ before: 10, after: 11, written: 5, count: 1 });
  });
});

describe('a broadcast', () => {
  const OPEN = `
    0  workerCreated worker=1
    0  workerCreated worker=2
    1  broadcastOpened end=1 name=news
    1  @w1 broadcastOpened end=3 name=news
    1  @w2 broadcastOpened end=3 name=news
  `;

  test('of one sender is heard in its order, by all others', () => {
    const document = documentOf(`${OPEN}
      10  portSent end=1 hash=5 preview="a" seq=100
      11  portSent end=1 hash=5 preview="a" seq=101
      20  @w1 portReceived end=3 hash=5 seq=110
      21  @w1 portReceived end=3 hash=5 seq=111
      22  @w2 portReceived end=3 hash=5 seq=112
    `);
    expect(edgesOf(document)).toEqual([
      'message 0@100→101@110',
      'message 0@100→102@112',
      'message 0@101→101@111',
    ]);
    expect([...(channelOf(document, '0/bnews')?.messages ?? [])]).toHaveLength(3);
  });

  test('of several is told apart by what was said, or left open', () => {
    const document = documentOf(`${OPEN}
      10  portSent end=1 hash=5 seq=100
      11  @w1 portSent end=3 hash=6 seq=101
      12  portSent end=1 hash=7 seq=102
      13  @w1 portSent end=3 hash=7 seq=103
      20  @w2 portReceived end=3 hash=6 seq=110
      21  @w2 portReceived end=3 hash=5 seq=111
      22  @w2 portReceived end=3 hash=7 seq=112
    `);
    expect(edgesOf(document)).toEqual(['message 0@100→102@111', 'message 101@101→102@110']);
    expect(isPending(document, 102)).toBe(true);
  });

  test('takes back what another sender makes doubtful', () => {
    const document = documentOf(`${OPEN}
      10  portSent end=1 hash=5 seq=100
      20  @w2 portReceived end=3 hash=5 seq=110
      21  @w1 portSent end=3 hash=5 seq=101
    `);
    expect(edgesOf(document)).toEqual([]);
    expect(isPending(document, 102)).toBe(true);
  });
});

describe('a processor whose node was destroyed', () => {
  const TEXT = `
    0       nodeCreated        node=7
    20      process            node=7 times=20
    60000   send               main→7 "a"
    61000   receive            main→7 "a"
    70000   declaredDestroyed  node=7
    71000   send               main→7 "b"
    400000  receive            main→7 "b"
    410000  send               main→7 "c"
    420000  receive            main→7 "c"
  `;

  test.each([true, false])('may handle messages after that (isolated: %s)', (isolated) => {
    const node = documentOf(TEXT, { isolated }).nodes.get(7 as never);
    const farewell = node?.farewells[0];
    if (node === undefined || farewell === undefined) throw new Error('no node');
    const handled = handledAfter(node, farewell);
    expect([handled?.count, handled?.first.index, handled?.last.index]).toEqual([2, 1, 2]);
    expect(handledAfter(node, node.created)?.count).toBe(isolated ? 3 : 2);
  });

  test('is told so where it was used too', () => {
    const found = judge(sessionOf(`${TEXT} 500000 process node=7 times=3`));
    expect(found.flatMap(({ evidence }) => evidence.map(({ what }) => what))).toContain(
      'its processor handled a message after that, the first of 2: b',
    );
  });
});

describe('a context', () => {
  const NODE = '0 nodeCreated node=7 seq=10\n 0 @audio processorConstructed ordinal=0 seq=20';

  test('has done its calls when a suspension, or its end, is known', () => {
    const document = documentOf(`${NODE}
      1000  process node=7 seq=31..33
      2000  contextCall context=1 call=1 method=suspend seq=40
      2700  process node=7 seq=41..43
      3000  contextSettled context=1 call=1 method=suspend seq=50
      4000  contextCall context=1 call=2 method=resume seq=60
      5000  process node=7 seq=61..63
      6000  contextCall context=1 call=3 method=close seq=70
      6500  process node=7 seq=71..73
      7000  contextSettled context=1 call=3 method=close seq=80
    `);
    expect(edgesOf(document)).toEqual([
      'construction 0@10→1@20',
      'resumption 0@60→1@61',
      'standstill 1@43→0@50',
      'standstill 1@73→0@80',
    ]);
  });

  test('orders no calls by a resumption that no complete suspension came before', () => {
    const document = documentOf(`${NODE}
      1000  process node=7 seq=31..33
      2000  contextCall context=1 call=1 method=suspend seq=40
      2100  contextCall context=1 call=2 method=resume seq=42
      2700  process node=7 seq=45..47
      3000  contextSettled context=1 call=1 method=suspend seq=50
    `);
    expect(edgesOf(document)).toEqual(['construction 0@10→1@20', 'standstill 1@33→0@50']);
  });

  test('without a counter stands still until the page lets it run', () => {
    const document = documentOf(
      `${NODE}
      1000   process node=7 seq=31..33
      20000  contextCall context=1 call=1 method=suspend seq=40
      25000  contextSettled context=1 call=1 method=suspend seq=50
      40000  contextCall context=1 call=2 method=resume seq=60 frame=1280
      60000  process node=7 seq=61..63 frame=1280
      61000  process node=7 seq=65..67 frame=1792
    `,
      { isolated: false },
    );
    expect(edgesOf(document)).toEqual([
      'construction 0@10→1@20',
      'resumption 0@60→1@65',
      'standstill 1@33→0@50',
    ]);
  });

  test('evaluates a module before addModule() resolves', () => {
    const document = documentOf(`
      0   moduleRequested context=1 module=1 seq=10
      5   @audio processorRegistered name=a seq=12
      6   @audio processorRegistered name=b seq=14
      10  moduleSettled module=1 seq=20
    `);
    expect(edgesOf(document)).toEqual(['module 0@10→1@12', 'module 1@14→0@20']);
  });

  test('throws before its node hears of it', () => {
    const document = documentOf(`${NODE}
      100  @audio processorFailed ordinal=0 reason=boom seq=30
      200  processorErrorEvent node=7 reason=boom seq=40
    `);
    expect(edgesOf(document)).toContain('processor-error 1@30→0@40');
  });
});
