import { useEffect, useRef } from 'preact/hooks';
import { xOf } from '../drawing/time-scale.ts';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { formatBytes, formatCount } from '../worker/format.ts';
import type { HeapGroup, HeapRow, HeapSort, HeapView } from '../worker/heap/heap-protocol.ts';
import { heapLines, lineId, selectedLine, targetOf } from './heap-lines.ts';

const HEADINGS: readonly (readonly [HeapSort, string, string])[] = [
  ['worst', 'Owner', 'The worst first'],
  ['blocks', 'Live', 'By the number of blocks'],
  ['live', 'Bytes', 'By live bytes'],
  ['growth', 'Growth', 'By how live bytes have changed over the stretch in sight'],
];
const PAGE = 10;

/** Owners and their blocks, each with its life on the time line of the chart above. */
export function HeapTable({ view }: { readonly view: HeapView }) {
  const { state, actions } = usePanel();
  const root = useRef<HTMLDivElement>(null);
  const lines = heapLines(view);
  const selected = selectedLine(lines, state.selectedEntity.value, state.selectedFinding.value);
  const selectedId = selected === undefined ? undefined : lineId(selected);
  useEffect(() => {
    root.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [selectedId]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step !== undefined) actions.stepHeap(step);
    else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft' || event.key === ' ') {
      const wanted = event.key === ' ' ? undefined : event.key === 'ArrowRight';
      if (selected === undefined || selected.group.blocks === 0) return;
      if (selected.group.open !== wanted) actions.toggleGroup(selected.group.id);
    } else if (event.key === 'Enter' && selected?.kind === 'block') {
      actions.jumpTo(selected.row.born);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="heap-table">
      <div class="heap-line heap-headings" aria-hidden={lines.length === 0}>
        {HEADINGS.map(([sort, heading, title]) => (
          <button
            type="button"
            key={sort}
            class={`column ${sort === 'worst' ? '' : 'end'}`}
            title={title}
            aria-pressed={state.heapChoice.value.sort === sort}
            onClick={() => actions.chooseHeap({ sort })}
          >
            {heading}
            {state.heapChoice.value.sort === sort && sort !== 'worst' ? ' ▾' : ''}
          </button>
        ))}
        <span class="column">Life</span>
      </div>
      <div
        class="heap-lines"
        id="heap-lines"
        role="tree"
        tabIndex={0}
        aria-label="Blocks by owner"
        aria-activedescendant={selectedId}
        ref={root}
        onKeyDown={onKeyDown}
      >
        {lines.map((line) => {
          const id = lineId(line);
          const target = targetOf(line);
          return (
            <div
              key={id}
              id={id}
              role="treeitem"
              tabIndex={-1}
              aria-level={line.kind === 'group' ? 1 : 2}
              aria-selected={id === selectedId}
              {...(line.kind === 'group' ? { 'aria-expanded': line.group.open } : {})}
              class={`heap-line ${line.kind === 'group' ? 'heap-owner' : 'heap-block'}`}
              onPointerDown={(event) => {
                event.preventDefault();
                if (target !== undefined) actions.select(target);
                root.current?.focus({ preventScroll: true });
              }}
              onDblClick={() => {
                if (line.kind === 'block') actions.jumpTo(line.row.born);
                else actions.toggleGroup(line.group.id);
              }}
            >
              {line.kind === 'group' ? (
                <Owner group={line.group} view={view} />
              ) : (
                <Block {...line} />
              )}
            </div>
          );
        })}
        {lines.length === 0 ? <p class="faint pad">No block matches.</p> : null}
        {view.groupsOmitted > 0 ? (
          <p class="faint pad">
            And {formatCount(view.groupsOmitted)} more owners, which the filter finds.
          </p>
        ) : null}
      </div>
    </div>
  );
}

const STEPS: { readonly [key: string]: number | 'first' | 'last' | undefined } = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: PAGE,
  PageUp: -PAGE,
  Home: 'first',
  End: 'last',
};

