import { describe, expect, test } from 'vitest';
import type {
  Comparison,
  DetailEvent,
  EntityDetail,
  PathStep,
} from '../../../src/panel/worker/protocol.ts';
import { PanelBench } from '../../support/panel-bench.ts';
import { teardownSession } from '../../support/teardown-session.ts';
import { textInputs } from '../../support/text-records.ts';

function bench(inputs = teardownSession()): PanelBench {
  const made = new PanelBench();
  made.ingest(inputs);
  made.pass(1);
  return made;
}

function detailOf(key: string, of = bench()): EntityDetail {
  const detail = of.ask({ ask: 'detail', entity: key });
  if (detail === undefined) throw new Error(`no detail of ${key}`);
  return detail;
}

/** `page: the event` and, indented, what leads on from it. */
function lines(path: readonly PathStep[]): readonly string[] {
  return path.flatMap(({ event, link }) => [
    `${event.thread}: ${event.what}`,
    ...(link === undefined ? [] : [`  ${link.order}: ${link.words}`]),
  ]);
}

function eventOf(detail: EntityDetail, what: string): DetailEvent {
  const event = detail.events.find((each) => each.what.startsWith(what));
  if (event === undefined) throw new Error(`${detail.title} has no ${what}`);
  return event;
}

describe('the detail of a node that was given up', () => {
  test('shows the way from the last use to the release, and what orders them', () => {
    const [teardown, ...others] = detailOf('0/n1').teardowns;
    expect(others).toEqual([]);
    expect(teardown).toMatchObject({
      verdict: 'ordered',
      certainty: 'proven',
      title: 'the page declared the node destroyed, ordered by an answered message',
    });
    expect(lines(teardown?.path ?? [])).toEqual([
      'AudioContext #1: last use: voice #1: process() call 222 of 223',
      '  ordered: later in the same thread',
      'AudioContext #1: voice #1: message sent processor → page: stopped',
      '  ordered: a message was sent → it was handled',
      'page: voice #1: message handled processor → page after 5.33 ms: stopped',
      '  ordered: later in the same thread',
      'page: the page declared the node destroyed',
    ]);
    const times = teardown?.path.map(({ event }) => event.at) ?? [];
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('shows the two events of a race, with nothing between them', () => {
    const [teardown] = detailOf('0/n2').teardowns;
    expect(teardown?.verdict).toBe('racy');
    expect(lines(teardown?.path ?? [])).toEqual([
      'AudioContext #1: last use: granular #2: process() call 258 of 259',
      '  unordered: nothing orders these two',
      'page: the page declared the node destroyed',
    ]);
  });

  test('says nothing of one that was not', () => {
    expect(detailOf('0/n3').teardowns).toEqual([]);
  });

  test('says why it is not known, where it is not', () => {
    const of = bench(
      textInputs(`
        0      nodeCreated  node=7
        10     processorConstructed ordinal=0
        2667   process  node=7 times=10
        30000  send     main→7 "stop"
        33000  receive  7→main "stopped"
        33001  declaredDestroyed node=7
      `),
    );
    const [teardown] = detailOf('0/n7', of).teardowns;
    expect(teardown?.verdict).toBe('unknown');
    expect(teardown?.message).toMatch(/not known yet/);
    expect(lines(teardown?.path ?? [])[1]).toBe('  unknown: their order is not known');
  });
});

test('the row of a node has the worst verdict on it', () => {
  const rows = bench().session.rows.map(({ label, verdict }) => `${label} ${verdict}`);
  expect(rows).toEqual([
    'studio.example/app/index.html undefined',
    'AudioContext #1 undefined',
    'voice #1 ordered',
    'granular #2 racy',
    'reverb #3 undefined',
    'decoder.js #1 undefined',
    'meters #2 undefined',
  ]);
});

describe('two events can be asked for their order', () => {
  const of = bench();
  const worker = detailOf('0/w0.1', of);
  const voice = detailOf('0/n1', of);
  const compare = (first: DetailEvent, second: DetailEvent): Comparison =>
    of.ask({ ask: 'compare', first, second });

  test('and the edges between them are shown, whichever was named first', () => {
    const created = eventOf(worker, 'created');
    const woken = eventOf(worker, 'Atomics.wait ended');
    const answer = compare(woken, created);
    expect(answer.order).toBe('ordered');
    expect(answer).toEqual(compare(created, woken));
    expect(lines(answer.path)).toEqual([
      'page: decoder.js #1: created',
      '  ordered: later in the same thread',
      expect.stringMatching(/^page: /),
      expect.stringMatching(/^ {2}ordered: /),
      expect.stringMatching(/^decoder.js #1: /),
      '  ordered: later in the same thread',
      expect.stringMatching(/^decoder.js #1: decoder.js #1: Atomics.wait ended: notified/),
    ]);
  });

  test('nor is it made up where nothing leads from one to the other', () => {
    const stored = eventOf(worker, 'Atomics.store: 2');
    const handled = eventOf(voice, 'message handled page → processor');
    const answer = compare(stored, handled);
    expect(answer.order).toBe('unordered');
    expect(lines(answer.path)[1]).toBe('  unordered: nothing orders these two');
  });

  test('within one thread it is the order of the thread', () => {
    const answer = compare(eventOf(voice, 'destroyed'), eventOf(voice, 'created'));
    expect(answer.message).toBe('One thread did both, one after the other.');
    expect(answer.path.map(({ event }) => event.what)).toEqual([
      'voice #1: created',
      'voice #1: destroyed, as the page declared',
    ]);
  });

  test('of two pages, or without a place, it is not known', () => {
    const here = eventOf(voice, 'created');
    const nowhere = { ...here, place: undefined };
    expect(compare(here, nowhere).order).toBe('unknown');
    const elsewhere = { ...here, place: { document: 9, thread: 0 as never, tick: 4 } };
    expect(compare(here, elsewhere).order).toBe('unknown');
    expect(compare(elsewhere, here).order).toBe('unknown');
  });
});

describe('a worker', () => {
  test('tells its life, what it did to shared memory, and how long messages queued', () => {
    const { facts, events, stacks } = detailOf('0/w0.1');
    const fact = (label: string) => facts.find((each) => each.label === label)?.value;
    expect(fact('Script')).toBe('https://studio.example/app/decoder.js');
    expect(fact('Made by')).toBe('page');
    expect(fact('State')).toBe('terminated');
    expect(fact('Messages')).toBe('4, 1 not handled, queued for 5.00 ms at most');
    expect(events.map(({ what }) => what)).toEqual([
      'created',
      'first statement',
      'script evaluated',
      "message sent page → worker: {load: 'piano.wav', port}",
      "message handled page → worker after 5.00 ms: {load: 'piano.wav', port}",
      'Atomics.store: 1, at byte 0 of shared memory #1',
      'message sent decoder.js #1 → page by MessageChannel #3: {decoded: 0.25}',
      'message sent decoder.js #1 → page by MessageChannel #3: {decoded: 0.5}',
      "message sent worker → page: {done: 'piano.wav'}",
      "message handled worker → page after 2.00 ms: {done: 'piano.wav'}",
      "message sent page → worker: {load: 'strings.wav'}",
      "message handled page → worker after 4.00 ms: {load: 'strings.wav'}",
      'Atomics.wait began: 1, at byte 0 of shared memory #1',
      'Atomics.wait ended: notified: 1, at byte 0 of shared memory #1',
      'Atomics.store: 2, at byte 0 of shared memory #1',
      "message sent page → worker, never handled (the worker was terminated): {load: 'choir.wav'}",
      'terminate() called',
    ]);
    expect(stacks.map(({ role }) => role)).toEqual(['create', 'terminate']);
  });

  test('that could not be observed says so', () => {
    const { facts } = detailOf('0/w0.2');
    expect(facts).toContainEqual({
      label: 'Observed',
      value: 'no: the page’s Content Security Policy forbids it',
    });
    expect(bench().session.rows.at(-1)).toMatchObject({ label: 'meters #2', note: 'not observed' });
  });

  test('stands below the worker that made it, and a forged circle of them nowhere', () => {
    const of = bench(
      textInputs(`
        0    workerCreated worker=1 name=outer
        10   threadStarted thread=101 kind=worker name="w1"
        10   workerThread  thread=101 parent=0 worker=1
        50   @w1 workerCreated worker=1 end=3 name=inner
        60   threadStarted thread=102 kind=worker name="w2"
        60   workerThread  thread=102 parent=101 worker=1
        70   @w2 workerCreated worker=5 end=3 name=innermost
        80   threadStarted thread=103 kind=worker name="w3"
        80   workerThread  thread=103 parent=103 worker=1
        90   @w3 workerCreated worker=1 end=3 name=circle
      `),
    );
    expect(
      of.session.rows
        .filter(({ kind }) => kind === 'worker')
        .map(({ label, parent }) => [label, parent]),
    ).toEqual([
      ['outer #1', '0/d'],
      ['inner #101.1', '0/w0.1'],
      ['innermost #102.5', '0/w101.1'],
    ]);
  });

  test('hovered, is alive, blocked, or gone', () => {
    const of = bench();
    const stateAt = (at: number) =>
      of
        .ask({ ask: 'probe', row: '0/w0.1', at, reach: 100 })
        ?.lines.find(({ label }) => label === 'state')?.value;
    expect([140_000, 300_500, 600_000, 1_000_000].map(stateAt)).toEqual([
      'starting',
      'alive',
      'blocked in Atomics.wait',
      'ended',
    ]);
  });

  test('hovered at an event, hands out the event', () => {
    const probe = bench().ask({ ask: 'probe', row: '0/w0.1', at: 280_010, reach: 100 });
    expect(probe?.event).toMatchObject({
      what: 'Atomics.store: 1, at byte 0 of shared memory #1',
      place: { document: 0, thread: 101 },
    });
  });
});

test('findings about ports, threads and blocks stand on the row of whom they are about', () => {
  const of = bench();
  const rows = of.session.findings.map(({ rule, row }) => [rule, row]);
  expect(rows).toContainEqual(['undelivered-at-shutdown', '0/w0.1']);
});

test('of two events that nothing orders the counter says which happened first, whatever the clocks say', () => {
  const of = bench(
    textInputs(`
      0      nodeCreated  node=7
      10     processorConstructed ordinal=0
      2667   process  node=7 times=10
      40000  process  node=7
      39000  declaredDestroyed node=7
    `),
  );
  const [teardown] = detailOf('0/n7', of).teardowns;
  expect(teardown?.path.map(({ event }) => event.what)).toEqual([
    'last use: noise #7: process() call 11 of 11',
    'the page declared the node destroyed',
  ]);
});

describe('a flood of messages and atomic operations', () => {
  const COUNT = 3000;
  const of = bench(
    textInputs(
      [
        '0 workerCreated worker=1 name=w',
        '1 @w1 scopeState state=started',
        '2 memorySeen memory=1 bytes=64',
        '2 passed end=103 message=1 what=memory local=1',
        '2 portSent end=103',
        '3 @w1 arrived end=1 message=1 what=memory local=1',
        '3 @w1 portReceived end=1',
        '4 @w1 cellSeen cell=1 memory=1 offset=0 width=4',
        ...Array.from({ length: COUNT }, (_, i) => [
          `${1000 + i * 100} portSent end=103 slot`,
          `${1050 + i * 100} @w1 portReceived end=1 slot`,
          `${1060 + i * 100} @w1 atomic store cell=1 value=${i}`,
        ]).flat(),
      ].join('\n'),
    ),
  );

  test('is told by its first and its last, and by how many are between', () => {
    const { events, eventsOmitted } = detailOf('0/w0.1', of);
    expect(events).toHaveLength(400);
    expect(events[0]?.what).toBe('created');
    expect(events.at(-1)?.what).toBe(`Atomics.store: ${COUNT - 1}, at byte 0 of shared memory #1`);
    expect(events.length + eventsOmitted).toBe(2 + 2 * (COUNT + 1) + COUNT);
  });

  test('is told one by one where the pointer is', () => {
    const at = 1060 + 1500 * 100;
    const probe = of.ask({ ask: 'probe', row: '0/w0.1', at, reach: 4 });
    expect(probe?.title).toBe('Atomics.store: 1500, at byte 0 of shared memory #1');
  });
});
