import { atomicTime } from '../../analysis/atomic-point.ts';
import type { DocumentFacts, MessageFacts, MessageList } from '../../analysis/model.ts';
import { ATOMIC } from '../../shared/slots.ts';
import type { Micros, ThreadId } from '../../shared/units.ts';
import { firstAtomicFrom } from './glance.ts';

/** A stretch of a document’s own time, and how much of it a pixel stands for. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly pxMicros: number;
}

/** Beyond so many in a stretch they are asked for pixel by pixel. */
const CROWD = 4096;

/** Messages inside a stretch: all of them, or where they are a crowd some for each pixel. */
export function* messagesIn(messages: MessageList, stretch: Stretch): Iterable<MessageFacts> {
  const { from, to, pxMicros } = stretch;
  if (messages.length <= CROWD) {
    yield* messages.within(from as Micros, to as Micros);
    return;
  }
  for (let at = from; at < to; at += pxMicros) {
    let taken = 0;
    for (const message of messages.within(at as Micros, (at + pxMicros) as Micros)) {
      yield message;
      if (++taken === SOME) break;
    }
  }
}

const SOME = 4;

/** When a thread did something atomic, at most once a pixel. */
export function atomicsIn(
  document: DocumentFacts,
  thread: ThreadId,
  stretch: Stretch,
): readonly number[] {
  const times: number[] = [];
  for (const column of document.atomics.columns(thread)) {
    let i = firstAtomicFrom(document, column, stretch.from);
    while (i < column.length) {
      const at = atomicTime(document, column, i);
      if (at > stretch.to) break;
      times.push(at);
      i = Math.max(i + 1, firstAtomicFrom(document, column, at + stretch.pxMicros));
    }
  }
  return times;
}

/** Pairs of from and to: when a thread stood in `Atomics.wait`. One that has no end goes on until `now`. */
export function waitsIn(
  document: DocumentFacts,
  thread: ThreadId,
  stretch: Stretch,
  now: number,
): readonly number[] {
  const pairs: number[] = [];
  for (const column of document.atomics.columns(thread)) {
    let i = Math.max(0, firstAtomicFrom(document, column, stretch.from) - 1);
    while (i < column.length) {
      const at = atomicTime(document, column, i);
      if (at > stretch.to) break;
      if (column.code(i) !== ATOMIC.waitBegin) {
        i++;
        continue;
      }
      const end = i + 1 < column.length ? atomicTime(document, column, i + 1) : now;
      pairs.push(at, end);
      i = Math.max(i + 1, firstAtomicFrom(document, column, at + stretch.pxMicros));
    }
  }
  return pairs;
}
