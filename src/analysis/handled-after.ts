import type { MessageFacts, NodeFacts, Point } from './model.ts';
import { comparePoints } from './point.ts';

export interface HandledAfter {
  readonly count: number;
  readonly first: MessageFacts;
  readonly last: MessageFacts;
}

/** Without a counter, how much later than the page’s act a handler must run to be surely later. */
const MARGIN_MICROS = 250_000;

/** The messages of its page that a node’s processor handled after something the page did. */
export function handledAfter(node: NodeFacts, moment: Point): HandledAfter | undefined {
  const { channel } = node;
  if (channel === undefined) return undefined;
  let end = 0;
  for (const { received } of channel.sides[1]?.ends ?? []) end += received;
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const received = channel.message(0, middle)?.received;
    if (received === undefined || !isAfter(node, received, moment)) low = middle + 1;
    else high = middle;
  }
  const first = channel.message(0, low);
  const last = channel.message(0, end - 1);
  if (first?.received === undefined || last === undefined) return undefined;
  return { count: end - low, first, last };
}

function isAfter({ document }: NodeFacts, received: Point, moment: Point): boolean {
  if (document.isolated) return comparePoints(moment, received) < 0;
  return received.at > moment.at + MARGIN_MICROS;
}
