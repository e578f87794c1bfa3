import { OPEN } from '../../analysis/ordering/ordering.ts';
import type { Session } from '../../analysis/session.ts';
import type { Micros, Seq } from '../../shared/units.ts';
import { buildApart, buildPath } from './build-path.ts';
import type { EntityEvent } from './entity-events.ts';
import type { Comparison, DetailEvent } from './protocol.ts';
import { buildSessionTime } from './session-time.ts';

/** Which of two events had to come first: what happened first is seen in the timeline, this is what edges say. */
export function buildComparison(
  session: Session,
  first: DetailEvent,
  second: DetailEvent,
): Comparison {
  const [a, b] = [first.place, second.place];
  const document = session.documents.find(({ index }) => index === a?.document);
  if (a === undefined || b === undefined || document === undefined) {
    return apart(first, second, 'unknown', 'One of the two has no place in the order of a thread.');
  }
  if (a.document !== b.document) {
    return apart(
      first,
      second,
      'unknown',
      'They are of two pages, between which nothing is followed.',
    );
  }
  const { order, path, why } = session.ordering(document).compare(a, b);
  const [early, late] = order === 'after' ? [second, first] : [first, second];
  switch (order) {
    case 'same':
    case 'before':
    case 'after': {
      const offset = buildSessionTime(session.documents).offsetOf(document);
      const edges = path.length === 1 ? 'one edge leads' : `${path.length} edges lead`;
      return {
        order: 'ordered',
        title: order === 'same' ? 'The same moment' : 'Ordered',
        message:
          a.thread === b.thread
            ? 'One thread did both, one after the other.'
            : `The first had to come before the second: ${edges} from one to the other.`,
        path: buildPath(document, offset, local(early, offset), path, local(late, offset)),
      };
    }
    case 'unordered':
      return apart(
        first,
        second,
        'unordered',
        'No message, lock, promise or start of a thread leads from one to the other: another run may have them the other way round.',
        document.isolated,
      );
    case 'unknown':
      return apart(
        first,
        second,
        'unknown',
        `It cannot be told${why === undefined ? '' : `: ${OPEN[why]}`}.`,
        document.isolated,
      );
  }
}

function apart(
  first: DetailEvent,
  second: DetailEvent,
  order: 'unordered' | 'unknown',
  message: string,
  isolated = false,
): Comparison {
  const title = order === 'unordered' ? 'Not ordered' : 'Not known';
  return { order, title, message, path: buildApart(isolated, named(first), named(second), order) };
}

/** With the name of whom it is of. */
function named(event: DetailEvent): DetailEvent {
  const { owner, what } = event;
  return owner === '' ? event : { ...event, owner: '', what: `${owner}: ${what}` };
}

function local(event: DetailEvent, offset: number): EntityEvent {
  return {
    at: (event.at - offset) as Micros,
    seq: 0 as Seq,
    thread: event.place?.thread ?? (0 as never),
    tick: event.place?.tick ?? 0,
    what: named(event).what,
  };
}
