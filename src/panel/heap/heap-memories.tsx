import { usePanel } from '../panel-context.ts';
import { formatBytes, formatCount, plural } from '../worker/format.ts';
import type { HeapMemory } from '../worker/heap/heap-protocol.ts';

/** Each memory that holds blocks: how large it is, and what it is full of. One that is chosen is the only one shown below. */
export function HeapMemories({ memories }: { readonly memories: readonly HeapMemory[] }) {
  const { state, actions } = usePanel();
  const chosen = state.heapChoice.value.memory;
  return (
    <div class="heap-memories">
      {memories.map((memory) => (
        <button
          type="button"
          key={memory.key}
          class="heap-memory"
          aria-pressed={memories.length > 1 ? chosen === memory.key : undefined}
          title={
            memories.length > 1 ? 'Show the blocks of this memory alone, or of all' : undefined
          }
          disabled={memories.length === 1}
          onClick={() =>
            actions.chooseHeap({ memory: chosen === memory.key ? undefined : memory.key })
          }
        >
          <Memory memory={memory} />
        </button>
      ))}
    </div>
  );
}

function Memory({ memory }: { readonly memory: HeapMemory }) {
  const { bytes, growths, isCounted, label, live, liveBytes, made, quarantine, shadow } = memory;
  return (
    <>
      <span class="heap-memory-name">
        <b>{label}</b>
        <span class="number">{formatBytes(bytes)}</span>
        {growths === 0 ? null : <span class="faint">grown {plural(growths, 'time')}</span>}
      </span>
      <span class="heap-bar" aria-hidden>
        <i class="counted" style={{ width: share(liveBytes, bytes) }} />
        <i class="resting" style={{ width: share(quarantine?.bytes ?? 0, bytes) }} />
      </span>
      <span class="heap-figures">
        <span class="faint">Live</span>
        <span class="number">
          {formatBytes(liveBytes)} in {plural(live, 'block')}, of {formatCount(made)}{' '}
          {isCounted ? 'made' : 'known'}
        </span>
        {quarantine === undefined ? null : (
          <>
            <span class="faint">Quarantine</span>
            <span class="number">
              {formatBytes(quarantine.bytes)} of {formatBytes(quarantine.mostBytes)} ·{' '}
              {formatCount(quarantine.blocks)} of {plural(quarantine.mostBlocks, 'block')}
            </span>
          </>
        )}
        {shadow === undefined ? null : (
          <>
            <span class="faint">Shadow</span>
            <span class="number">
              {formatBytes(shadow.bytes)}, ⅛ of the memory · {formatBytes(shadow.reserved)} set
              aside
            </span>
          </>
        )}
      </span>
    </>
  );
}

/** What there is any of shows. */
function share(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return '0';
  return `max(2px, ${Math.min(100, (part / whole) * 100)}%)`;
}
