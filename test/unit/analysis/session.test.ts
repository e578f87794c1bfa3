import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/analysis/judge.ts';
import { Session } from '../../../src/analysis/session.ts';
import type { SessionInput } from '../../../src/analysis/session-input.ts';
import { factsText } from '../../support/facts-text.ts';
import { cut, randomRecording } from '../../support/random-recording.ts';
import { Seeded } from '../../support/seeded.ts';
import { seeds } from '../../support/seeds.ts';
import { SlotWriter } from '../../support/slot-writer.ts';
import { findings, sessionOf, sessionOfInputs, textInputs } from '../../support/text-records.ts';

const SEEDS = seeds(12);

describe('facts do not depend on how the stream was cut or threads interleaved', () => {
  test.each(SEEDS)('seed %i', (seed) => {
    const recording = randomRecording(seed);
    const first = sessionOfInputs(cut(recording, 0));
    const facts = factsText(first);
    const found = JSON.stringify(judge(first));
    for (let order = 1; order <= 3; order++) {
      const other = sessionOfInputs(cut(recording, order));
      expect(factsText(other)).toBe(facts);
      expect(JSON.stringify(judge(other))).toBe(found);
    }
  });
});

test('the random recordings hold what the property is about', () => {
  const rules = new Set<string>();
  let calls = 0;
  for (const seed of SEEDS) {
    const session = sessionOfInputs(cut(randomRecording(seed), 1));
    calls += session.totals.calls;
    for (const { rule } of judge(session)) rules.add(rule);
  }
  expect(calls).toBeGreaterThan(10_000);
  expect(rules.has('rule-fault')).toBe(false);
  expect([...rules].sort()).toEqual(
    expect.arrayContaining([
      'double-destroy',
      'never-processed',
      'orphaned-processor',
      'process-after-destroy',
      'processor-error',
      'teardown-while-suspended',
    ]),
  );
});

test.each([1, 2, 3, 4, 5])(
  'judging as records come ends where judging once ends (seed %i)',
  (seed) => {
    const inputs = cut(randomRecording(seed), seed);
    const live = new Session();
    let last = judge(live);
    for (const input of inputs) {
      live.ingest(input);
      last = judge(live);
    }
    expect(last).toEqual(judge(sessionOfInputs(inputs)));
  },
);

