import { useSignal } from '@preact/signals';
import {
  isMemoryLevel,
  isQuarantine,
  MAX_QUARANTINE,
  MEMORY_LEVELS,
  type MemoryLevel,
} from '../../shared/settings.ts';
import { usePanel } from '../panel-context.ts';

const LEVEL_WORDS: { readonly [level in MemoryLevel]: string } = {
  ledger: 'Ledger: modules run as they are',
  heap: 'Heap hooks: what modules allocate and free',
  full: 'Full: also what touches freed memory',
};

/** How much is seen of the memory of WebAssembly modules. */
export function MemorySettings() {
  const { state, actions } = usePanel();
  const { memory } = state.settings.value;
  return (
    <>
      <label class="field">
        <b>Memory</b>
        <span class="faint">
          Beyond the ledger, modules are rewritten as they are compiled. For pages that are loaded
          from now on.
        </span>
        <select
          id="memory"
          value={memory}
          onChange={(event) => {
            const { value } = event.currentTarget;
            if (isMemoryLevel(value)) actions.changeSettings({ memory: value });
          }}
        >
          {MEMORY_LEVELS.map((level) => (
            <option key={level} value={level}>
              {LEVEL_WORDS[level]}
            </option>
          ))}
        </select>
      </label>
      {memory === 'full' ? <QuarantineSetting /> : null}
    </>
  );
}

/** How much freed memory is kept from the allocator of each heap. */
function QuarantineSetting() {
  const { state, actions } = usePanel();
  const text = useSignal(String(state.settings.value.quarantine));
  const isBad = !isQuarantine(Number(text.value));
  return (
    <label class="field">
      <b>Quarantine</b>
      <span class="faint">
        Megabytes of freed blocks that are kept back in each heap, to find out who still touches
        them; never more than an eighth of the heap, nor 8192 blocks.
      </span>
      <input
        type="number"
        id="quarantine"
        min={1}
        max={MAX_QUARANTINE}
        step={1}
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
        onChange={() => {
          if (!isBad) actions.changeSettings({ quarantine: Number(text.value) });
        }}
      />
      {isBad ? (
        <span class="error-text" role="alert">
          Not a whole number from 1 to {MAX_QUARANTINE}.
        </span>
      ) : null}
    </label>
  );
}
