import { atomicTime } from '../../analysis/atomic-point.ts';
import type { DocumentFacts, MessageFacts, MessageList } from '../../analysis/model.ts';
import type { AtomicColumn } from '../../analysis/ordering/atomic-store.ts';
import type { Micros } from '../../shared/units.ts';

/** Which of the messages and atomic operations of a life are looked at, however many there are. */
export interface Glance {
  messages(list: MessageList): Iterable<MessageFacts>;
  /** Indexes of a column. */
  atomics(column: AtomicColumn): Iterable<number>;
}

/** Those near a place in the document’s own time. */
export function glanceNear(document: DocumentFacts, at: number, reach: number): Glance {
  const from = (at - reach) as Micros;
  const to = (at + reach) as Micros;
  return {
    messages: (list) => atMost(list.within(from, to), MOST_NEAR),
    *atomics(column) {
      const first = firstAtomicFrom(document, column, from);
      for (let i = first; i < Math.min(column.length, first + MOST_NEAR); i++) {
        if (atomicTime(document, column, i) > to) return;
        yield i;
      }
    },
  };
}

const MOST_NEAR = 500;

/** The first and the last of each, and how many are between. */
export class EndsGlance implements Glance {
  readonly #until: number;
  /** Events that were passed over; a message is two. */
  passedOver = 0;
  #columns = 0;

  constructor(document: DocumentFacts) {
    this.#until = document.lastAt;
  }

  messages(list: MessageList): Iterable<MessageFacts> {
    const { length } = list;
    if (length <= 2 * MOST_AT_AN_END) return list;
    const until = this.#until;
    const head = widest(until, (span) => list.within(0 as Micros, span as Micros));
    const tail = widest(until, (span) =>
      list.within((until - span) as Micros, (until + 1) as Micros),
    );
    const seen = new Set(head.map(({ side, index }) => `${side}.${index}`));
    const both = [...head, ...tail.filter(({ side, index }) => !seen.has(`${side}.${index}`))];
    this.passedOver += 2 * (length - both.length);
    return both;
  }

  *atomics(column: AtomicColumn): Iterable<number> {
    const most = this.#columns++ < MOST_COLUMNS ? MOST_AT_AN_END : 0;
    const { length } = column;
    for (let i = 0; i < Math.min(most, length); i++) yield i;
    for (let i = Math.max(most, length - most); i < length; i++) yield i;
    this.passedOver += Math.max(0, length - 2 * most);
  }
}

const MOST_AT_AN_END = 200;
const MOST_COLUMNS = 16;
/** Halvings of the longest session down to a microsecond. */
const HALVINGS = 36;

/** What lies in the widest stretch that does not hold too much. */
function widest(
  longest: number,
  within: (span: number) => Iterable<MessageFacts>,
): readonly MessageFacts[] {
  let best: readonly MessageFacts[] = [];
  let step = longest;
  let span = 0;
  for (let i = 0; i < HALVINGS && step >= 1; i++) {
    const held = [...atMost(within(span + step), MOST_AT_AN_END + 1)];
    if (held.length <= MOST_AT_AN_END) {
      best = held;
      span += step;
    }
    step /= 2;
  }
  return best;
}

function* atMost<T>(items: Iterable<T>, most: number): Iterable<T> {
  let left = most;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}

/** The first entry of a column at or after a time. */
export function firstAtomicFrom(document: DocumentFacts, column: AtomicColumn, at: number): number {
  let low = 0;
  let high = column.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (atomicTime(document, column, middle) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
