import { expect, test } from 'vitest';
import { judge } from '../../src/analysis/judge.ts';
import { judgeTeardowns } from '../../src/analysis/judge-teardowns.ts';
import { Session } from '../../src/analysis/session.ts';
import type { SessionInput } from '../../src/analysis/session-input.ts';
import { RecordWriter } from '../../src/shared/record-codec.ts';
import { ATOMIC } from '../../src/shared/slots.ts';
import { printFigure } from '../support/figure.ts';
import { SlotWriter } from '../support/slot-writer.ts';
import { textInputs } from '../support/text-records.ts';

const NODES = 10;
const NOTES = 200;
const QUANTA = 40_000;
/** Chunks of all threads are cut once in so many quanta. */
const QUANTA_PER_CHUNK = 37;
const MIN_RECORDS_PER_SECOND = 1e6;
/** Judged ten times a second of such a stream. */
const RECORDS_PER_JUDGEMENT = MIN_RECORDS_PER_SECOND / 10;
const AUDIO = 1;
const WORKER = 101;
const HELD = 1;
const READ = 2;
const WRITE = 3;

/**
 * Ten processors, each under a semaphore of its own, that pull from a ring which a worker fills and wakes it;
 * each posts to the page now and then, which answers and looks at the semaphores; two hundred nodes that
 * were torn down before.
 */
test('two million records of three threads are taken and judged as they come', () => {
  const session = new Session();
  const setup = textInputs(setupText());
  for (const input of setup) session.ingest(input);
  const { chunks, records } = stream(setup.length);
  expect(records).toBeGreaterThan(2e6);

  const heap = heapBytes();
  const begin = process.cpuUsage();
  let judgeMicros = 0;
  let judgements = 0;
  let unjudged = 0;
  for (const together of chunks) {
    for (const input of together) session.ingest(input);
    unjudged += records / chunks.length;
    if (unjudged < RECORDS_PER_JUDGEMENT) continue;
    unjudged = 0;
    judgements++;
    const judging = process.cpuUsage();
    judge(session);
    const spent = process.cpuUsage(judging);
    judgeMicros += spent.user + spent.system;
  }
  const verdicts = judgeTeardowns(session);
  const { user, system } = process.cpuUsage(begin);
  const ms = (user + system) / 1000;
  expect(session.totals).toMatchObject({ lost: 0, dropped: 0 });
  expect(verdicts).toHaveLength(NOTES);
  expect(verdicts.every(({ verdict }) => verdict === 'ordered')).toBe(true);
  expect(judge(session)).toEqual([]);

  const recordsPerSecond = Math.round(records / (ms / 1000));
  printFigure({
    figure: 'ordering and all rules, live',
    value: recordsPerSecond,
    unit: 'records/s',
    bar: `value >= ${MIN_RECORDS_PER_SECOND}`,
  });
  printFigure({
    figure: 'of which judging a hundred thousand new records',
    value: judgeMicros / judgements / 1000,
    unit: 'ms',
  });
  printFigure({
    figure: 'what a record takes, with its order',
    value: (heapBytes() - heap) / records,
    unit: 'bytes',
  });
  expect(recordsPerSecond).toBeGreaterThanOrEqual(MIN_RECORDS_PER_SECOND);
}, 300_000);

