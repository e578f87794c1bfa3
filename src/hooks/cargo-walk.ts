import {
  ACCESSOR,
  apply,
  bufferOf,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  hasOwn,
  IntrinsicError,
  IntrinsicMap,
  isArray,
  isView,
  keysOf,
  mapClear,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
  min,
  ObjectPrototype,
  ownData,
  setForEach,
  sharedBufferBytes,
  toStringTag,
  typedArrayName,
} from '../base/intrinsics.ts';
import { dataProperty } from '../shared/describe-error.ts';
import { getterOf, prototypeOf } from './interfaces.ts';

/** The walk’s bounds are part of the wire format: both ends of a message must stop at the same place. */
const MAX_OBJECTS = 96;
const MAX_DEPTH = 4;
const MAX_KEYS = 48;

const ArrayBufferPrototype: object = ArrayBuffer.prototype;
const SharedPrototype = prototypeOf('SharedArrayBuffer');
const dataViewBuffer = getterOf<ArrayBufferView, object>('DataView', 'buffer');
const { isError } = IntrinsicError as ErrorConstructor & { isError?(value: unknown): boolean };
/** `WebAssembly` of this realm, where it has any. */
export const wasm = ownData(globalThis, 'WebAssembly') as
  | { readonly Memory?: { readonly prototype: object } }
  | undefined;
/** Its `Memory`, before anything stands in its place. */
export const NativeMemory = wasm?.Memory;
const getBuffer = NativeMemory && getOwnPropertyDescriptor(NativeMemory.prototype, 'buffer')?.get;

/** The bytes of a SharedArrayBuffer, growable ones as they are now; undefined for anything else. */
export function sharedLength(buffer: object): number | undefined {
  const prototype = getPrototypeOf(buffer);
  if (!sharedBufferBytes || prototype === ArrayBufferPrototype) return undefined;
  if (prototype !== SharedPrototype && dataProperty(buffer, toStringTag) !== 'SharedArrayBuffer')
    return undefined;
  try {
    return sharedBufferBytes(buffer);
  } catch {
    return undefined;
  }
}

/** The buffer behind a typed array or DataView. */
export function bufferBehind(view: ArrayBufferView): object | undefined {
  return typedArrayName(view) === undefined ? dataViewBuffer?.(view) : bufferOf(view);
}

/** The buffer of a `WebAssembly.Memory` as it is now; undefined for anything else. */
export function bufferOfMemory(memory: object): object | undefined {
  try {
    return getBuffer && (apply(getBuffer, memory, []) as object);
  } catch {
    return undefined;
  }
}

interface Properties {
  readonly [key: PropertyKey]: unknown;
}

/** Told of each SharedArrayBuffer once; `memory` is the `WebAssembly.Memory` that it was found in. */
export type SharedSeen = (buffer: object, memory: object | undefined) => void;

/**
 * Finds the shared memories in a value that has just been cloned to another thread, or is such a clone, in the
 * order that the wire format lays down. Reads data properties only, so no code of the page runs. A getter, whose
 * value only the clone has, ends the search: what comes after could not be counted.
 */
export class CargoWalk {
  readonly #seen: SharedSeen;
  readonly #buffers = new IntrinsicMap<object, true>();
  /** Whether what is walked came from another thread: all of it plain data then, which no code of the page has seen. */
  #isClone = false;
  /** Objects that may still be visited. */
  #left = 0;
  #depth = 0;

  constructor(seen: SharedSeen) {
    this.#seen = seen;
  }

  find(value: object, isClone: boolean): void {
    this.#isClone = isClone;
    if (this.#isFlat(value)) return;
    this.#left = MAX_OBJECTS;
    this.#visit(value);
    if (mapSize(this.#buffers) > 0) mapClear(this.#buffers);
  }

  /** Whether `value` is a plain object of primitives: as most messages are, so that is found out fast. */
  #isFlat(value: object): boolean {
    if (getPrototypeOf(value) !== ObjectPrototype || isArray(value)) return false;
    const keys = keysOf(value);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as string;
      const property = this.#isClone ? (value as Properties)[key] : ownData(value, key);
      if (property === ACCESSOR || (typeof property === 'object' && property !== null))
        return false;
    }
    return true;
  }

  readonly #value = (value: unknown): void => {
    if (value === ACCESSOR) this.#left = 0;
    else if (typeof value === 'object' && value !== null) this.#visit(value);
  };

  readonly #entry = (value: unknown, key: unknown): void => {
    this.#value(key);
    this.#value(value);
  };

  #visit(value: object): void {
    if (this.#depth > MAX_DEPTH || this.#left-- <= 0) return;
    this.#depth++;
    if (isArray(value)) this.#elements(value);
    else if (isView(value)) this.#buffer(bufferBehind(value));
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
    switch (dataProperty(value, toStringTag)) {
      case 'SharedArrayBuffer':
        this.#buffer(value);
        return;
      case 'WebAssembly.Memory':
        this.#buffer(bufferOfMemory(value), value);
        return;
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

  #buffer(buffer: object | undefined, memory?: object): void {
    if (!buffer || mapGet(this.#buffers, buffer) || sharedLength(buffer) === undefined) return;
    mapSet(this.#buffers, buffer, true);
    this.#seen(buffer, memory);
  }

  #elements(value: readonly unknown[]): void {
    const seen = min(value.length, MAX_KEYS);
    for (let i = 0; i < seen && this.#left > 0; i++) this.#property(value, i);
  }

  #properties(value: object): void {
    const keys = keysOf(value);
    const seen = min(keys.length, MAX_KEYS);
    for (let i = 0; i < seen && this.#left > 0; i++) this.#property(value, keys[i] as string);
  }

  #property(value: object, key: PropertyKey): void {
    if (!this.#isClone) this.#value(ownData(value, key));
    // A hole of an array shows what its prototype has there.
    else if (hasOwn(value, key)) this.#value((value as Properties)[key]);
  }
}

/** An object may carry the tag of a collection without being one. */
function attempt(each: unknown, collection: object, visit: unknown): void {
  try {
    apply(each as () => void, undefined, [collection, visit]);
  } catch {
    return;
  }
}
