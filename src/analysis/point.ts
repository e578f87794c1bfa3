import type { LifelineRecord } from '../shared/records.ts';
import type { Seq, ThreadId } from '../shared/units.ts';
import type { Point } from './model.ts';

/** No place in the order of all threads. */
export const UNSEQUENCED = 0 as Seq;

/** Where the page is not isolated, the wire's number is a place in the order of its thread alone. */
export function pointOf({ at, seq }: LifelineRecord, thread: ThreadId, isolated: boolean): Point {
  return { at, seq: isolated ? seq : UNSEQUENCED, thread, tick: seq };
}

/** Negative when `a` came first. The shared counter decides where both have a number. */
export function comparePoints(a: Point, b: Point): number {
  if (a.seq > 0 && b.seq > 0) return a.seq - b.seq;
  return a.at - b.at || a.thread - b.thread || a.tick - b.tick;
}

/** A total order for lists that points of several threads come into, in whatever order. */
function compareTimes(a: Point, b: Point): number {
  return a.at - b.at || a.thread - b.thread || a.tick - b.tick;
}

/** Keeps `list` in order; among equals the newcomer goes last. */
export function insertPoint<P extends Point>(list: P[], point: P): void {
  insert(list, point, comparePoints);
}

export function insertByTime<P extends Point>(list: P[], point: P): void {
  insert(list, point, compareTimes);
}

function insert<P extends Point>(list: P[], point: P, compare: (a: P, b: P) => number): void {
  const last = list.at(-1);
  if (last === undefined || compare(last, point) <= 0) {
    list.push(point);
    return;
  }
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list[middle] as P, point) > 0) high = middle;
    else low = middle + 1;
  }
  list.splice(low, 0, point);
}