function setupText(): string {
  const lines = [
    '0 memorySeen memory=1 bytes=4096',
    '0 workerCreated worker=1',
    '0 passed end=103 message=1 what=memory local=1',
    '0 portSent end=103',
    '1 @w1 arrived end=1 message=1 what=memory local=1',
    '1 @w1 portReceived end=1',
  ];
  for (let i = 0; i < NOTES + NODES; i++) {
    const node = i + 1;
    lines.push(
      `10 nodeCreated node=${node} memory=shared`,
      `10 passed end=${2 * node} message=0 what=memory local=1`,
      `11 processorConstructed ordinal=${i}`,
      `11 @audio arrived end=${2 * node} message=0 what=memory local=1`,
    );
    if (i >= NOTES) continue;
    lines.push(
      `20 process node=${node} times=3`,
      `30 send main→${node} "stop"`,
      `31 receive main→${node} "stop"`,
      `32 send ${node}→main "stopped"`,
      `33 process node=${node} frame=1280 returned=false`,
      `34 receive ${node}→main "stopped"`,
      `35 declaredDestroyed node=${node}`,
    );
  }
  for (let cell = 1; cell <= 3 * NODES; cell++) {
    const where = `cellSeen cell=${cell} memory=1 offset=${4 * cell}`;
    lines.push(`40 ${where}`, `40 @audio ${where}`, `40 @w1 ${where}`);
  }
  return lines.join('\n');
}

function cellOf(kind: number, node: number): number {
  return 3 * node + kind;
}

function stream(numberBefore: number): {
  readonly chunks: readonly (readonly SessionInput[])[];
  readonly records: number;
} {
  const audio = new SlotWriter();
  const worker = new SlotWriter();
  const page = new SlotWriter();
  const pageRecords = new RecordWriter();
  const chunks: SessionInput[][] = [];
  let number = numberBefore;
  let records = 0;
  let counter = 100_000;
  const bump = () => 2 * ++counter;
  const look = () => 2 * counter + 1;
  const posted = new Map<number, number>();

  const cut = () => {
    const together: SessionInput[] = [];
    const add = (thread: number, form: 'slots' | 'records', bytes: Uint8Array<ArrayBuffer>) => {
      const chunk = { number: ++number, thread, form, bytes };
      together.push({ kind: 'chunk', document: 'doc', chunk });
    };
    add(AUDIO, 'slots', audio.take());
    add(WORKER, 'slots', worker.take());
    add(0, 'slots', page.take());
    if (pageRecords.count > 0) add(0, 'records', pageRecords.take());
    chunks.push(together);
  };

  for (let quantum = 0; quantum < QUANTA; quantum++) {
    const frame = 128 * (quantum + 100);
    const micros = frame * (1e6 / 48_000);
    const tick = Math.floor(micros / 10);
    if (quantum % QUANTA_PER_CHUNK === 0) audio.clock(frame, micros);
    for (let node = 0; node < NODES; node++) {
      const ordinal = NOTES + node;
      const enter = look();
      const write = (
        slots: SlotWriter,
        cell: number,
        written: number,
        time: number,
        code: number = ATOMIC.store,
      ) => {
        const before = bump();
        slots.atomic(cell, code, { before, after: look(), time, written });
        records++;
      };
      const load = (slots: SlotWriter, cell: number, read: number, time: number) => {
        slots.atomic(cell, ATOMIC.load, { before: look(), after: look(), time, read });
        records++;
      };
      write(audio, cellOf(HELD, node), 1, frame);
      load(audio, cellOf(WRITE, node), quantum, frame);
      write(audio, cellOf(READ, node), quantum, frame);
      write(audio, cellOf(HELD, node), 0, frame);
      if (quantum % 16 === node) {
        const index = posted.get(node) ?? 0;
        posted.set(node, index + 1);
        audio.sent(ordinal, bump(), frame, index);
        const at = Math.floor(micros) + 100;
        const id = NOTES + node + 1;
        const common = { node: id, from: 'processor', index, failed: false, bytes: 8 };
        pageRecords.write('messageReceived', bump(), at, { ...common, preview: '' } as never);
        load(page, cellOf(HELD, node), 0, tick);
        records += 2;
      }
      audio.process({ ordinal, enter, exit: look(), frame, returned: 'true' });
      records++;
      if (quantum % 4 === 0) {
        load(worker, cellOf(READ, node), quantum, tick);
      }
      write(worker, cellOf(WRITE, node), quantum + 1, tick);
    }
    if (quantum % QUANTA_PER_CHUNK === QUANTA_PER_CHUNK - 1) cut();
  }
  cut();
  return { chunks, records };
}

function heapBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
