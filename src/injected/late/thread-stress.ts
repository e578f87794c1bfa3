import { atomicsCompareExchange, atomicsLoad, atomicsStore } from '../../base/intrinsics.ts';
import { CONTROL, STRESS_CELLS, STRESS_TARGET } from '../../shared/slots.ts';
import type { ContextThread } from '../entities.ts';

export type Question = 'hold' | 'delay';

/**
 * Asks a thread something, in place of what it was asked before and has not done yet. Gives the step of that, or
 * undefined; `busy` while the thread is at it: then nothing is asked.
 */
export function askThread(
  thread: ContextThread,
  what: Question,
  target: number,
  millis: number,
  step: number,
): 'asked' | 'busy' | { readonly replaced: number } {
  const { control } = thread;
  if (!control) {
    thread.tell({ kind: 'stress', what, target, millis, step });
    return 'asked';
  }
  const cell = CONTROL[what];
  const open = atomicsLoad(control, cell);
  const before = atomicsLoad(control, cell + STRESS_CELLS.step);
  if (!takeBack(control, cell, open)) return 'busy';
  atomicsStore(control, cell + STRESS_CELLS.millis, millis);
  atomicsStore(control, cell + STRESS_CELLS.step, step);
  atomicsStore(control, cell, target);
  return open === STRESS_TARGET.nobody ? 'asked' : { replaced: before };
}

/** Whether a call is being held, or is to be. Not known where nothing is shared: then false. */
export function isAsked({ control }: ContextThread): boolean {
  return control !== undefined && atomicsLoad(control, CONTROL.hold) !== STRESS_TARGET.nobody;
}

/** Takes a question back; true where it was still open and only this side knows. */
export function withdraw(thread: ContextThread, what: Question, step: number): boolean {
  const { control } = thread;
  if (!control) {
    thread.tell({ kind: 'stress', what, target: STRESS_TARGET.nobody, millis: 0, step });
    return false;
  }
  const cell = CONTROL[what];
  if (atomicsLoad(control, cell + STRESS_CELLS.step) !== step) return false;
  const open = atomicsLoad(control, cell);
  return open !== STRESS_TARGET.nobody && takeBack(control, cell, open);
}

/**
 * Keeps this thread busy until the call asked for is in flight (or over already), or has not come though `calls`
 * other calls have begun, or the time is up.
 */
export function awaitHeld(
  control: Int32Array,
  calls: number,
  now: () => number,
  untilMicros: number,
): void {
  const before = atomicsLoad(control, CONTROL.calls);
  for (;;) {
    const target = atomicsLoad(control, CONTROL.hold);
    if (target === STRESS_TARGET.held || target === STRESS_TARGET.nobody) return;
    const begun = (atomicsLoad(control, CONTROL.calls) - before) | 0;
    if (target !== STRESS_TARGET.taken && begun > calls) return;
    if (now() >= untilMicros) return;
  }
}

/** Whether the thread cannot have begun and no longer can: `open` is what its target cell was seen to hold. */
function takeBack(control: Int32Array, cell: number, open: number): boolean {
  if (open === STRESS_TARGET.taken || open === STRESS_TARGET.held) return false;
  return atomicsCompareExchange(control, cell, open, STRESS_TARGET.nobody) === open;
}
