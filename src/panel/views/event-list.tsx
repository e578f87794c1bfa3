import { usePanel } from '../panel-context.ts';
import { formatExactTime } from '../worker/format.ts';
import type { DetailEvent } from '../worker/protocol.ts';

/** Events in order; each takes the timeline to its place. */
export function EventList({ events }: { readonly events: readonly DetailEvent[] }) {
  const { state, actions } = usePanel();
  const cursor = state.cursor.value;
  return (
    <ol class="events">
      {events.map((event, i) => (
        <li key={i}>
          <button
            type="button"
            class="event"
            aria-current={cursor === event.at}
            title="Show in the timeline"
            onClick={() => actions.jumpTo(event.at)}
          >
            <span class="number">{formatExactTime(event.at)}</span>
            <span class="thread">{event.thread}</span>
            <span class="what">{event.what}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
