import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Icon, type IconName } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import type { Pane } from '../panel-state.ts';

interface ToolButtonProps {
  readonly icon: IconName;
  readonly title: string;
  readonly onClick: () => void;
  readonly label?: string;
  readonly pressed?: boolean;
  readonly disabled?: boolean;
  readonly tone?: string;
}

export function ToolButton(props: ToolButtonProps) {
  const { icon, title, onClick, label, pressed, disabled, tone } = props;
  return (
    <button
      type="button"
      class={`tool ${tone ?? ''}`}
      title={title}
      aria-label={title}
      aria-pressed={pressed}
      disabled={disabled === true}
      onClick={onClick}
    >
      <Icon name={icon} />
      {label === undefined ? null : <span class="tool-label">{label}</span>}
    </button>
  );
}

export function Toolbar() {
  const { state, actions } = usePanel();
  const recording = state.settings.value.recording;
  const { file } = state.session.value;
  return (
    <div class="toolbar" role="toolbar" aria-label="Tools">
      {state.inspecting ? (
        <>
          <ToolButton
            icon={recording ? 'pause' : 'record'}
            title={recording ? 'Pause recording (Ctrl+E)' : 'Record (Ctrl+E)'}
            pressed={recording}
            tone={recording ? '' : 'tool-record'}
            onClick={actions.toggleRecording}
          />
          <ToolButton icon="clear" title="Clear (Ctrl+L)" onClick={actions.clear} />
          <ToolButton
            icon="reload"
            title="Clear, reload the page and record from its start (Ctrl+Shift+E)"
            label="Reload and record"
            onClick={actions.reloadAndRecord}
          />
          <span class="tool-rule" />
        </>
      ) : null}
      <PaneTabs />
      <span class="tool-rule" />
      <ToolButton
        icon="fit"
        title="Fit the whole session (0)"
        onClick={actions.fit}
        disabled={state.session.value.now === 0}
      />
      {state.inspecting && file === undefined ? (
        <ToolButton
          icon="follow"
          title="Follow the newest events (F)"
          pressed={state.following.value}
          onClick={() => actions.follow(!state.following.value)}
        />
      ) : null}
      <FilterBox />
      <span class="tool-gap" />
      <OpenButton />
      <ExportMenu />
      <span class="tool-rule" />
      <ToolButton
        icon="settings"
        title="Settings"
        onClick={() => {
          state.dialog.value = 'settings';
        }}
      />
      <ToolButton
        icon="help"
        title="Keyboard and symbols (?)"
        onClick={() => {
          state.dialog.value = 'help';
        }}
      />
    </div>
  );
}

const PANES: readonly (readonly [Pane, string])[] = [
  ['timeline', 'Timeline'],
  ['heap', 'Heap'],
];

function PaneTabs() {
  const { state, actions } = usePanel();
  return (
    <div class="tabs" role="tablist" aria-label="What is shown">
      {PANES.map(([pane, words]) => (
        <button
          type="button"
          key={pane}
          role="tab"
          id={`show-${pane}`}
          aria-selected={state.pane.value === pane}
          title={`${words} (H)`}
          onClick={() => actions.show(pane)}
        >
          {words}
        </button>
      ))}
    </div>
  );
}

function FilterBox() {
  const { state } = usePanel();
  return (
    <label class="filter">
      <Icon name="search" />
      <input
        type="search"
        id="filter"
        placeholder="Filter"
        aria-label="Filter nodes, blocks and findings (/)"
        spellcheck={false}
        value={state.filter.value}
        onInput={(event) => {
          state.filter.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          state.filter.value = '';
          event.currentTarget.blur();
        }}
      />
    </label>
  );
}

function OpenButton() {
  const { actions } = usePanel();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <ToolButton
        icon="open"
        title="Open a session file (.lifeline), or drop one here"
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        id="open-file"
        accept=".lifeline"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = '';
          if (file !== undefined) void actions.openFile(file);
        }}
      />
    </>
  );
}

function ExportMenu() {
  const { state, actions } = usePanel();
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const close = (): void => {
    open.value = false;
  };
  useEffect(() => {
    const outside = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) !== true) close();
    };
    document.addEventListener('pointerdown', outside);
    return () => document.removeEventListener('pointerdown', outside);
  });
  const nothing = state.session.value.documents === 0;
  const item = (id: string, title: string, note: string, run: () => Promise<void>) => (
    <button
      type="button"
      role="menuitem"
      id={id}
      onClick={() => {
        close();
        void run();
      }}
    >
      <span>{title}</span>
      <span class="faint">{note}</span>
    </button>
  );
  return (
    <div class="menu-root" ref={root}>
      <button
        type="button"
        class="tool"
        id="export"
        title="Export"
        aria-haspopup="menu"
        aria-expanded={open.value}
        disabled={nothing || state.job.value !== undefined}
        onClick={() => {
          open.value = !open.value;
        }}
      >
        <Icon name="export" />
        <span class="tool-label">Export</span>
        <Icon name="down" />
      </button>
      {open.value ? (
        <div
          class="menu"
          role="menu"
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.stopPropagation();
            close();
          }}
        >
          {item('export-session', 'Session', '.lifeline', actions.exportSession)}
          {item('export-trace', 'Trace', '.pftrace', actions.exportTrace)}
          {item('export-perfetto', 'Open in Perfetto', 'ui.perfetto.dev', actions.openPerfetto)}
        </div>
      ) : null}
    </div>
  );
}
