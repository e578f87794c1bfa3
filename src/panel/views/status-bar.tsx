import { usePanel } from '../panel-context.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../worker/format.ts';

/** One line on what was recorded, what was not, and whether the page is still there. */
export function StatusBar() {
  const { state, actions } = usePanel();
  const session = state.session.value;
  const { contexts, nodes, calls, now, lost, refused, forgottenBytes, coverage, file } = session;
  const status = state.status.value;
  return (
    <footer class="status">
      {file !== undefined ? (
        <span class="status-file" title={file}>
          <span class="name">{file}</span>
          <button type="button" class="link" onClick={actions.closeFile}>
            {state.inspecting ? 'Back to the page' : 'Close'}
          </button>
        </span>
      ) : state.inspecting ? (
        <span
          class={`connection ${state.settings.value.recording ? status : 'paused'}`}
          role="status"
        >
          <i aria-hidden />
          {!state.settings.value.recording
            ? 'Paused'
            : status === 'connected'
              ? 'Recording'
              : 'Reconnecting…'}
        </span>
      ) : null}
      {lost > 0 ? (
        <span class="warn" title="Records that could not be kept; hatched in the timeline">
          {plural(lost, 'record')} lost
        </span>
      ) : null}
      {refused > 0 ? (
        <span class="warn" title="Messages of the page that were not well formed">
          {formatCount(refused)} refused
        </span>
      ) : null}
      {forgottenBytes > 0 ? (
        <span class="warn" title="Older history that the page had dropped before it was watched">
          {formatBytes(forgottenBytes)} forgotten
        </span>
      ) : null}
      {coverage.length > 0 ? (
        <details class="coverage">
          <summary>{plural(coverage.length, 'thing')} not observed</summary>
          <ul>
            {coverage.map((each) => (
              <li key={each}>{each}</li>
            ))}
          </ul>
        </details>
      ) : null}
      {contexts > 0 ? (
        <span class="number">
          {formatDuration(now)} · {plural(contexts, 'context')} · {plural(nodes, 'node')} ·{' '}
          {plural(calls, 'call')}
        </span>
      ) : null}
      <JobStatus />
    </footer>
  );
}

function JobStatus() {
  const { state } = usePanel();
  const job = state.job.value;
  if (job === undefined) return null;
  return (
    <span class="job" role="status">
      <span>
        {job.title}: {job.stage}
      </span>
      <progress max={1} {...(job.progress === undefined ? {} : { value: job.progress })} />
      <button type="button" class="link" onClick={job.cancel}>
        Cancel
      </button>
    </span>
  );
}
