import { usePanel } from '../panel-context.ts';
import { formatBytes, formatCount, plural } from '../worker/format.ts';
import type { HeapMemory } from '../worker/heap/heap-protocol.ts';

/** Each memory that holds blocks: how large it is, and what it is full of. */
export function HeapMemories({ memories }: { readonly memories: readonly HeapMemory[] }) {
  const [only] = memories;
  return memories.length === 1 && only !== undefined ? (
    <div class="heap-memories">
      <OneMemory memory={only} />
    </div>
  ) : (
    <ManyMemories memories={memories} />
  );
}

function OneMemory({ memory }: { readonly memory: HeapMemory }) {
  const { bytes, growths, label, live, liveBytes, quarantine, shadow } = memory;
  return (
    <div class="heap-memory">
      <p class="heap-memory-name">
        <b>{label}</b>
        <span class="number">{formatBytes(bytes)}</span>
        {growths === 0 ? null : <span class="faint">grown {plural(growths, 'time')}</span>}
      </p>
      <Bar memory={memory} />
      <dl class="heap-figures">
        <dt>Live</dt>
        <dd>
          {formatBytes(liveBytes)} in {plural(live, 'block')} · {madeWords(memory)}
        </dd>
        {quarantine === undefined ? null : (
          <>
            <dt>Quarantine</dt>
            <dd title={quarantineWords(quarantine)}>{quarantineWords(quarantine)}</dd>
          </>
        )}
        {shadow === undefined ? null : (
          <>
            <dt>Shadow</dt>
            <dd title={shadowWords(shadow)}>{shadowWords(shadow)}</dd>
          </>
        )}
      </dl>
    </div>
  );
}

/** One that is chosen is the only one whose blocks are shown. */
function ManyMemories({ memories }: { readonly memories: readonly HeapMemory[] }) {
  const { state, actions } = usePanel();
  const chosen = state.heapChoice.value.memory;
  return (
    <div class="heap-memories many">
      <div class="heap-memory-row heap-headings">
        <span>Memory</span>
        <span class="end">Size</span>
        <span class="end">Live</span>
        <span class="end">Freed</span>
        <span class="end">Quarantine</span>
        <span class="end">Shadow</span>
      </div>
      {memories.map((memory) => (
        <button
          type="button"
          key={memory.key}
          class={memory.isGone ? 'heap-memory-row faint' : 'heap-memory-row'}
          aria-pressed={chosen === memory.key}
          title={titleOf(memory)}
          onClick={() =>
            actions.chooseHeap({ memory: chosen === memory.key ? undefined : memory.key })
          }
        >
          <span class="name">
            {memory.label}
            {memory.isGone ? ' · gone' : ''}
          </span>
          <span class="number end">{formatBytes(memory.bytes)}</span>
          <span class="number end">{formatBytes(memory.liveBytes)}</span>
          <span class="number end">{formatCount(memory.freed)}</span>
          <span class="number end">
            {memory.quarantine === undefined
              ? '–'
              : `${formatBytes(memory.quarantine.bytes)} of ${formatBytes(memory.quarantine.mostBytes)}`}
          </span>
          <span class="number end">
            {memory.shadow === undefined ? '–' : formatBytes(memory.shadow.bytes)}
          </span>
        </button>
      ))}
    </div>
  );
}

function titleOf(memory: HeapMemory): string {
  const { label, live, quarantine, shadow } = memory;
  return [
    `${label}: ${plural(live, 'block')} live, ${madeWords(memory)}`,
    ...(quarantine === undefined ? [] : [`Quarantine: ${quarantineWords(quarantine)}`]),
    ...(shadow === undefined ? [] : [`Shadow: ${shadowWords(shadow)}`]),
    'Choose it to see its blocks alone',
  ].join('\n');
}

function madeWords({ freed, made, isCounted }: HeapMemory): string {
  return `${formatCount(freed)} freed of ${formatCount(made)} ${isCounted ? 'made' : 'known'}`;
}

function quarantineWords(quarantine: NonNullable<HeapMemory['quarantine']>): string {
  const { blocks, bytes, mostBlocks, mostBytes } = quarantine;
  return `${formatBytes(bytes)} of at most ${formatBytes(mostBytes)} · ${formatCount(blocks)} of ${plural(mostBlocks, 'block')}`;
}

function shadowWords({ bytes, reserved }: NonNullable<HeapMemory['shadow']>): string {
  return `${formatBytes(bytes)}, ⅛ of the memory · ${formatBytes(reserved)} set aside`;
}

function Bar({ memory }: { readonly memory: HeapMemory }) {
  const { bytes, liveBytes, quarantine } = memory;
  return (
    <span class="heap-bar" aria-hidden>
      <i class="counted" style={{ width: share(liveBytes, bytes) }} />
      <i class="resting" style={{ width: share(quarantine?.bytes ?? 0, bytes) }} />
    </span>
  );
}

/** What there is any of shows. */
function share(part: number, whole: number): string {
  if (part <= 0 || whole <= 0) return '0';
  return `max(2px, ${Math.min(100, (part / whole) * 100)}%)`;
}
