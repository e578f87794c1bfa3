import { useSignal } from '@preact/signals';
import { isSeed } from '../../shared/settings.ts';
import { MAX_SEED } from '../../shared/stress-schedule.ts';
import { usePanel } from '../panel-context.ts';

const FIRST_SEED = 1;

/** Stress teardown: whether, and on the schedule of which seed. */
export function StressSettings() {
  const { state, actions } = usePanel();
  const { stress } = state.settings.value;
  const seed = useSignal(String(stress || FIRST_SEED));
  const isBad = !isSeed(Number(seed.value));
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          id="stress"
          checked={stress > 0}
          onChange={(event) => {
            const { checked } = event.currentTarget;
            if (checked && isBad) seed.value = String(FIRST_SEED);
            actions.changeSettings({ stress: checked ? Number(seed.value) : 0 });
          }}
        />
        <span>
          <b>Stress teardown</b>
          <span class="faint">
            Makes races happen: while a page gives a node up, holds process() calls, delays
            messages, suspends contexts and drops quanta, each for a moment. For pages that are
            loaded from now on. Whoever listens hears it.
          </span>
        </span>
      </label>
      <label class="field">
        <b>Seed</b>
        <span class="faint">The same number on the same page makes the same schedule.</span>
        <input
          type="number"
          id="stress-seed"
          min={1}
          max={MAX_SEED}
          step={1}
          value={seed.value}
          onInput={(event) => {
            seed.value = event.currentTarget.value;
          }}
          onChange={() => {
            if (!isBad && stress > 0) actions.changeSettings({ stress: Number(seed.value) });
          }}
        />
        {isBad ? (
          <span class="error-text" role="alert">
            Not a whole number from 1 to {MAX_SEED}.
          </span>
        ) : null}
      </label>
    </>
  );
}