describe('a session', () => {
  const TEXT = `
    0      nodeCreated        node=7
    2667   process            node=7 times=10
    30000  declaredDestroyed  node=7
    32000  process            node=7 times=3
  `;

  test('ignores chunks that it has seen and a second hello', () => {
    const inputs = textInputs(TEXT);
    const session = sessionOfInputs([...inputs, ...inputs]);
    expect(factsText(session)).toBe(factsText(sessionOfInputs(inputs)));
    expect(session.totals).toMatchObject({ calls: 13, lost: 0, dropped: 0 });
  });

  test('refuses a chunk it cannot read, says so, and reads on', () => {
    const inputs = textInputs(TEXT);
    const session = new Session();
    for (const input of inputs) {
      if (input.kind !== 'chunk') session.ingest(input);
      else if (input.chunk.number === 2) {
        const bad = { ...input.chunk, bytes: input.chunk.bytes.slice(1) };
        expect(session.ingest({ ...input, chunk: bad }).ok).toBe(false);
      } else expect(session.ingest(input).ok).toBe(true);
    }
    expect(session.totals.calls).toBe(3);
    expect(session.coverage).toEqual(['a chunk could not be read: not a whole number of slots']);
  });

  test('says which chunks are missing', () => {
    const inputs = textInputs(TEXT).filter(
      (input) => input.kind !== 'chunk' || input.chunk.number !== 2,
    );
    const session = sessionOfInputs(inputs);
    expect(session.coverage).toEqual(['1 chunks before number 3 are missing']);
    expect(session.documents[0]?.incomplete).toBe(true);
  });

  test('drops and counts what names something that nobody made', () => {
    const session = sessionOf(`
      0  contextCreated        context=1
      0  contextState          context=2 state=running
      0  nodeCreated           node=7 context=9 ordinal=0
      0  disconnected          source=7
      0  nodeCollected         node=7
      0  portClosed            node=7
      0  processorConstructed  ordinal=3 by-thread=0
      0  blockFreed            block=4
      0  moduleSettled         module=4
      0  contextCreated        context=1
    `);
    expect(session.totals.dropped).toBe(9);
    expect(session.coverage).toEqual([
      '9 records were dropped: they name something that nobody made, or are more than is kept',
    ]);
  });

  test('refuses what belongs to no document', () => {
    const [, chunk] = textInputs(TEXT);
    expect(new Session().ingest(chunk as SessionInput)).toEqual({
      ok: false,
      error: 'chunk of a document that never said hello',
    });
  });

  test('survives seeded noise at every door', () => {
    const random = new Seeded(11);
    const session = new Session();
    const [hello] = textInputs('');
    session.ingest(hello as SessionInput);
    for (let number = 1; number <= 400; number++) {
      const bytes = new Uint8Array(random.below(64) * 4);
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(random.pick([8, 40, 256]));
      const form = random.pick(['records', 'slots'] as const);
      const chunk = { number, thread: random.below(3), form, bytes };
      session.ingest({ kind: 'chunk', document: 'doc', chunk });
    }
    expect(judge(session).filter(({ rule }) => rule === 'rule-fault')).toEqual([]);
  });

  test('survives records whose fields are noise', () => {
    const recording = randomRecording(3);
    const random = new Seeded(5);
    const inputs = cut(recording, 1).map((input) => {
      if (input.kind !== 'chunk') return input;
      const bytes = input.chunk.bytes.slice();
      for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)] = random.below(256);
      return { ...input, chunk: { ...input.chunk, bytes } };
    });
    const session = new Session();
    for (const input of inputs) session.ingest(input);
    expect(judge(session).filter(({ rule }) => rule === 'rule-fault')).toEqual([]);
  });

  test('lays frames on the time line of the document they were loaded into', () => {
    const top = textInputs('0 contextCreated context=1', { document: 'top', timeOrigin: 1e15 });
    const frame = textInputs(TEXT, {
      document: 'frame',
      frameId: 4,
      parentFrameId: 0,
      timeOrigin: 1e15 + 500_000,
    });
    const next = textInputs(TEXT, { document: 'next', timeOrigin: 1e15 + 9_000_000 });
    const found = judge(sessionOfInputs([...top, ...frame, ...next]));
    expect(found.map(({ id, first }) => [id, first])).toEqual([
      ['process-after-destroy:2/n7', 32_000],
      ['process-after-destroy:1/n7', 532_000],
    ]);
  });

  test('keeps a document that went and came back, and claims nothing from its end', () => {
    const session = sessionOf(`${TEXT.split('\n').slice(0, 3).join('\n')}\n 9 gone`);
    expect(session.documents[0]?.goneAt).toBeDefined();
    expect(judge(session)).toEqual([]);
    const [hello] = textInputs('');
    session.ingest(hello as SessionInput);
    expect(session.documents[0]?.goneAt).toBeUndefined();
    expect(session.documents.length).toBe(1);
  });

  test('reads a thread whose own records announce it before the page has made its context', () => {
    const lines = [
      ['0 contextCreated context=1', 0],
      ['0 threadStarted thread=1 kind=audio context=1 by-thread=1', 1],
    ] as const;
    for (const order of [lines, lines.toReversed()]) {
      const text = [...order.map(([line]) => line), '1 nodeCreated node=7', '2 process node=7'];
      const session = sessionOf(text.join('\n'));
      expect(session.documents[0]?.nodes.get(7 as never)?.calls.length).toBe(1);
    }
  });

  test('counts what recorders lost', () => {
    const session = sessionOf('5 lost thread=1 count=12\n 6 lost thread=0 count=3 why=paused');
    expect(session.totals.lost).toBe(15);
  });
});

test('a rule’s findings hold ids that stay the same while the session grows', () => {
  const inputs = textInputs(`
    0      nodeCreated        node=7
    30000  declaredDestroyed  node=7
    32000  process            node=7 times=3
    90000  process            node=7 times=3
  `);
  const session = new Session();
  const seen = new Set<string>();
  for (const input of inputs) {
    session.ingest(input);
    for (const { id } of judge(session)) seen.add(id);
  }
  expect([...seen]).toEqual(['process-after-destroy:0/n7']);
});

test('counts messages, and says which workers were not entered and why', () => {
  const text = `
    0   workerCreated worker=1 entered=foreign url="https://b.test/x/far.js"
    5   portSent end=103 preview="a"
    6   nodeCreated node=7
    7   send main→7 "b"
  `;
  const session = sessionOf(text);
  expect(session.totals).toEqual({ calls: 0, messages: 2, lost: 0, dropped: 0 });
  expect(session.coverage).toEqual([
    'what worker far.js #1 does is not seen: its script is neither of the page’s origin nor a blob',
  ]);
});

test('slots of the main thread hold no calls', () => {
  const session = sessionOf('');
  const writer = new SlotWriter();
  writer.process({ ordinal: 0, enter: 1, exit: 3, frame: 0, returned: 'true' });
  const bytes = writer.take();
  const chunk = { number: 99, thread: 0, form: 'slots', bytes } as const;
  expect(session.ingest({ kind: 'chunk', document: 'doc', chunk }).ok).toBe(true);
  expect(session.totals).toMatchObject({ calls: 0, lost: 0, dropped: 1 });
});

test('an unwrapped counter carries on across 2^32', () => {
  const high = 2 ** 32 - 2;
  expect(
    findings(`
      0     nodeCreated        node=7
      1000  process            node=7 seq=${high}..${high + 1} frame=${2 ** 32 - 128}
      2000  declaredDestroyed  node=7 seq=${high + 2}
      3000  process            node=7 seq=${high + 3}..${high + 4} frame=${2 ** 32}
      4000  process            node=7 seq=${high + 5}..${high + 6} frame=${2 ** 32 + 128}
    `),
  ).toEqual(['process-after-destroy warning proven 0/n7 ×2']);
});