function Owner({ group, view }: { readonly group: HeapGroup; readonly view: HeapView }) {
  const { actions } = usePanel();
  const { blocks, growth, id, label, live, liveBytes, note, open, rowsOmitted, worst } = group;
  const hidden = rowsOmitted > 0 ? `, ${formatCount(rowsOmitted)} not listed` : '';
  return (
    <>
      <span class="heap-name" title={`${label} ${note}`}>
        <button
          type="button"
          class={open ? 'twisty open' : 'twisty'}
          tabIndex={-1}
          aria-label={open ? 'Fold' : 'Unfold'}
          onPointerDown={(event) => {
            event.preventDefault();
            event.stopPropagation();
            actions.toggleGroup(id);
          }}
        />
        {worst === undefined ? null : <Icon name={worst} label={worst} />}
        <span class="name">{label}</span>
        <span class="faint note">{`${note}${hidden}`}</span>
      </span>
      <span class="number end">
        {formatCount(live)} <span class="faint">of {formatCount(blocks)}</span>
      </span>
      <span class="number end">{formatBytes(liveBytes)}</span>
      <span class={`number end ${growth > 0 ? 'grows' : 'faint'}`}>{growthWords(growth)}</span>
      <span class="heap-life">
        <OwnCurve group={group} view={view} />
      </span>
    </>
  );
}

function growthWords(growth: number): string {
  if (growth === 0) return '–';
  return growth > 0 ? `+${formatBytes(growth)}` : `−${formatBytes(-growth)}`;
}

/** The live bytes of one owner, as high as its own most. */
function OwnCurve({ group, view }: { readonly group: HeapGroup; readonly view: HeapView }) {
  const { state } = usePanel();
  const { curve } = group;
  const { from, to } = view.query;
  const span = state.span.value;
  const left = xOf(span, 100, from);
  const right = xOf(span, 100, to);
  const known = Math.min(1, Math.max(0, (state.session.value.now - from) / (to - from)));
  const most = curve.reduce((high, value) => Math.max(high, value), 0);
  if (most === 0) return null;
  const end = Math.ceil(curve.length * known);
  const parts = [`M0 1`];
  for (let i = 0; i < end; i++) {
    const y = 1 - Math.max(0, curve[i] ?? 0) / most;
    const x = Math.min(i + 1.5, curve.length * known);
    parts.push(`L${i + 0.5} ${y}L${x} ${y}`);
  }
  parts.push(`L${curve.length * known} 1Z`);
  return (
    <svg
      class="heap-curve"
      aria-hidden="true"
      viewBox={`0 0 ${curve.length} 1`}
      preserveAspectRatio="none"
      style={{ left: `${left}%`, width: `${right - left}%` }}
    >
      <path d={parts.join('')} />
    </svg>
  );
}

function Block({ row }: { readonly row: HeapRow }) {
  const { address, bytes, freed, label, wentWithPage, worst } = row;
  const end = freed === undefined ? 'live' : wentWithPage ? 'gone' : 'freed';
  return (
    <>
      <span class="heap-name" title={`${label} at ${address}`}>
        {worst === undefined ? null : <Icon name={worst} label={worst} />}
        <span class="name">{label}</span>
        <span class="faint note number">{address}</span>
      </span>
      <span
        class={end === 'live' ? 'end' : 'end faint'}
        title={end === 'gone' ? 'Its page went away before it was freed' : undefined}
      >
        {end}
      </span>
      <span class={end === 'live' ? 'number end' : 'number end faint'}>
        {bytes === 0 ? '?' : formatBytes(bytes)}
      </span>
      <span />
      <span class="heap-life">
        <Life row={row} />
      </span>
    </>
  );
}

/** From allocation to free, and what happened after that. */
function Life({ row }: { readonly row: HeapRow }) {
  const { state } = usePanel();
  const { born, freed, misuses, usedUntil, wentWithPage } = row;
  const span = state.span.value;
  const at = (time: number): number => xOf(span, 100, time);
  const left = Math.max(at(born), -1);
  const right = Math.min(at(freed ?? state.session.value.now), 101);
  return (
    <>
      {right < 0 || left > 100 ? null : (
        <i class="life" style={{ left: `${left}%`, width: `max(2px, ${right - left}%)` }} />
      )}
      {freed === undefined || usedUntil === undefined ? null : (
        <i
          class="after"
          style={{ left: `${at(freed)}%`, width: `max(3px, ${at(usedUntil) - at(freed)}%)` }}
        />
      )}
      {freed === undefined || wentWithPage || right < 0 || right > 100 ? null : (
        <i class="freed" style={{ left: `${right}%` }} />
      )}
      {misuses.map((time) => {
        const x = at(time);
        return x < 0 || x > 100 ? null : <i key={time} class="misuse" style={{ left: `${x}%` }} />;
      })}
    </>
  );
}
