import { useEffect, useRef } from 'preact/hooks';
import type { Severity } from '../../analysis/finding.ts';
import { countBySeverity, type FindingColumn, SEVERITIES } from '../findings/finding-list-model.ts';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { formatCount, formatTime } from '../worker/format.ts';
import type { ShownFinding } from '../worker/protocol.ts';
import { NoFindings } from './empty-state.tsx';

const SEVERITY_WORDS = { error: 'errors', warning: 'warnings', info: 'notes' } as const;
const HEADINGS: readonly (readonly [FindingColumn, string])[] = [
  ['severity', 'Finding'],
  ['rule', 'Rule'],
  ['entity', 'Where'],
  ['certainty', 'Certainty'],
  ['count', 'Count'],
  ['time', 'First'],
];
const PAGE = 8;
/** More findings than this no list shows: the filter picks among them. */
const SHOWN = 500;

export function FindingList() {
  const { state, actions } = usePanel();
  const list = useRef<HTMLDivElement>(null);
  const findings = state.findings.value;
  const selected = state.selectedFinding.value?.id;
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = stepOf(event.key);
    if (step !== undefined) actions.stepFinding(step);
    else if (event.key === 'Enter') jumpToSelected();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const jumpToSelected = (): void => {
    const finding = state.selectedFinding.value;
    if (finding !== undefined) actions.jumpTo(finding.firstAt);
  };
  return (
    <section class="findings" aria-label="Findings">
      <FindingsHeader />
      {state.session.value.findings.length === 0 ? (
        <NoFindings />
      ) : (
        <div
          class="finding-rows"
          role="listbox"
          tabIndex={0}
          id="finding-list"
          aria-label="Findings"
          aria-activedescendant={selected === undefined ? undefined : optionId(selected)}
          ref={list}
          onKeyDown={onKeyDown}
        >
          {findings.slice(0, SHOWN).map((finding) => (
            <FindingRow
              key={finding.id}
              finding={finding}
              selected={finding.id === selected}
              span={state.session.value.now}
              onSelect={() => {
                actions.select({ kind: 'finding', id: finding.id });
                list.current?.focus({ preventScroll: true });
              }}
              onJump={jumpToSelected}
            />
          ))}
          {findings.length > SHOWN ? (
            <p class="faint pad">
              And {formatCount(findings.length - SHOWN)} more, which the filter finds.
            </p>
          ) : null}
          {findings.length === 0 ? <p class="faint pad">No finding matches the filter.</p> : null}
        </div>
      )}
    </section>
  );
}

function stepOf(key: string): number | 'first' | 'last' | undefined {
  switch (key) {
    case 'ArrowDown':
      return 1;
    case 'ArrowUp':
      return -1;
    case 'PageDown':
      return PAGE;
    case 'PageUp':
      return -PAGE;
    case 'Home':
      return 'first';
    case 'End':
      return 'last';
    default:
      return undefined;
  }
}

function optionId(finding: string): string {
  return `finding-${finding}`;
}

function FindingsHeader() {
  const { state } = usePanel();
  const counts = countBySeverity(state.session.value.findings);
  const toggle = (severity: Severity): void => {
    const next = new Set(state.severities.value);
    if (!next.delete(severity)) next.add(severity);
    state.severities.value = next;
  };
  const sort = (by: FindingColumn): void => {
    const { by: now, descending } = state.order.value;
    state.order.value = { by, descending: now === by ? !descending : by === 'count' };
  };
  return (
    <header class="findings-head">
      <div class="chips">
        <h2>Findings</h2>
        {SEVERITIES.map((severity) => (
          <button
            type="button"
            key={severity}
            class={`chip ${severity}`}
            aria-pressed={state.severities.value.has(severity)}
            title={`Show or hide ${SEVERITY_WORDS[severity]}`}
            onClick={() => toggle(severity)}
          >
            <Icon name={severity} label={severity} />
            <span>{formatCount(counts[severity])}</span>
          </button>
        ))}
      </div>
      <div class="columns" hidden={state.session.value.findings.length === 0}>
        {HEADINGS.map(([column, heading]) => (
          <button
            type="button"
            key={column}
            class={`column finding-${column}`}
            title={`Sort by ${column}`}
            aria-pressed={state.order.value.by === column}
            onClick={() => sort(column)}
          >
            {heading}
            {state.order.value.by !== column ? '' : state.order.value.descending ? ' ▾' : ' ▴'}
          </button>
        ))}
      </div>
    </header>
  );
}

interface FindingRowProps {
  readonly finding: ShownFinding;
  readonly selected: boolean;
  readonly span: number;
  readonly onSelect: () => void;
  readonly onJump: () => void;
}

function FindingRow({ finding, selected, span, onSelect, onJump }: FindingRowProps) {
  const { severity, certainty, rule, title, entity, count, firstAt } = finding;
  return (
    <div
      role="option"
      tabIndex={-1}
      id={optionId(finding.id)}
      class={`finding ${severity}`}
      aria-selected={selected}
      data-rule={rule}
      title={finding.message}
      onPointerDown={(event) => {
        event.preventDefault();
        onSelect();
      }}
      onDblClick={onJump}
    >
      <Icon name={severity} label={severity} />
      <span class="finding-title">{title}</span>
      <span class="finding-rule">{rule}</span>
      <span class="finding-entity">{entity.label}</span>
      <span class={`finding-certainty certainty ${certainty}`}>{certainty}</span>
      <span class="finding-count number">{formatCount(count)}</span>
      <span class="finding-time number">{formatTime(firstAt, span)}</span>
    </div>
  );
}
