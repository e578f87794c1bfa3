import { Icon } from '../icons.tsx';
import { usePanel } from '../panel-context.ts';
import type { HeapView } from '../worker/heap/heap-protocol.ts';
import { emptyReason, type HeapEmptyReason } from './heap-empty-model.ts';

/** In place of the heap while no block is known: why, and how to get one. */
export function HeapEmpty({ view }: { readonly view: HeapView }) {
  const { state, actions } = usePanel();
  const { file } = state.session.value;
  const level = state.settings.value.memory;
  const reason = emptyReason(level, view.isolated, file !== undefined);
  return (
    <div class="empty" data-empty={`heap-${reason}`} role="status">
      <h2>No block of a heap is known</h2>
      <p>{WORDS[reason]}</p>
      {reason === 'ledger' && state.inspecting ? (
        <button type="button" class="primary" onClick={() => void actions.recordHeap()}>
          <Icon name="reload" />
          Watch heaps: reload and record
        </button>
      ) : null}
    </div>
  );
}

const WORDS = {
  file: 'The session that this file holds was recorded with Memory: Ledger, or its modules have no allocator that was found. Record the page again with Memory: Heap hooks.',
  ledger:
    'Modules run as they are (Memory: Ledger). With heap hooks, or full checking, WebAssembly modules of pages that are loaded from then on tell what they allocate and free. Blocks that a page declares by __lifeline__.alloc() appear at any level.',
  'not-isolated':
    'The page is not cross-origin isolated: its modules are not rewritten. Blocks that it declares by __lifeline__.alloc() would appear here.',
  nothing:
    'Heaps are watched, and no module has allocated so far. What is not observed, at the bottom, says so where a module’s allocator was not found. A page that was loaded before Memory was chosen must be reloaded.',
} as const satisfies { readonly [R in HeapEmptyReason]: string };
