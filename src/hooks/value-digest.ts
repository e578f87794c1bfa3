import {
  bufferBytes,
  bufferOf,
  dataViewBytes,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  IntrinsicUint8Array,
  isArray,
  keysOf,
  mapSize,
  min,
  ObjectPrototype,
  setSize,
  sharedBufferBytes,
  slice,
  toStringTag,
  typedArrayBytes,
  typedArrayName,
} from '../base/intrinsics.ts';
import { dataProperty } from '../shared/describe-error.ts';

export type HandedMemory = 'none' | 'shared' | 'wasm';

/** What can be said of a value that was cloned to another thread. */
export interface ValueDigest {
  /** An estimate. */
  readonly bytes: number;
  readonly preview: string;
  /** The strongest kind of memory in it. A WebAssembly module, or the bytes of one, count as `wasm`. */
  readonly memory: HandedMemory;
}

const MAX_VALUES = 96;
const MAX_DEPTH = 4;
const MAX_SHOWN_KEYS = 12;
const MAX_KEYS = 48;
const MAX_TEXT_UNITS = 64;
const MAX_PREVIEW_UNITS = 240;
/** The first four bytes of every WebAssembly module. */
const WASM_MAGIC = [0x00, 0x61, 0x73, 0x6d] as const;

type Getter = (self: object) => unknown;

/** How large an object is, by its tag. */
const sizes = {
  __proto__: null,
  ArrayBuffer: bufferBytes,
  SharedArrayBuffer: sharedBufferBytes,
  DataView: dataViewBytes,
  Map: mapSize,
  Set: setSize,
} as unknown as { readonly [tag: string]: Getter | undefined };

/**
 * Digests a value that has just been cloned, or is a clone: so there is no `Proxy` in it, and since only
 * data properties are read, no code of the page runs. Bounded in time and size.
 */
export function digestValue(value: unknown): ValueDigest {
  const digest = new Digest();
  digest.add(value, 0);
  return {
    bytes: digest.bytes,
    preview: slice(digest.text, 0, MAX_PREVIEW_UNITS),
    memory: digest.memory,
  };
}

class Digest {
  bytes = 0;
  text = '';
  memory: HandedMemory = 'none';
  #values = 0;

  add(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.bytes += value.length;
        this.#show(
          value.length > MAX_TEXT_UNITS ? `"${slice(value, 0, MAX_TEXT_UNITS)}…"` : `"${value}"`,
        );
        return;
      case 'object':
        if (value === null) this.#show('null');
        else this.#addObject(value, depth);
        return;
      case 'symbol':
      case 'function':
        this.#show(typeof value);
        return;
      default:
        this.bytes += 8;
        this.#show(`${value as number}`);
    }
  }

  #addObject(value: object, depth: number): void {
    if (++this.#values > MAX_VALUES || depth > MAX_DEPTH) {
      this.#show('…');
      return;
    }
    if (isArray(value)) {
      this.#addArray(value, depth);
      return;
    }
    const prototype = getPrototypeOf(value) as object | null;
    if (prototype === ObjectPrototype || prototype === null) {
      this.#addProperties(value, depth);
      return;
    }
    const name = typedArrayName(value);
    if (name !== undefined) {
      const view = value as ArrayBufferView;
      this.#addSized(name, typedArrayBytes(view), bufferOf(view), view);
    } else {
      const tag = dataProperty(value, toStringTag);
      const size = read(sizes[tag], value);
      if (typeof size === 'number') this.#addSized(tag, size, value, value);
      else if (tag === '') this.#addProperties(value, depth);
      else this.#addOpaque(tag);
    }
  }

  #addArray(value: readonly unknown[], depth: number): void {
    const { length } = value;
    const seen = min(length, MAX_KEYS);
    this.#show('[');
    for (let i = 0; i < seen; i++) {
      const element = getOwnPropertyDescriptor(value, i)?.value;
      if (i > 0) this.#show(', ');
      this.add(element, depth + 1);
    }
    if (seen < length) {
      this.bytes += (length - seen) * 8;
      this.#show(`, … ${length}`);
    }
    this.#show(']');
  }

  #addProperties(value: object, depth: number): void {
    const keys = keysOf(value);
    const seen = min(keys.length, MAX_KEYS);
    this.#show('{');
    for (let i = 0; i < seen; i++) {
      const key = keys[i] as string;
      const descriptor = getOwnPropertyDescriptor(value, key);
      if (!descriptor || !('value' in descriptor)) continue;
      this.bytes += key.length;
      this.#show(
        i > 0 ? `, ${slice(key, 0, MAX_TEXT_UNITS)}: ` : `${slice(key, 0, MAX_TEXT_UNITS)}: `,
      );
      this.add(descriptor.value, depth + 1);
      if (i === MAX_SHOWN_KEYS) this.#show(', …');
    }
    this.#show('}');
  }

  /** `memory` is the object that may be a buffer, `bytes` one that a byte array can be made of. */
  #addSized(name: string, size: number, memory: object, bytes: object): void {
    this.bytes += size;
    this.#show(`${name}(${size})`);
    if (this.memory === 'wasm') return;
    if (typeof read(sharedBufferBytes, memory) === 'number') this.memory = 'shared';
    else if (isModule(name, bytes)) this.memory = 'wasm';
  }

  #addOpaque(tag: string): void {
    this.bytes += 16;
    this.#show(slice(tag, 0, MAX_TEXT_UNITS));
    if (tag === 'WebAssembly.Memory' || tag === 'WebAssembly.Module') this.memory = 'wasm';
  }

  #show(text: string): void {
    if (this.text.length < MAX_PREVIEW_UNITS) this.text += text;
  }
}

/** Whether an ArrayBuffer or a Uint8Array begins as a WebAssembly module does. */
function isModule(name: string, value: object): boolean {
  if (name !== 'ArrayBuffer' && name !== 'Uint8Array') return false;
  const bytes =
    name === 'Uint8Array' ? (value as Uint8Array) : new IntrinsicUint8Array(value as ArrayBuffer);
  for (let i = 0; i < WASM_MAGIC.length; i++) if (bytes[i] !== WASM_MAGIC[i]) return false;
  return true;
}

/** Undefined where `self` is not of the getter's kind. */
function read(get: Getter | undefined, self: object): unknown {
  try {
    return get?.(self);
  } catch {
    return undefined;
  }
}
