import { IntrinsicInt32Array, lengthOf } from '../../base/intrinsics.ts';
import type { Rewrite } from '../../hooks/wasm-tag.ts';
import { findAllocator, hookable, isWhole } from '../../wasm/find-allocator.ts';
import { instrument } from '../../wasm/instrument.ts';
import type { Ints } from '../../wasm/list.ts';
import { readModule } from '../../wasm/read-module.ts';

const NOT_WHOLE =
  'blocks may come and go by functions that were not found; blocks that are freed twice, or were never handed out, are not told';

/**
 * The form of a module that tells of its allocator, importing from the module `from`. Undefined where the original is
 * to run; `uncovered` then hears why, if the module has a memory at all.
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
  const found = findAllocator(read.value);
  if (!found.ok) return refuse(found.error.reason);
  const heap = hookable(found.value);
  const has = { malloc: false, free: false };
  for (let i = 0; i < heap.length; i++) {
    const { role } = heap.at(i);
    if (role === 'free') has.free = true;
    else has.malloc = true;
  }
  if (!has.malloc || !has.free) return refuse('its allocator was not found');
  const hasAll = isWhole(read.value, found.value, heap);
  if (!hasAll) uncovered(`Memory: a module of ${lengthOf(bytes)} bytes: ${NOT_WHOLE}`);
  const made = instrument(bytes, { from, heap });
  if (!made.ok) return refuse(made.error.reason);
  const { importedFunctions, functions, shift, copies } = made.value;
  return {
    bytes: made.value.bytes,
    layout: { importedFunctions, functions, shift, copies: arrayOf(copies) },
    isWhole: hasAll,
  };
}

function arrayOf(ints: Ints): Int32Array<ArrayBuffer> {
  const out = new IntrinsicInt32Array(ints.length);
  for (let i = 0; i < ints.length; i++) out[i] = ints.at(i);
  return out;
}
