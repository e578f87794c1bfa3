import { observeBufferReads, observeGrowCalls } from './buffer-reads.ts';
import { type GrowingMemory, MemoryGrowth } from './memory-growth.ts';
import { observeViewUses, type ViewUseHost } from './view-uses.ts';

/**
 * Follows the memories of a thread. Until one has grown, nothing but the growing itself and the first reads of buffers
 * are looked at: `prototype` is that of `WebAssembly.Memory`. `heard` is told of every growth.
 */
export function observeMemoryGrowth(
  host: ViewUseHost,
  prototype: object,
  heard: (memory: GrowingMemory) => void,
): MemoryGrowth {
  let isObserving = false;
  const growth = new MemoryGrowth(host, (memory) => {
    heard(memory);
    if (isObserving) return;
    isObserving = true;
    observeViewUses(host, growth);
  });
  observeBufferReads(host, prototype, growth);
  observeGrowCalls(host, prototype, growth);
  return growth;
}
