import { useEffect, useRef } from 'preact/hooks';
import { HeapDetail } from '../heap/heap-detail.tsx';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { formatExactTime, plural } from '../worker/format.ts';
import type { EntityDetail, ShownFinding } from '../worker/protocol.ts';
import {
  CERTAINTY_WORDS,
  Events,
  Facts,
  Links,
  OwnFindings,
  Part,
  Stacks,
  Teardowns,
} from './detail-parts.tsx';
import { EventList } from './event-list.tsx';
import { ComparisonCard } from './path.tsx';
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
        <EntityArticle detail={detail} />
      ) : null}
    </section>
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

function EntityArticle({ detail }: { readonly detail: EntityDetail }) {
  return detail.kind === 'block' || detail.kind === 'site' ? (
    <HeapDetail detail={detail} kind={detail.kind} />
  ) : (
    <NodeDetail detail={detail} />
  );
}

function NodeDetail({ detail }: { readonly detail: EntityDetail }) {
  return (
    <article>
      <header>
        <h2>{detail.title}</h2>
      </header>
      <OwnFindings detail={detail} />
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
      <Events detail={detail} title="Life" />
      <Stacks detail={detail} />
    </article>
  );
}

/** Of a freed block its own, else all of the node. */
function teardownsFor({ entity }: ShownFinding, { teardowns }: EntityDetail) {
  const own = teardowns.filter((each) => each.entity === entity.id);
  return entity.kind === 'block' && own.length > 0 ? own : teardowns;
}
