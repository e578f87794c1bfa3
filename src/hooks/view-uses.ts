import {
  apply,
  byteOffsetOf,
  dataViewBytes,
  getPrototypeOf,
  IntrinsicUint8Array,
  isView,
  lengthOf,
  typedArrayBytes,
  typedArrayName,
} from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';
import { ATOMICS_PARAMETERS, type AtomicName } from './atomics-stubs.ts';
import { bufferLength, type GrowthHost, type MemoryGrowth } from './memory-growth.ts';

/** Puts what is made of a function of the engine's in its place, where that is what still stands there. */
export type ReplaceNative = (
  owner: object,
  name: string,
  make: (native: Native) => { readonly [name: string]: Native },
) => void;

export interface ViewUseHost extends GrowthHost {
  readonly replace: ReplaceNative;
  readonly dataViews: { readonly prototype: object; offsetOf(view: object): number };
  /** Lets what is made of an operation of Atomics, such as it is now, run in its place. */
  readonly replaceAtomic: (name: AtomicName, make: (before: Native) => Native) => void;
}

/** Uses of one thread that are told. */
const MOST_TOLD = 64;
/** Bytes of what DataViews read and write. */
const ELEMENTS = {
  __proto__: null,
  Int8: 1,
  Uint8: 1,
  Int16: 2,
  Uint16: 2,
  Float16: 2,
  Int32: 4,
  Uint32: 4,
  Float32: 4,
  Float64: 8,
  BigInt64: 8,
  BigUint64: 8,
} as unknown as { readonly [name: string]: number };

/**
 * Tells of views that are used where they no longer reach. To be called once some memory of this thread has grown: from
 * then on it costs every use of a view a little. What throws is looked at as it leaves, what an old view of shared memory
 * cuts short as it returns. An element that is read or written cannot be seen.
 */
export function observeViewUses(host: ViewUseHost, growth: MemoryGrowth): void {
  const { replace, dataViews } = host;
  let told = 0;

  /** Whether this view, asked for what lies before its element (or byte) `end`, no longer reaches; then it is told. */
  const tell = (view: unknown, method: string, end: number): boolean => {
    if (!isView(view)) return false;
    const buffer = host.memories.bufferIn(view);
    const memory = growth.outgrown(buffer);
    if (!memory) return false;
    const { id, isShared, bytes: now } = memory;
    const bytes = isShared ? bufferLength(buffer) : 0;
    const reach = isShared ? reachOf(view, end, bytes) : 0;
    // Nor would one that was made now reach beyond the memory.
    if (isShared && (reach <= bytes || reach > now)) return false;
    told++;
    const node = host.running();
    const stack = host.stack();
    const use = { method, property: '', bytes, reach, threw: false, stack };
    host.record('staleView', { memory: id, node, what: 'used', ...use });
    return true;
  };

  /** A use that failed or fell short. It may have read from the one view and written to the other. */
  const suspect = (view: unknown, method: string, end: number, other?: unknown): void => {
    if (told === MOST_TOLD) return;
    try {
      growth.lookAtAll();
      if (!tell(view, method, end)) tell(other, method, 0);
    } catch (error) {
      host.fault(error);
    }
  };

  /** Where the bytes end that such a use is about; 0 where the view is only a part of the old buffer. */
  const reachOf = (view: ArrayBufferView, end: number, bytes: number): number => {
    const name = typedArrayName(view);
    const length = name === undefined ? dataViewBytes(view) : typedArrayBytes(view);
    const from = name === undefined ? dataViews.offsetOf(view) : byteOffsetOf(view);
    const width = name === undefined ? 1 : length / lengthOf(view as Uint8Array);
    return from + length + width > bytes ? from + end * width : 0;
  };

  const typedArray = getPrototypeOf(getPrototypeOf(new IntrinsicUint8Array(0)) as object) as object;
  replace(typedArray, 'set', (native) => ({
    set(this: unknown, source: unknown, offset = undefined) {
      let isDone = false;
      try {
        apply(native, this, [source, offset]);
        isDone = true;
      } finally {
        if (!isDone) suspect(this, 'set', endOfSet(source, offset), source);
      }
    },
  }));

  /** Of those that take what lies between two elements, and less where there is less. */
  const between = (
    native: Native,
    view: unknown,
    method: string,
    end: unknown,
    first: unknown,
    second: unknown,
    third?: unknown,
  ): unknown => {
    let isDone = false;
    try {
      const result = apply(native, view, [first, second, third]);
      isDone = true;
      if (typeof end === 'number' && end > lengthOf(view as Uint8Array)) suspect(view, method, end);
      return result;
    } finally {
      if (!isDone) suspect(view, method, 0);
    }
  };
  replace(typedArray, 'fill', (native) => ({
    fill(this: unknown, value: unknown, start = undefined, end: unknown = undefined) {
      return between(native, this, 'fill', end, value, start, end);
    },
  }));
  replace(typedArray, 'copyWithin', (native) => ({
    copyWithin(this: unknown, target: unknown, start: unknown, end: unknown = undefined) {
      return between(native, this, 'copyWithin', end, target, start, end);
    },
  }));
  replace(typedArray, 'subarray', (native) => ({
    subarray(this: unknown, start: unknown, end: unknown) {
      return between(native, this, 'subarray', end, start, end);
    },
  }));
  replace(typedArray, 'slice', (native) => ({
    slice(this: unknown, start: unknown, end: unknown) {
      return between(native, this, 'slice', end, start, end);
    },
  }));

  const access = (
    native: Native,
    view: unknown,
    method: string,
    bytes: number,
    offset: unknown,
    first: unknown,
    second?: unknown,
  ): unknown => {
    let isDone = false;
    try {
      const result = apply(native, view, [offset, first, second]);
      isDone = true;
      return result;
    } finally {
      if (!isDone) suspect(view, method, typeof offset === 'number' ? offset + bytes : 0);
    }
  };
  for (const type in ELEMENTS) {
    const bytes = ELEMENTS[type] as number;
    const get = `get${type}`;
    const set = `set${type}`;
    replace(dataViews.prototype, get, (native) => ({
      [get](this: unknown, offset: unknown, little = undefined) {
        return access(native, this, get, bytes, offset, little);
      },
    }));
    replace(dataViews.prototype, set, (native) => ({
      [set](this: unknown, offset: unknown, value: unknown, little = undefined) {
        return access(native, this, set, bytes, offset, value, little);
      },
    }));
  }

  const operate = (
    before: Native,
    name: string,
    view: unknown,
    index: unknown,
    first: unknown,
    second: unknown,
  ): unknown => {
    let isDone = false;
    try {
      const result = before(view, index, first, second);
      isDone = true;
      return result;
    } finally {
      if (!isDone) suspect(view, `Atomics.${name}`, typeof index === 'number' ? index + 1 : 0);
    }
  };
  for (const name in ATOMICS_PARAMETERS) {
    host.replaceAtomic(
      name as AtomicName,
      (before) => (view, index, first, second) => operate(before, name, view, index, first, second),
    );
  }
}

/** The element before which the elements end that `set` was to write. */
function endOfSet(source: unknown, offset: unknown): number {
  const from = typeof offset === 'number' ? offset : 0;
  return typedArrayName(source as object) === undefined ? 0 : from + lengthOf(source as Uint8Array);
}
