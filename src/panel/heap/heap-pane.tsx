import { useEffect, useRef } from 'preact/hooks';
import { usePanel } from '../panel-context.ts';
import { plural } from '../worker/format.ts';
import {
  HEAP_OWNERS,
  HEAP_STATES,
  type HeapOwner,
  type HeapShown,
} from '../worker/heap/heap-protocol.ts';
import { HeapChart } from './heap-chart.tsx';
import { HeapEmpty } from './heap-empty.tsx';
import { HeapMemories } from './heap-memories.tsx';
import { HeapTable } from './heap-table.tsx';
import { watchHeap } from './watch-heap.ts';

const OWNER_WORDS: { readonly [O in HeapOwner]: string } = {
  node: 'Node',
  context: 'Context',
  site: 'Call site',
};
const SHOWN_WORDS: { readonly [S in HeapShown]: string } = {
  all: 'All',
  live: 'Live',
  freed: 'Freed',
};

/** The blocks of heaps: who has them, how many live, and how that grows. */
export function HeapPane() {
  const panel = usePanel();
  const { state, actions } = panel;
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => watchHeap(panel, () => root.current?.clientWidth ?? 1000), [panel]);
  const view = state.heap.value;
  const { by, shown } = state.heapChoice.value;
  return (
    <div class="heap" id="heap" ref={root}>
      {view === undefined ? null : view.memories.length === 0 ? (
        <HeapEmpty view={view} />
      ) : (
        <>
          <div class="heap-head">
            <Choice
              label="By"
              options={HEAP_OWNERS}
              words={OWNER_WORDS}
              value={by}
              onChoose={(owner) => actions.chooseHeap({ by: owner, toggled: [] })}
            />
            <Choice
              label="Show"
              options={HEAP_STATES}
              words={SHOWN_WORDS}
              value={shown}
              onChoose={(which) => actions.chooseHeap({ shown: which })}
            />
            <span class="faint">{plural(view.blocks, 'known block')}</span>
          </div>
          <div class="heap-top">
            <HeapMemories memories={view.memories} />
            <HeapChart />
          </div>
          <HeapTable view={view} />
        </>
      )}
    </div>
  );
}

interface ChoiceProps<V extends string> {
  readonly label: string;
  readonly options: readonly V[];
  readonly words: { readonly [O in V]: string };
  readonly value: V;
  readonly onChoose: (value: V) => void;
}

/** One of a few, side by side. */
function Choice<V extends string>({ label, options, words, value, onChoose }: ChoiceProps<V>) {
  return (
    <fieldset class="choice">
      <legend class="faint">{label}</legend>
      {options.map((option) => (
        <button
          type="button"
          key={option}
          aria-pressed={option === value}
          onClick={() => onChoose(option)}
        >
          {words[option]}
        </button>
      ))}
    </fieldset>
  );
}
