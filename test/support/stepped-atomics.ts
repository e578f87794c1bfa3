import { workerData } from 'node:worker_threads';

/**
 * Makes every native atomic operation of this thread, the recorder's own ones included, one step of a schedule:
 * it waits for its turn, and the number of the turn is its moment. To be imported before anything takes the
 * natives for itself.
 */
export interface Schedule {
  /** Whose turn it is (0: nobody's, the step was taken), and how many turns there were. */
  readonly turn: Int32Array;
  /** From 1. */
  readonly thread: number;
  /** The array that the page's program works on. */
  readonly cells: Int32Array;
}

const METHODS = [
  'load',
  'store',
  'add',
  'sub',
  'or',
  'exchange',
  'compareExchange',
  'notify',
] as const;
export type AtomicMethod = (typeof METHODS)[number];

const { turn, thread, cells } = workerData as Schedule;
const { load, store, wait, notify } = Atomics;

let touched = 0;
/** The moment of the last step that touched the page's array. */
export const lastTouched = (): number => touched;

/** Waits for this thread's turn; gives its number. */
function awaitTurn(): number {
  for (;;) {
    const whose = load(turn, 0);
    if (whose === thread) return load(turn, 1);
    wait(turn, 0, whose);
  }
}

function endTurn(next: number): void {
  store(turn, 0, next);
  notify(turn, 0);
}

/** This thread takes no more steps. */
export function finish(): void {
  awaitTurn();
  endTurn(-thread);
}

for (const name of METHODS) {
  const native = Atomics[name] as (...args: readonly unknown[]) => unknown;
  const stepped = (...args: readonly unknown[]): unknown => {
    const moment = awaitTurn();
    if (args[0] === cells) touched = moment;
    const result = native(...args);
    endTurn(0);
    return result;
  };
  Object.defineProperty(Atomics, name, { configurable: true, writable: true, value: stepped });
}
