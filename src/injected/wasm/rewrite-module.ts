import { floor, IntrinsicInt32Array, lengthOf } from '../../base/intrinsics.ts';
import type { Result } from '../../base/result.ts';
import { quarantineBytes } from '../../hooks/heap/quarantine.ts';
import { scanModule } from '../../hooks/wasm/wasm-atomics.ts';
import type { CheckLayout, KeepModule, Rewrite } from '../../hooks/wasm/wasm-tag.ts';
import { watchable } from '../../wasm/call-watch.ts';
import { findFetchClose } from '../../wasm/fetch-close.ts';
import { findAllocator, hookable, isWhole } from '../../wasm/find-allocator.ts';
import type { HeapFunction } from '../../wasm/heap-hooks.ts';
import { type Instrumented, type InstrumentOptions, instrument } from '../../wasm/instrument.ts';
import { type Ints, List } from '../../wasm/list.ts';
import { type MemoryType, readModule, type WasmModule } from '../../wasm/read-module.ts';
import { attempt } from '../../wasm/refusal.ts';
import { shadowOf, shadowPages } from '../../wasm/shadow.ts';

const NOT_WHOLE =
  'blocks may come and go by functions that were not found; blocks that are freed twice, or were never handed out, are not told';

const WATCHED = ', as long as its calls do not show it';

/**
 * The form of a module that tells of its allocator, and of its atomic instructions on memory that threads share,
 * importing from the module `from`; where there is what keeps originals, also of its accesses to freed memory. Undefined
 * where the original is to run. `uncovered` hears what is not told, and why, if the module has a memory at all.
 */
export function rewriteModule(
  bytes: Uint8Array,
  from: string,
  uncovered: (why: string) => void,
  keep?: KeepModule,
): Rewrite | undefined {
  const refuse = (why: string): undefined => {
    uncovered(`Memory: a module of ${lengthOf(bytes)} bytes runs as it is: ${why}`);
  };
  const read = readModule(bytes);
  if (!read.ok) return refuse(read.error.reason);
  if (read.value.memories.length === 0) return undefined;
  const heap = heapOf(read.value);
  const atomics = scanModule(bytes, lengthOf(bytes)) !== 'none';
  const which = `a module of ${lengthOf(bytes)} bytes`;
  const calls = heap.ok ? undefined : attempt(() => watchable(read.value));
  const hearsCalls = calls?.ok === true && calls.value.length > 0;
  if (!heap.ok && !atomics && !hearsCalls) return refuse(heap.error);
  const options = {
    from,
    atomics,
    ...(heap.ok ? heapOptions(read.value, heap.value) : {}),
    ...(hearsCalls ? { watch: calls.value } : {}),
  };
  // Nothing rests of which nobody hears that it is freed.
  const memory = heap.ok ? read.value.memories.at(0) : undefined;
  const checked = keep && memory && withChecks(bytes, options, memory, keep);
  if (typeof checked === 'string')
    uncovered(`Memory: accesses of ${which} are not checked: ${checked}`);
  const made = typeof checked === 'object' ? checked.made : instrument(bytes, options);
  if (!made.ok) return refuse(made.error.reason);
  if (!heap.ok)
    uncovered(
      `Memory: the blocks of ${which} are not seen: ${heap.error}${hearsCalls ? WATCHED : ''}`,
    );
  else if (!heap.value.isWhole) uncovered(`Memory: ${which}: ${NOT_WHOLE}`);
  const { importedFunctions, functions, shift, copies, recordsAtomics } = made.value;
  return {
    bytes: made.value.bytes,
    layout: { importedFunctions, functions, shift, copies: arrayOf(copies) },
    recordsAtomics,
    hearsHeap: heap.ok,
    hearsCalls,
    isWhole: heap.ok && heap.value.isWhole,
    checks: typeof checked === 'object' ? checked.layout : undefined,
  };
}

interface Checked {
  readonly made: Result<Instrumented, never>;
  readonly layout: CheckLayout;
}

/** Says why not where that cannot be. */
function withChecks(
  bytes: Uint8Array,
  options: InstrumentOptions,
  memory: MemoryType,
  keep: KeepModule,
): Checked | string {
  const plain = shadowOf(memory);
  const maximum = floor(plain.cells / SHADOW_BYTES_OF_PAGE);
  // The quarantine lies between the shadow and its cells.
  const shadow = { ...plain, cells: plain.cells + quarantineBytes(maximum * PAGE_BYTES) };
  const { shared, minimum } = memory;
  const checks = {
    accesses: 'all',
    precision: 'accumulated',
    bodies: 'two',
    shadow,
    shared,
  } as const;
  const made = instrument(bytes, { ...options, checks });
  if (!made.ok) return made.error.reason;
  const module = keep(bytes);
  if (module === undefined) return 'there is no room for more originals';
  const layout = {
    module,
    shared,
    defines: made.value.memory !== undefined,
    minimum,
    maximum,
    isBounded: memory.maximum !== undefined,
    pages: shadowPages(shadow),
    cells: shadow.cells,
  };
  return { made, layout };
}

const PAGE_BYTES = 65_536;
const SHADOW_BYTES_OF_PAGE = PAGE_BYTES / 8;

function heapOptions(
  module: WasmModule,
  { functions: heap }: HookedHeap,
): Pick<InstrumentOptions, 'heap' | 'watch'> {
  const close = findFetchClose(module);
  if (close < 0) return { heap };
  const watch = new List<number>();
  watch.add(close);
  return { heap, watch };
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
