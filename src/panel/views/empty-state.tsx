import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import { formatCount, plural } from '../worker/format.ts';
import { emptinessOf } from './empty-state-model.ts';

/** A page that can be watched says hello well within this time. */
const PATIENCE_MS = 1500;

interface MessageProps {
  readonly id: string;
  readonly title: string;
  readonly children: ComponentChildren;
}

function Message({ id, title, children }: MessageProps) {
  return (
    <div class="empty" data-empty={id} role="status">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** In place of the timeline while there is nothing to draw; undefined once there is. */
export function EmptyState() {
  const { state, actions } = usePanel();
  const waited = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      waited.value = true;
    }, PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  switch (emptinessOf(state, waited.value)) {
    case 'none':
      return null;
    case 'connecting':
      return (
        <Message id="connecting" title="Connecting to the page…">
          <p>This takes a moment.</p>
        </Message>
      );
    case 'no-file':
      return (
        <Message id="no-file" title="Open a recorded session">
          <p>
            Drop a <code>.lifeline</code> file here, or choose one. To record a page, open DevTools
            on it and choose the Lifeline panel.
          </p>
          <OpenFileButton />
        </Message>
      );
    case 'paused':
      return (
        <Message id="paused" title="Recording is paused">
          <p>The page runs on unwatched. What happens meanwhile is shown as a gap.</p>
          <button type="button" class="primary" onClick={actions.toggleRecording}>
            <Icon name="record" />
            Record
          </button>
        </Message>
      );
    case 'unreachable':
      return (
        <Message id="unreachable" title="This page cannot be watched">
          <p>
            {state.unreachable.value.values().next().value ??
              'Extensions have no access to the browser’s own pages and to extension stores. A page that was open before the extension was installed must be reloaded once.'}
          </p>
          <button type="button" class="primary" onClick={actions.reloadAndRecord}>
            <Icon name="reload" />
            Reload and record
          </button>
        </Message>
      );
    case 'no-audio':
      return (
        <Message id="no-audio" title="No audio on this page yet">
          <p>
            Start the audio as a visitor would. Every AudioContext and AudioWorklet from then on
            appears here, also what happened before this panel was opened.
          </p>
          {state.settings.value.origins.length === 0 ? null : (
            <p>Only {state.settings.value.origins.join(', ')} is recorded, as the settings say.</p>
          )}
          <button type="button" onClick={actions.reloadAndRecord}>
            <Icon name="reload" />
            Reload and record
          </button>
        </Message>
      );
  }
}

function OpenFileButton() {
  return (
    <button
      type="button"
      class="primary"
      onClick={() => document.querySelector<HTMLInputElement>('#open-file')?.click()}
    >
      <Icon name="open" />
      Open session…
    </button>
  );
}

/** In place of the list of findings. */
export function NoFindings() {
  const { state } = usePanel();
  const { contexts, nodes, calls, file } = state.session.value;
  if (contexts === 0) {
    return <p class="faint pad">Findings appear here as soon as there is something to judge.</p>;
  }
  if (nodes === 0) {
    return (
      <Message id="no-worklets" title="Audio, but no worklets yet">
        <p>
          {plural(contexts, 'context')} and no AudioWorkletNode. Native nodes alone have no
          lifecycle that could go wrong here.
        </p>
      </Message>
    );
  }
  return (
    <Message id="no-findings" title="Nothing wrong so far">
      <p>
        {file === undefined ? 'Watching' : 'Watched'} {plural(nodes, 'node')} in{' '}
        {plural(contexts, 'context')}: {formatCount(calls)} calls.
        {file === undefined ? ' Tear something down on the page to test its ending.' : ''}
      </p>
    </Message>
  );
}
