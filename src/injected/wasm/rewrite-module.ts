import { IntrinsicInt32Array, lengthOf } from '../../base/intrinsics.ts';
import type { Result } from '../../base/result.ts';
import { scanModule } from '../../hooks/wasm-atomics.ts';
import type { Rewrite } from '../../hooks/wasm-tag.ts';
import { findAllocator, hookable, isWhole } from '../../wasm/find-allocator.ts';
import type { HeapFunction } from '../../wasm/heap-hooks.ts';
import { instrument } from '../../wasm/instrument.ts';
import type { Ints, List } from '../../wasm/list.ts';
import { readModule, type WasmModule } from '../../wasm/read-module.ts';

const NOT_WHOLE =
  'blocks may come and go by functions that were not found; blocks that are freed twice, or were never handed out, are not told';

/**
 * The form of a module that tells of its allocator, and of its atomic instructions on memory that threads share,
 * importing from the module `from`. Undefined where the original is to run. `uncovered` hears what is not told, and why,
 * if the module has a memory at all.
 */
export function rewriteModule(
  bytes: Uint8Array,
  from: string,
  uncovered: (why: string) => void,
): Rewrite | undefined {
  const refuse = (why: string): undefined => {
    uncovered(`Memory: a module of ${lengthOf(bytes)} bytes runs as it is: ${why}`);
  };
  const read = readModule(bytes);
  if (!read.ok) return refuse(read.error.reason);
  if (read.value.memories.length === 0) return undefined;
  const heap = heapOf(read.value);
  const atomics = scanModule(bytes, lengthOf(bytes)) !== 'none';
  if (!heap.ok && !atomics) return refuse(heap.error);
  const hooked = heap.ok ? { heap: heap.value.functions } : {};
  const made = instrument(bytes, { from, atomics, ...hooked });
  if (!made.ok) return refuse(made.error.reason);
  const which = `a module of ${lengthOf(bytes)} bytes`;
  if (!heap.ok) uncovered(`Memory: the blocks of ${which} are not seen: ${heap.error}`);
  else if (!heap.value.isWhole) uncovered(`Memory: ${which}: ${NOT_WHOLE}`);
  const { importedFunctions, functions, shift, copies, recordsAtomics } = made.value;
  return {
    bytes: made.value.bytes,
    layout: { importedFunctions, functions, shift, copies: arrayOf(copies) },
    recordsAtomics,
    hearsHeap: heap.ok,
    isWhole: heap.ok && heap.value.isWhole,
  };
}

interface HookedHeap {
  readonly functions: List<HeapFunction>;
  /** See `Rewrite`. */
  readonly isWhole: boolean;
}

/** What is to be hooked of the allocator, or why nothing is. */
function heapOf(module: WasmModule): Result<HookedHeap, string> {
  const found = findAllocator(module);
  if (!found.ok) return { ok: false, error: found.error.reason };
  const heap = hookable(found.value);
  const has = { malloc: false, free: false };
  for (let i = 0; i < heap.length; i++) {
    const { role } = heap.at(i);
    if (role === 'free') has.free = true;
    else has.malloc = true;
  }
  if (!has.malloc || !has.free) return { ok: false, error: 'its allocator was not found' };
  return { ok: true, value: { functions: heap, isWhole: isWhole(module, found.value, heap) } };
}

function arrayOf(ints: Ints): Int32Array<ArrayBuffer> {
  const out = new IntrinsicInt32Array(ints.length);
  for (let i = 0; i < ints.length; i++) out[i] = ints.at(i);
  return out;
}
