import { isMemoryLevel, MEMORY_LEVELS, type MemoryLevel } from '../../shared/settings.ts';
import { usePanel } from '../panel-context.ts';

const LEVEL_WORDS: { readonly [level in MemoryLevel]: string } = {
  ledger: 'Ledger: modules run as they are',
  heap: 'Heap hooks: what modules allocate and free',
  full: 'Full: also what touches freed memory',
};

/** How much is seen of the memory of WebAssembly modules. */
export function MemorySettings() {
  const { state, actions } = usePanel();
  return (
    <label class="field">
      <b>Memory</b>
      <span class="faint">
        Beyond the ledger, modules are rewritten as they are compiled. For pages that are loaded
        from now on.
      </span>
      <select
        id="memory"
        value={state.settings.value.memory}
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
  );
}
