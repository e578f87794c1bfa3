import {
  ACCESSOR,
  apply,
  bufferOf,
  defineProperty,
  getPrototypeOf,
  IntrinsicError,
  IntrinsicUint8Array,
  isArray,
  isView,
  keysOf,
  mapForEach,
  min,
  ownData,
  setForEach,
} from '../base/intrinsics.ts';
import { dataProperty } from '../shared/describe-error.ts';
import { getterFrom, prototypeOf } from './interfaces.ts';

/** The walk’s bounds are part of the wire format: both ends of a message must stop at the same place. */
const MAX_OBJECTS = 96;
const MAX_DEPTH = 4;
const MAX_KEYS = 48;

const ObjectPrototype: object = Object.prototype;
const ArrayBufferPrototype: object = ArrayBuffer.prototype;
const SharedPrototype = prototypeOf('SharedArrayBuffer');
const typedArrayName = getterFrom<object, unknown>(
  getPrototypeOf(IntrinsicUint8Array.prototype) as object,
  Symbol.toStringTag,
);
const dataViewBuffer = getterFrom<ArrayBufferView, object>(DataView.prototype, 'buffer');
const sharedBytes = getterFrom<object, number>(SharedPrototype, 'byteLength');
const { isError } = IntrinsicError as ErrorConstructor & { isError?(value: unknown): boolean };
const memoryBuffer = getterFrom<object, object>(
  (ownData(globalThis, 'WebAssembly') as { Memory?: { prototype: object } } | undefined)?.Memory
    ?.prototype,
  'buffer',
);

/** The bytes of a SharedArrayBuffer, growable ones as they are now; undefined for anything else. */
export function sharedLength(buffer: object): number | undefined {
  const prototype = getPrototypeOf(buffer);
  if (!sharedBytes || prototype === ArrayBufferPrototype) return undefined;
  if (prototype !== SharedPrototype && tagOf(buffer) !== 'SharedArrayBuffer') return undefined;
  try {
    return sharedBytes(buffer);
  } catch {
    return undefined;
  }
}

/** The buffer behind a typed array or DataView. */
export function bufferBehind(view: ArrayBufferView): object | undefined {
  return typedArrayName?.(view) === undefined ? dataViewBuffer?.(view) : bufferOf(view);
}

/** The buffer of a `WebAssembly.Memory` as it is now; undefined for anything else. */
export function bufferOfMemory(memory: object): object | undefined {
  try {
    return memoryBuffer?.(memory);
  } catch {
    return undefined;
  }
}

function tagOf(value: object): string {
  return dataProperty(value, Symbol.toStringTag);
}

/** Told of each SharedArrayBuffer once; `memory` is the `WebAssembly.Memory` that it was found in. */
export type SharedSeen = (buffer: object, memory: object | undefined) => void;

/**
 * Finds the shared memories in a value that has just been cloned to another thread, or is such a clone, in the
 * order that the wire format lays down. Reads data properties only, so no code of the page runs. A getter, whose
 * value only the clone has, ends the search: what comes after could not be counted.
 */
export class CargoWalk {
  readonly #objects = ownElements(MAX_OBJECTS);
  #count = 0;
  #depth = 0;
  #over = false;
  #seen: SharedSeen | undefined;

  find(value: unknown, seen: SharedSeen): void {
    if (typeof value !== 'object' || value === null) return;
    this.#seen = seen;
    this.#over = false;
    this.#depth = 0;
    this.#visit(value);
    while (this.#count > 0) this.#objects[--this.#count] = undefined;
    this.#seen = undefined;
  }

  readonly #value = (value: unknown): void => {
    if (value === ACCESSOR) this.#over = true;
    else if (typeof value === 'object' && value !== null) this.#visit(value);
  };

  readonly #entry = (value: unknown, key: unknown): void => {
    this.#value(key);
    this.#value(value);
  };

  #visit(value: object): void {
    if (this.#over || this.#depth > MAX_DEPTH) return;
    if (isView(value)) {
      const buffer = bufferBehind(value);
      if (buffer) this.#buffer(buffer, undefined);
      return;
    }
    if (!this.#isNew(value)) return;
    this.#depth++;
    if (isArray(value)) this.#elements(value);
    else this.#object(value);
    this.#depth--;
  }

  #object(value: object): void {
    const prototype = getPrototypeOf(value);
    if (prototype === ObjectPrototype || prototype === null) {
      this.#properties(value);
      return;
    }
    if (prototype === ArrayBufferPrototype || isError?.(value)) return;
    switch (tagOf(value)) {
      case 'SharedArrayBuffer':
        if (sharedLength(value) !== undefined) this.#seen?.(value, undefined);
        return;
      case 'WebAssembly.Memory': {
        const buffer = bufferOfMemory(value);
        if (buffer) this.#buffer(buffer, value);
        return;
      }
      case 'Map':
        attempt(mapForEach, value, this.#entry);
        return;
      case 'Set':
        attempt(setForEach, value, this.#value);
        return;
      default:
        this.#properties(value);
    }
  }

  #buffer(buffer: object, memory: object | undefined): void {
    if (sharedLength(buffer) !== undefined && this.#isNew(buffer)) this.#seen?.(buffer, memory);
  }

  #elements(value: readonly unknown[]): void {
    const seen = min(value.length, MAX_KEYS);
    for (let i = 0; i < seen && !this.#over; i++) this.#value(ownData(value, i));
  }

  #properties(value: object): void {
    const keys = keysOf(value);
    const seen = min(keys.length, MAX_KEYS);
    for (let i = 0; i < seen && !this.#over; i++) this.#value(ownData(value, keys[i] as string));
  }

  #isNew(value: object): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#objects[i] === value) return false;
    if (this.#count === MAX_OBJECTS) {
      this.#over = true;
      return false;
    }
    this.#objects[this.#count++] = value;
    return true;
  }
}

/** An array whose elements can be set without asking the prototype, where a page may have put a setter. */
function ownElements(length: number): (object | undefined)[] {
  const elements: (object | undefined)[] = [];
  for (let i = 0; i < length; i++) {
    defineProperty(elements, i, { __proto__: null, value: undefined, writable: true } as object);
  }
  return elements;
}

/** An object may carry the tag of a collection without being one. */
function attempt(each: unknown, collection: object, visit: unknown): void {
  try {
    apply(each as () => void, undefined, [collection, visit]);
  } catch {
    return;
  }
}
