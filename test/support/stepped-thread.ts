import { parentPort, workerData } from 'node:worker_threads';
// Before anything takes the natives for itself.
import './stepped-atomics.ts';

import type { AtomicEntry } from './atomic-entries.ts';
import { AtomicsLog } from './atomics-log.ts';
import { type AtomicMethod, finish, lastTouched, type Schedule } from './stepped-atomics.ts';

/** One operation of the page's program. */
export interface Operation {
  readonly method: AtomicMethod;
  readonly index: number;
  readonly args: readonly number[];
}

export interface Performed extends Operation {
  readonly result: number;
  /** When it really happened, among all steps of all threads. */
  readonly moment: number;
}

export interface ThreadOutcome {
  readonly thread: number;
  readonly performed: readonly Performed[];
  readonly entries: readonly AtomicEntry[];
  /** The element of each cell, by number less 1. */
  readonly elements: readonly number[];
}

export interface ThreadTask extends Schedule {
  readonly order: Int32Array;
  readonly program: readonly Operation[];
}

const { order, cells, program, thread } = workerData as ThreadTask;
const log = new AtomicsLog({ order });
log.share(cells.buffer);
const performed = program.map((operation): Performed => {
  const call = Atomics[operation.method] as (...args: readonly unknown[]) => number;
  const result = call(cells, operation.index, ...operation.args);
  return { ...operation, result, moment: lastTouched() };
});
log.observer.settle();
finish();
const elements = log.cells.map(({ offset }) => offset / 4);
parentPort?.postMessage({ thread, performed, entries: log.written, elements });
