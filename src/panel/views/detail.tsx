import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { formatCount, formatExactTime, plural } from '../worker/format.ts';
import type { EntityDetail, ShownFinding, TeardownView } from '../worker/protocol.ts';
import { EventList } from './event-list.tsx';
import { ComparisonCard, Path, VerdictChip } from './path.tsx';
import { Stack } from './stack.tsx';

/** What is known about the selected finding or lifeline. */
export function Detail() {
  const { state, actions } = usePanel();
  const finding = state.selectedFinding.value;
  const detail = state.detail.value;
  const chosen = state.selection.value;
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    root.current?.scrollTo(0, 0);
  }, [chosen, state.comparison.value]);
  return (
    <section class="detail" aria-label="Detail" id="detail" ref={root}>
      {chosen === undefined && state.comparison.value === undefined ? (
        <p class="faint pad hint">
          Select a finding or a lifeline to see what happened, why, and what to do.
        </p>
      ) : (
        <button
          type="button"
          class="tool detail-back"
          aria-label="Back to the findings"
          title="Back to the findings (Esc)"
          onClick={() => {
            actions.closeComparison();
            actions.select(undefined);
          }}
        >
          <Icon name="back" />
          <span>Findings</span>
        </button>
      )}
      <ComparisonCard />
      {finding !== undefined ? (
        <FindingDetail finding={finding} detail={detail} />
      ) : chosen !== undefined && detail !== undefined ? (
        <NodeDetail detail={detail} />
      ) : null}
    </section>
  );
}

interface PartProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly open?: boolean;
}

function Part({ title, children, open = true }: PartProps) {
  return (
    <details class="part" open={open}>
      <summary>
        <h3>{title}</h3>
      </summary>
      {children}
    </details>
  );
}

interface FindingDetailProps {
  readonly finding: ShownFinding;
  readonly detail: EntityDetail | undefined;
}

function FindingDetail({ finding, detail }: FindingDetailProps) {
  const { state, actions } = usePanel();
  const { severity, certainty, title, rule, entity, count, firstAt, lastAt } = finding;
  const own = detail !== undefined && detail.key === finding.row ? detail : undefined;
  return (
    <article class={`finding-detail ${severity}`}>
      <header>
        <h2>
          <Icon name={severity} label={severity} />
          <span>{title}</span>
        </h2>
        <p class="meta">
          <span>{rule}</span>
          <span class={`certainty ${certainty}`} title={CERTAINTY_WORDS[certainty]}>
            {certainty}
          </span>
          {finding.row === undefined ? (
            <span>{entity.label}</span>
          ) : (
            <button
              type="button"
              class="link"
              title="Show this lifeline"
              onClick={() => actions.select({ kind: 'row', key: finding.row ?? entity.id })}
            >
              {entity.label}
            </button>
          )}
          {entity.kind === 'block' ? (
            <button
              type="button"
              class="link"
              title="Show its biography"
              onClick={() => {
                actions.select({ kind: 'heap', key: entity.id, row: finding.row });
                actions.show('heap');
              }}
            >
              the block
            </button>
          ) : null}
          <span>{plural(count, 'time')}</span>
          <button
            type="button"
            class="link number"
            title="Show in the timeline"
            onClick={() => actions.jumpTo(firstAt)}
          >
            {formatExactTime(firstAt)}
            {lastAt > firstAt ? ` – ${formatExactTime(lastAt)}` : ''}
          </button>
        </p>
      </header>
      <p class="message">{finding.message}</p>
      {own === undefined ? null : <Links detail={own} />}
      {own === undefined ? null : <Teardowns teardowns={teardownsFor(finding, own)} />}
      {own === undefined || own.liveness.length === 0 ? null : (
        <Part title="Why this processor is still alive">
          <ul class="reasons">
            {own.liveness.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Part>
      )}
      <Part title="What it rests on">
        <EventList
          events={finding.evidence.map(({ thread, what }, i) => ({
            at: finding.evidenceAt[i] ?? finding.firstAt,
            thread,
            what,
            owner: '',
            place: undefined,
          }))}
        />
      </Part>
      <Part title="How to mend it">
        <p class="help">{finding.help}</p>
        {isWeb(finding.link) ? (
          <a href={finding.link} target="_blank" rel="noreferrer noopener">
            {finding.link.replace(/^https:\/\//u, '')}
            <Icon name="external" />
          </a>
        ) : null}
      </Part>
      {Object.keys(finding.stacks).length === 0 ? null : (
        <Part title="Where">
          <div class="stacks">
            {Object.entries(finding.stacks).map(([role, frames]) => (
              <Stack key={role} role={role} frames={frames} />
            ))}
          </div>
        </Part>
      )}
      {finding.explain === '' ? null : (
        <Part title="About this rule">
          <p class="explain">{finding.explain}</p>
        </Part>
      )}
      {state.selection.value?.kind === 'finding' && own !== undefined ? (
        <Part title={KIND_WORDS[own.kind]} open={false}>
          <Facts detail={own} />
        </Part>
      ) : null}
    </article>
  );
}

const CERTAINTY_WORDS = {
  proven: 'Follows from one thread or from the order of events',
  likely: 'Rests on clocks or on a guess of what the page intends',
} as const;
const KIND_WORDS = {
  node: 'The node',
  context: 'The context',
  worker: 'The worker',
  block: 'The block',
  site: 'The place',
  document: 'The page',
} as const;

function isWeb(link: string): boolean {
  return URL.canParse(link) && new URL(link).protocol === 'https:';
}

function NodeDetail({ detail }: { readonly detail: EntityDetail }) {
  const { state, actions } = usePanel();
  const findings = state.session.value.findings.filter(
    ({ id, row }) => row === detail.key || detail.findings.includes(id),
  );
  return (
    <article>
      <header>
        <h2>{detail.title}</h2>
      </header>
      {findings.length === 0 ? null : (
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
      )}
      <Links detail={detail} />
      <Teardowns teardowns={detail.teardowns} />
      <Facts detail={detail} />
      {detail.liveness.length === 0 ? null : (
        <Part title="Is its processor still alive?">
          <ul class="reasons">
            {detail.liveness.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Part>
      )}
      <Part title={`Life (${plural(detail.events.length + detail.eventsOmitted, 'event')})`}>
        {detail.eventsOmitted > 0 ? (
          <p class="faint">{plural(detail.eventsOmitted, 'event')} in the middle are not listed.</p>
        ) : null}
        <p class="faint">
          Choose an event, then Shift + click another: which of the two had to come first?
        </p>
        <EventList events={detail.events} />
      </Part>
      {detail.stacks.length === 0 ? null : (
        <Part title="Where">
          <div class="stacks">
            {detail.stacks.map(({ role, frames }, i) => (
              <Stack key={`${role}${i}`} role={role} frames={frames} />
            ))}
          </div>
        </Part>
      )}
    </article>
  );
}

/** Blocks of a node, nodes of a block: each opens where it is drawn. */
function Links({ detail }: { readonly detail: EntityDetail }) {
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

/** Of a freed block its own, else all of the node. */
function teardownsFor({ entity }: ShownFinding, { teardowns }: EntityDetail) {
  const own = teardowns.filter((each) => each.entity === entity.id);
  return entity.kind === 'block' && own.length > 0 ? own : teardowns;
}

/** Whether each release had to come after the last use, and by which way. */
function Teardowns({ teardowns }: { readonly teardowns: readonly TeardownView[] }) {
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

function Facts({ detail }: { readonly detail: EntityDetail }) {
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
