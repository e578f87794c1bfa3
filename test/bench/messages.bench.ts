import { expect, test } from 'vitest';
import { judge, judgeBy } from '../../src/analysis/judge.ts';
import { RULES } from '../../src/analysis/rules/registry.ts';
import { Session } from '../../src/analysis/session.ts';
import * as LIMITS from '../../src/shared/limits.ts';
import { SLOT_BYTES } from '../../src/shared/slots.ts';
import { printFigure } from '../support/figure.ts';
import { SlotWriter } from '../support/slot-writer.ts';
import { textInputs } from '../support/text-records.ts';

const MESSAGES = 1_000_000;
const PER_SECOND = 10_000;
const NOTES = 20_000;
const MIN_SLOTS_PER_SECOND = 1e6;
const MAX_BYTES_PER_MESSAGE = 80;
const MAX_JUDGE_MS = 20;

test('a million messages to a worker and back are taken and judged', () => {
  const session = new Session();
  const setup = textInputs('0 workerCreated worker=1\n 5 @w1 scopeState state=started');
  for (const input of setup) session.ingest(input);
  const chunks = [...exchange(setup.length)];
  const before = heapBytes();
  const begin = process.cpuUsage();
  for (const input of chunks) session.ingest(input);
  const { user, system } = process.cpuUsage(begin);
  const ms = (user + system) / 1000;
  const bytes = (heapBytes() - before) / (2 * MESSAGES);
  expect(session.totals).toEqual({ calls: 0, messages: 2 * MESSAGES, lost: 0, dropped: 0 });
  expect(session.documents[0]?.suspects).toEqual([]);
  const slotsPerSecond = Math.round((4 * MESSAGES) / (ms / 1000));
  printFigure({
    figure: 'ingest of messages',
    value: slotsPerSecond,
    unit: 'slots/s',
    bar: `value >= ${MIN_SLOTS_PER_SECOND}`,
  });
  printFigure({
    figure: 'what a message takes, with its order',
    value: bytes,
    unit: 'bytes',
    baseline: 2 * SLOT_BYTES,
    ratio: bytes / (2 * SLOT_BYTES),
    bar: `value <= ${MAX_BYTES_PER_MESSAGE}`,
  });
  const judgeMs = best(() => expect(judge(session)).toEqual([]));
  printFigure({
    figure: 'judging a million messages',
    value: judgeMs,
    unit: 'ms',
    bar: `value <= ${MAX_JUDGE_MS}`,
  });
  expect(slotsPerSecond).toBeGreaterThanOrEqual(MIN_SLOTS_PER_SECOND);
  expect(bytes).toBeLessThanOrEqual(MAX_BYTES_PER_MESSAGE);
  expect(judgeMs).toBeLessThanOrEqual(MAX_JUDGE_MS);
}, 300_000);

test('twenty thousand nodes that did not hear their last message are judged', () => {
  const session = new Session();
  const notes = Array.from(
    { length: NOTES },
    (_, i) => `${i} nodeCreated node=${i + 1}\n ${i} send main→${i + 1} "stop"`,
  );
  const close = `
    9000000 contextCall context=1 call=1 method=close
    9100000 contextSettled context=1 call=1 method=close`;
  for (const input of textInputs(`${notes.join('\n')}${close}`)) session.ingest(input);
  expect(session.documents[0]?.suspects.length).toBe(NOTES);
  const rules = [RULES['message-lost'], RULES['undelivered-at-shutdown']];
  const judgeMs = best(() => expect(judgeBy(rules, session)).toEqual([]));
  printFigure({
    figure: 'judging 20 000 unhandled messages',
    value: judgeMs,
    unit: 'ms',
    bar: `value <= ${5 * MAX_JUDGE_MS}`,
  });
  expect(judgeMs).toBeLessThanOrEqual(5 * MAX_JUDGE_MS);
}, 300_000);

function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

function best(run: () => void): number {
  let ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 10; i++) {
    const begin = performance.now();
    run();
    ms = Math.min(ms, performance.now() - begin);
  }
  return ms;
}

/** Each message is answered; both threads send their slots a quarter of a second at a time. */
function* exchange(numberBefore: number): Iterable<Parameters<Session['ingest']>[0]> {
  let number = numberBefore;
  const page = new SlotWriter();
  const worker = new SlotWriter();
  const perChunk = Math.floor(LIMITS.chunkBytes / SLOT_BYTES / 2);
  for (let index = 0; index < MESSAGES; index++) {
    const time = Math.floor((index * 1e5) / PER_SECOND);
    const seq = 1000 + 8 * index;
    page.port('portSent', 103, seq, time, index);
    worker.port('portReceived', 1, seq + 2, time + 1, index);
    worker.port('portSent', 1, seq + 4, time + 2, index);
    page.port('portReceived', 103, seq + 6, time + 3, index);
    if ((index + 1) % (perChunk >> 1) !== 0 && index < MESSAGES - 1) continue;
    for (const [thread, writer] of [
      [0, page],
      [101, worker],
    ] as const) {
      const chunk = { number: ++number, thread, form: 'slots', bytes: writer.take() } as const;
      yield { kind: 'chunk', document: 'doc', chunk };
    }
  }
}
