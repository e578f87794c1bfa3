import { usePanel } from '../panel-context.ts';
import { formatExactTime } from '../worker/format.ts';
import type { PathStep, Verdict } from '../worker/protocol.ts';
import { EventButton } from './event-list.tsx';

/** The way from one event to another: each event takes the timeline to its place, between them what orders them. */
export function Path({ steps }: { readonly steps: readonly PathStep[] }) {
  return (
    <ol class="path">
      {steps.map(({ event, link }, i) => (
        <li key={i}>
          <EventButton event={event} />
          {link === undefined ? null : <p class={`edge ${link.order}`}>{link.words}</p>}
        </li>
      ))}
    </ol>
  );
}

/** A verdict as people read it. */
export function VerdictChip({ verdict }: { readonly verdict: Verdict }) {
  return (
    <span class={`verdict ${verdict}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden>
        {verdict === 'ordered' ? (
          <path d="M2 6.5l2.7 2.7L10 3" fill="none" stroke="currentColor" stroke-width="1.75" />
        ) : verdict === 'racy' ? (
          <path d="M7.5 0L2 6.8h3L3.8 12 10 4.8H6.6z" fill="currentColor" />
        ) : (
          <path
            d="M4 4.2a2 2 0 1 1 3 1.7c-.7.4-1 .7-1 1.4M6 9.6v.2"
            fill="none"
            stroke="currentColor"
            stroke-width="1.5"
            stroke-linecap="round"
          />
        )}
      </svg>
      {VERDICT_WORDS[verdict]}
    </span>
  );
}

const VERDICT_WORDS = {
  ordered: 'In order',
  racy: 'Race',
  unknown: 'Not known',
} as const satisfies { readonly [V in Verdict]: string };

/** The answer to which of two events had to come first. */
export function ComparisonCard() {
  const { state, actions } = usePanel();
  const comparison = state.comparison.value;
  const picked = state.picked.value;
  if (comparison === undefined) return null;
  return (
    <aside class={`comparison ${comparison.order}`} aria-label="Order of two events">
      <header>
        <h2>{comparison.title}</h2>
        <button
          type="button"
          class="link"
          title="Close (Esc)"
          onClick={() => actions.closeComparison()}
        >
          Close
        </button>
      </header>
      <p role="status">{comparison.message}</p>
      <Path steps={comparison.path} />
      {picked === undefined ? null : (
        <p class="faint">
          Compared with the event at {formatExactTime(picked.at)}. Shift + click another one to ask
          again.
        </p>
      )}
    </aside>
  );
}
