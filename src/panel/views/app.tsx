import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { HeapPane } from '../heap/heap-pane.tsx';
import { type Panel, PanelContext } from '../panel-context.ts';
import { hasSomething } from '../panel-state.ts';
import { Timeline } from '../timeline/timeline.tsx';
import { Detail } from './detail.tsx';
import { Dialogs } from './dialogs.tsx';
import { EmptyState } from './empty-state.tsx';
import { observeFileDrops } from './file-drops.ts';
import { FindingList } from './finding-list.tsx';
import { Notices } from './notices.tsx';
import { runShortcut } from './shortcuts.ts';
import { Splitter } from './splitter.tsx';
import { StatusBar } from './status-bar.tsx';
import { Toolbar } from './toolbar.tsx';

export function App({ panel }: { readonly panel: Panel }) {
  const { state, actions } = panel;
  const root = useRef<HTMLDivElement>(null);
  const dropping = useSignal(false);
  const lowerShare = useSignal(0.52);
  const detailShare = useSignal(0.52);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (!runShortcut(event, panel)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    // DevTools listens on the document, for Escape and ? among others: what we use it must not see.
    const { documentElement } = document;
    documentElement.addEventListener('keydown', onKeyDown);
    return () => documentElement.removeEventListener('keydown', onKeyDown);
  }, [panel]);
  useEffect(
    () =>
      observeFileDrops((over) => {
        dropping.value = over;
      }, actions.openFile),
    [panel],
  );
  return (
    <PanelContext.Provider value={panel}>
      <div
        ref={root}
        class={`panel ${dropping.value ? 'dropping' : ''} ${
          state.selection.value === undefined && state.comparison.value === undefined
            ? ''
            : 'has-selection'
        } ${hasSomething(state) ? '' : 'is-empty'}`}
        style={{
          '--upper': `${1 - lowerShare.value}fr`,
          '--lower': `${lowerShare.value}fr`,
          '--list': `${1 - detailShare.value}fr`,
          '--detail': `${detailShare.value}fr`,
        }}
      >
        <Toolbar />
        <main class="upper">
          {state.pane.value === 'heap' ? <HeapPane /> : <Timeline />}
          <EmptyState />
        </main>
        <Splitter
          axis="y"
          label="Height of the findings"
          share={lowerShare.value}
          onMove={(y) => {
            const box = root.current?.getBoundingClientRect();
            if (box !== undefined) lowerShare.value = clampShare(1 - (y - box.top) / box.height);
          }}
          onStep={(step) => {
            lowerShare.value = clampShare(lowerShare.value - step * 0.03);
          }}
        />
        <div class="lower">
          <FindingList />
          <Splitter
            axis="x"
            label="Width of the detail"
            share={detailShare.value}
            onMove={(x) => {
              const box = root.current?.getBoundingClientRect();
              if (box !== undefined) detailShare.value = clampShare(1 - (x - box.left) / box.width);
            }}
            onStep={(step) => {
              detailShare.value = clampShare(detailShare.value - step * 0.03);
            }}
          />
          <Detail />
        </div>
        <StatusBar />
        <Notices />
        <Dialogs />
        {dropping.value ? <div class="drop">Drop a session file to open it</div> : null}
      </div>
    </PanelContext.Provider>
  );
}

function clampShare(share: number): number {
  return Math.min(0.85, Math.max(0.15, share));
}
