import { Worker } from 'node:worker_threads';
import { beforeAll, expect, test } from 'vitest';
import type { AtomicEntry } from '../../support/atomic-entries.ts';
import { bundle } from '../../support/bundle.ts';
import { Random } from '../../support/random.ts';
import type {
  Operation,
  Performed,
  ThreadOutcome,
  ThreadTask,
} from '../../support/stepped-thread.ts';

/** An operation as it really was, and what its thread says of it. */
interface Judged {
  readonly what: string;
  readonly thread: number;
  readonly moment: number;
  readonly before: number;
  readonly after: number;
}

let threadUrl: URL;
beforeAll(async () => {
  threadUrl = await bundle('test/support/stepped-thread.ts');
});

/** Runs each program in a thread of its own, one native operation at a time, in an order that `random` picks. */
async function run(
  programs: readonly (readonly Operation[])[],
  random: Random,
): Promise<readonly ThreadOutcome[]> {
  const cells = new Int32Array(new SharedArrayBuffer(16));
  const order = new Int32Array(new SharedArrayBuffer(4));
  const turn = new Int32Array(new SharedArrayBuffer(8));
  const workers = programs.map((program, i) => {
    const workerData: ThreadTask = { program, cells, order, turn, thread: i + 1 };
    return new Worker(threadUrl, { workerData });
  });
  const outcomes = workers.map(
    (worker) =>
      new Promise<ThreadOutcome>((done, fail) => worker.on('message', done).on('error', fail)),
  );
  await Promise.all(workers.map((worker) => new Promise((done) => worker.on('online', done))));
  const running = workers.map((_worker, i) => i + 1);
  while (running.length > 0) {
    const next = random.pick(running);
    turn[1] = (turn[1] as number) + 1;
    Atomics.store(turn, 0, next);
    Atomics.notify(turn, 0);
    // A thread that is still at its own work takes its turn when it gets there.
    while (Atomics.load(turn, 0) === next) Atomics.wait(turn, 0, next);
    if (turn[0] === -next) running.splice(running.indexOf(next), 1);
  }
  return Promise.all(outcomes);
}

function programOf(random: Random, length: number): readonly Operation[] {
  return Array.from({ length }, (): Operation => {
    const index = random.below(2);
    const value = random.below(3);
    // Rows of one kind are what the recorder draws together.
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        return { method: 'load', index, args: [] };
      case 3:
        return { method: 'store', index, args: [value] };
      case 4:
        return { method: 'add', index, args: [1] };
      case 5:
        return { method: 'exchange', index, args: [value] };
      case 6:
        return { method: 'compareExchange', index, args: [value, random.below(3)] };
      default:
        return { method: 'notify', index, args: [] };
    }
  }).flatMap((operation) => Array.from({ length: 1 + random.below(3) }, () => operation));
}

/** Joins the operations of one cell to the entries about it, in the order of both. */
function judge(
  thread: number,
  all: readonly Performed[],
  entries: readonly AtomicEntry[],
): Judged[] {
  const out: Judged[] = [];
  let next = 0;
  let written: number | undefined;
  for (let i = 0; i < entries.length; i++) {
    const { kind, before, after, count, read, written: value } = entries[i] as AtomicEntry;
    for (let n = 0; n < count; n++) {
      const done = all[next++] as Performed;
      out.push({ what: done.method, thread, moment: done.moment, before, after });
      expect(before).toBeLessThanOrEqual(after);
      const now = writtenBy(done);
      switch (kind) {
        case 'load':
        case 'loads':
        case 'failedExchange':
          expect({ method: done.method, read }).toEqual({ method: done.method, read: done.result });
          expect(now).toBeUndefined();
          break;
        case 'writes':
          expect(now).toBeDefined();
          if (n === count - 1) {
            expect(value).toBe(now);
            if (done.method !== 'store' && done.result !== written) {
              // What it read of another thread's is an entry of its own.
              const own = entries[++i] as AtomicEntry;
              expect({ kind: own.kind, read: own.read }).toEqual({
                kind: 'load',
                read: done.result,
              });
              const { moment } = done;
              out.push({ what: 'load', thread, moment, before: own.before, after: own.after });
            }
          } else if (done.method !== 'store') expect(done.result).toBe(written);
          break;
        case 'store':
        case 'readModifyWrite':
          expect(value).toBe(now);
          if (kind === 'readModifyWrite') expect(read).toBe(done.result);
          break;
        default:
          throw new Error(kind);
      }
      if (now !== undefined) written = now;
    }
  }
  expect(next).toBe(all.length);
  return out;
}

/** They touch no value, so that loads go on being counted across them. */
function judgeNotifies(
  thread: number,
  performed: readonly Performed[],
  entries: readonly AtomicEntry[],
): readonly Judged[] {
  const calls = performed.filter(({ method }) => method === 'notify');
  const told = entries.filter(({ kind }) => kind === 'notify');
  expect(told).toHaveLength(calls.length);
  return told.map(({ before, after }, i) => {
    const moment = calls[i]?.moment ?? 0;
    return { what: 'notify', thread, moment, before, after };
  });
}

function writtenBy({ method, args, result }: Performed): number | undefined {
  const [first = 0, second = 0] = args;
  switch (method) {
    case 'store':
    case 'exchange':
      return first;
    case 'add':
      return result + first;
    case 'compareExchange':
      return result === first ? second : undefined;
    default:
      return undefined;
  }
}

for (const [seed, threads, length] of [
  [1, 2, 60],
  [2, 2, 60],
  [3, 2, 60],
  [4, 3, 40],
  [5, 3, 40],
] as const) {
  test(`no schedule makes an interval lie (${threads} threads, seed ${seed})`, async () => {
    const random = new Random(seed);
    const programs = Array.from({ length: threads }, () => programOf(random, length));
    const outcomes = await run(programs, random);
    const judged = outcomes.flatMap(({ thread, performed, entries, elements }) => [
      ...judgeNotifies(thread, performed, entries),
      ...elements.flatMap((element, i) =>
        judge(
          thread,
          performed.filter(({ index, method }) => index === element && method !== 'notify'),
          entries.filter(({ cell, kind }) => cell === i + 1 && kind !== 'notify'),
        ),
      ),
    ]);
    const wrong: { readonly a: Judged; readonly b: Judged }[] = [];
    let certain = 0;
    for (const a of judged) {
      for (const b of judged) {
        if (a.thread === b.thread || a.after >= b.before) continue;
        certain++;
        if (a.moment > b.moment) wrong.push({ a, b });
      }
    }
    expect(wrong).toEqual([]);
    // Not by saying nothing: of the pairs of two threads most can be told apart.
    expect(certain).toBeGreaterThan(judged.length * 10);
  });
}
