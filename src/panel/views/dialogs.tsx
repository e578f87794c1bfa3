import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { parseOrigins } from '../parse-origins.ts';
import { Legend } from './legend.tsx';
import { MemorySettings } from './memory-settings.tsx';
import { StressSettings } from './stress-settings.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['W S  or  + −', 'Zoom in and out'],
  ['A D  or  ← →', 'Pan'],
  ['Wheel', 'Zoom at the pointer; over the names: scroll'],
  ['Shift + wheel, drag', 'Pan'],
  ['0, double click', 'Fit the whole session'],
  ['F', 'Follow the newest events'],
  ['H', 'Heap, or back to the timeline'],
  ['↑ ↓', 'Previous or next finding or lifeline'],
  ['Enter', 'Show the selected finding in the timeline'],
  ['Click an event', 'Show it; the next one is compared with it'],
  ['Shift + click, Enter', 'Which had to come first, this event or that one?'],
  ['Space', 'Fold a page or context, or an owner of blocks'],
  ['/', 'Filter'],
  ['Esc', 'Close the comparison, then clear the selection'],
  ['Ctrl + E', 'Record or pause'],
  ['Ctrl + L', 'Clear'],
  ['Ctrl + Shift + E', 'Reload and record'],
  ['?', 'This help'],
];

export function Dialogs() {
  const { state } = usePanel();
  switch (state.dialog.value) {
    case 'help':
      return (
        <Dialog title="Keyboard and symbols">
          <div class="help-columns">
            <dl class="keys">
              {KEYS.map(([keys, what]) => (
                <div key={keys}>
                  <dt>{keys}</dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
            <Legend />
          </div>
        </Dialog>
      );
    case 'settings':
      return (
        <Dialog title="Settings">
          <SettingsForm />
        </Dialog>
      );
    case undefined:
      return null;
  }
}

function Dialog({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}) {
  const { state } = usePanel();
  const root = useRef<HTMLDialogElement>(null);
  const close = (): void => {
    state.dialog.value = undefined;
  };
  useEffect(() => {
    root.current?.showModal();
  }, []);
  return (
    <dialog
      ref={root}
      aria-label={title}
      onClose={close}
      onPointerDown={(event) => {
        if (event.target === root.current) close();
      }}
    >
      <div class="dialog-body">
        <header>
          <h2>{title}</h2>
          <button type="button" class="tool" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

function SettingsForm() {
  const { state, actions } = usePanel();
  const { fineClock, origins } = state.settings.value;
  const text = useSignal(origins.join('\n'));
  const { bad } = parseOrigins(text.value);
  return (
    <form
      class="settings"
      onSubmit={(event) => {
        event.preventDefault();
        state.dialog.value = undefined;
      }}
    >
      <label class="check">
        <input
          type="checkbox"
          id="fine-clock"
          checked={fineClock}
          onChange={(event) => actions.changeSettings({ fineClock: event.currentTarget.checked })}
        />
        <span>
          <b>Time every call</b>
          <span class="faint">
            Otherwise a sample is timed. Costs time and garbage on the audio thread.
          </span>
        </span>
      </label>
      <StressSettings />
      <MemorySettings />
      <label class="field">
        <b>Record only these origins</b>
        <span class="faint">One a line. Empty: all of them.</span>
        <textarea
          id="origins"
          rows={4}
          spellcheck={false}
          placeholder="https://example.com"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
          onChange={() => {
            const parsed = parseOrigins(text.value);
            if (parsed.bad.length === 0) actions.changeSettings({ origins: parsed.origins });
          }}
        />
        {bad.length === 0 ? null : (
          <span class="error-text" role="alert">
            Not an origin: {bad.join(', ')}
          </span>
        )}
      </label>
    </form>
  );
}
