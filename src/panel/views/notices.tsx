import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';

export function Notices() {
  const { state, actions } = usePanel();
  return (
    <div class="notices" aria-live="polite">
      {state.notices.value.map(({ id, tone, text }) => (
        <div key={id} class={`notice ${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
          <Icon name={tone} label={tone} />
          <p>{text}</p>
          <button
            type="button"
            class="tool"
            aria-label="Dismiss"
            onClick={() => actions.dismiss(id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
