import type { ComponentChildren } from 'preact';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { formatCount, plural } from '../worker/format.ts';
import type { EntityDetail, TeardownView } from '../worker/protocol.ts';
import { EventList } from './event-list.tsx';
import { Path, VerdictChip } from './path.tsx';
import { Stack } from './stack.tsx';

interface PartProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly open?: boolean;
}

export function Part({ title, children, open = true }: PartProps) {
  return (
    <details class="part" open={open}>
      <summary>
        <h3>{title}</h3>
      </summary>
      {children}
    </details>
  );
}

export const CERTAINTY_WORDS = {
  proven: 'Follows from one thread or from the order of events',
  likely: 'Rests on clocks or on a guess of what the page intends',
} as const;

/** The findings about an entity. */
export function OwnFindings({ detail }: { readonly detail: EntityDetail }) {
  const { state, actions } = usePanel();
  const findings = state.session.value.findings.filter(({ id, row }) =>
    detail.key === detail.row ? row === detail.key : detail.findings.includes(id),
  );
  if (findings.length === 0) return null;
  return (
    <ul class="own-findings">
      {findings.map((finding) => (
        <li key={finding.id}>
          <button
            type="button"
            class="link"
            onClick={() => actions.select({ kind: 'finding', id: finding.id })}
          >
            <Icon name={finding.severity} label={finding.severity} />
            {finding.title}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Blocks of a node, nodes of a block: each opens where it is drawn. */
export function Links({ detail }: { readonly detail: EntityDetail }) {
  const { actions } = usePanel();
  if (detail.links.length === 0) return null;
  return (
    <p class="links">
      <span class="faint">{LINK_WORDS[detail.kind]}</span>
      {detail.links.slice(0, MOST_LINKS).map(({ label, target }) => (
        <button
          type="button"
          key={target.key}
          class="link"
          onClick={() => {
            actions.select(target);
            actions.show(target.kind === 'heap' ? 'heap' : 'timeline');
          }}
        >
          {label}
        </button>
      ))}
      {detail.links.length > MOST_LINKS ? (
        <span class="faint">and {formatCount(detail.links.length - MOST_LINKS)} more</span>
      ) : null}
    </p>
  );
}

const MOST_LINKS = 12;
const LINK_WORDS = {
  node: 'Its blocks',
  block: 'Lifeline of',
  site: 'Its blocks',
  context: '',
  worker: '',
  document: '',
} as const;

/** Whether each release had to come after the last use, and by which way. */
export function Teardowns({ teardowns }: { readonly teardowns: readonly TeardownView[] }) {
  if (teardowns.length === 0) return null;
  return (
    <Part title={teardowns.length === 1 ? 'Teardown' : `Teardowns (${teardowns.length})`}>
      <ul class="teardowns">
        {teardowns.map(({ verdict, certainty, title, message, path }, i) => (
          <li key={i} class="teardown">
            <h4>
              <VerdictChip verdict={verdict} />
              <span>{title}</span>
              <span class={`certainty ${certainty}`} title={CERTAINTY_WORDS[certainty]}>
                {certainty}
              </span>
            </h4>
            <p>{message}</p>
            <Path steps={path} />
          </li>
        ))}
      </ul>
    </Part>
  );
}

export function Facts({ detail }: { readonly detail: EntityDetail }) {
  return (
    <dl class="facts">
      {detail.facts.map(({ label, value }, i) => (
        <div key={i}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Events({
  detail,
  title,
}: {
  readonly detail: EntityDetail;
  readonly title: string;
}) {
  const { events, eventsOmitted } = detail;
  return (
    <Part title={`${title} (${plural(events.length + eventsOmitted, 'event')})`}>
      {eventsOmitted > 0 ? (
        <p class="faint">{plural(eventsOmitted, 'event')} in the middle are not listed.</p>
      ) : null}
      <p class="faint">
        Choose an event, then Shift + click another: which of the two had to come first?
      </p>
      <EventList events={events} />
    </Part>
  );
}

export function Stacks({ detail }: { readonly detail: EntityDetail }) {
  if (detail.stacks.length === 0) return null;
  return (
    <Part title="Where">
      <div class="stacks">
        {detail.stacks.map(({ role, frames }, i) => (
          <Stack key={`${role}${i}`} role={role} frames={frames} />
        ))}
      </div>
    </Part>
  );
}
