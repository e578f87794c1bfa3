import { usePanel } from '../panel-context.ts';
import { formatExactTime } from '../worker/format.ts';
import type { DetailEvent } from '../worker/protocol.ts';

/** Events in order; each takes the timeline to its place. */
export function EventList({ events }: { readonly events: readonly DetailEvent[] }) {
  return (
    <ol class="events">
      {events.map((event, i) => (
        <li key={i}>
          <EventButton event={event} />
        </li>
      ))}
    </ol>
  );
}

/** Shift + click, or Shift + Enter, asks for its order with the event that was chosen before. */
export function EventButton({ event }: { readonly event: DetailEvent }) {
  const { state, actions } = usePanel();
  const picked = state.picked.value;
  const isPicked = picked !== undefined && isSame(picked, event);
  return (
    <button
      type="button"
      class={isPicked ? 'event picked' : 'event'}
      aria-current={state.cursor.value === event.at}
      title={
        event.place === undefined
          ? 'Show in the timeline'
          : 'Show in the timeline; with Shift: which had to come first, this or the one chosen before?'
      }
      onMouseDown={(press) => {
        // Else it would select the text from the last place on.
        if (press.shiftKey) press.preventDefault();
      }}
      onClick={({ shiftKey }) => {
        if (shiftKey && picked !== undefined) void actions.compareWith(event);
        else actions.pick(event);
      }}
    >
      <span class="number">{formatExactTime(event.at)}</span>
      <span class="thread" title={event.thread}>
        {event.thread}
      </span>
      <span class="what">{event.what}</span>
    </button>
  );
}

function isSame(a: DetailEvent, b: DetailEvent): boolean {
  return (
    a.place !== undefined &&
    a.place.document === b.place?.document &&
    a.place.thread === b.place.thread &&
    a.place.tick === b.place.tick
  );
}
