import { threadLabel } from '../../analysis/labels.ts';
import type { DocumentFacts } from '../../analysis/model.ts';
import { EDGE_KINDS, type Edge } from '../../analysis/ordering/places.ts';
import type { EntityEvent } from './entity-events.ts';
import { eventOfEdge } from './find-event.ts';
import type { DetailEvent, PathLink, PathStep } from './protocol.ts';

const SAME_THREAD: PathLink = { words: 'later in the same thread', order: 'ordered' };
const WITHIN: PathLink = { words: 'before it had returned', order: 'ordered' };

/** Microseconds by which the clocks of two threads may differ when the machine is busy. */
const CLOCKS_APART = 250_000;

/** The way from one event to a later one over the edges that order them. */
export function buildPath(
  document: DocumentFacts,
  offset: number,
  first: EntityEvent,
  edges: readonly Edge[],
  last: EntityEvent,
): readonly PathStep[] {
  const steps: { event: EntityEvent; link: PathLink | undefined }[] = [];
  const arrive = (event: EntityEvent): void => {
    const before = steps.at(-1);
    if (before !== undefined && isSame(before.event, event)) return;
    steps.push({ event, link: undefined });
    if (before !== undefined) before.link ??= event.tick < before.event.tick ? WITHIN : SAME_THREAD;
  };
  const about = {
    from: Math.min(first.at, last.at) - CLOCKS_APART,
    until: Math.max(first.at, last.at) + CLOCKS_APART,
  };
  arrive(first);
  for (const edge of edges) {
    arrive(eventOfEdge(document, edge, 'from', about));
    const from = steps.at(-1);
    if (from !== undefined) from.link = { words: EDGE_KINDS[edge.kind].words, order: 'ordered' };
    steps.push({ event: eventOfEdge(document, edge, 'to', about), link: undefined });
  }
  arrive(last);
  return steps.map(({ event, link }) => ({ event: showEvent(document, offset, event), link }));
}

/** Two events that nothing leads between, as far as is known, the one that happened first before the other. */
export function buildApart(
  isolated: boolean,
  first: DetailEvent,
  second: DetailEvent,
  order: 'unordered' | 'unknown',
): readonly PathStep[] {
  const words = order === 'unordered' ? 'nothing orders these two' : 'their order is not known';
  // Clocks of two threads may be some milliseconds apart; where there is a counter, it knows.
  const inOrder =
    isolated && first.place !== undefined && second.place !== undefined
      ? first.place.tick <= second.place.tick
      : first.at <= second.at;
  const [early, late] = inOrder ? [first, second] : [second, first];
  return [
    { event: early, link: { words, order } },
    { event: late, link: undefined },
  ];
}

/** In session time. */
export function showEvent(
  document: DocumentFacts,
  offset: number,
  { at, thread, tick, what }: EntityEvent,
  owner = '',
): DetailEvent {
  return {
    at: at + offset,
    thread: threadLabel(document, thread),
    what,
    owner,
    place: { document: document.index, thread, tick },
  };
}

function isSame(a: EntityEvent, b: EntityEvent): boolean {
  return a.thread === b.thread && a.tick === b.tick;
}
