import {
  ACCESSOR,
  bufferOf,
  charCodeAt,
  getPrototypeOf,
  IntrinsicDataView,
  IntrinsicUint8Array,
  imul,
  isArray,
  isView,
  keysOf,
  min,
  ObjectPrototype,
  ownData,
  setFloat64,
  toStringTag,
  typedArrayName,
} from '../base/intrinsics.ts';
import { dataProperty } from '../shared/describe-error.ts';

const MAX_OBJECTS = 96;
const MAX_DEPTH = 4;
const MAX_PARTS = 48;
const MAX_TEXT_UNITS = 256;
const FNV_PRIME = 0x0100_0193;
const FNV_OFFSET = 0x811c_9dc5;

/** What a value is, as far as its clone is the same. */
const KIND = {
  missing: 1,
  nothing: 2,
  yes: 3,
  no: 4,
  number: 5,
  text: 6,
  list: 7,
  object: 8,
  opaque: 9,
};

const scratch = new IntrinsicUint8Array(8);
const scratchView = new IntrinsicDataView(bufferOf(scratch));

/**
 * A number, over 32 bits, that is the same for a message and its clones; 0 where that cannot be said, because a
 * getter has made a part of it. Bounded, and runs no code of the page.
 */
export function hashContent(value: unknown): number {
  const hash = new ContentHash();
  hash.add(value, 0);
  return hash.result;
}

class ContentHash {
  #hash = FNV_OFFSET;
  #objects = 0;
  #isKnown = true;

  get result(): number {
    if (!this.#isKnown) return 0;
    return this.#hash >>> 0 || 1;
  }

  add(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        this.#text(KIND.text, value);
        return;
      case 'number':
        this.#mix(KIND.number);
        setFloat64(scratchView, 0, value, true);
        for (let i = 0; i < 8; i++) this.#mix(scratch[i] as number);
        return;
      case 'boolean':
        this.#mix(value ? KIND.yes : KIND.no);
        return;
      case 'bigint':
        this.#text(KIND.number, `${value}`);
        return;
      case 'object':
        if (value === null) this.#mix(KIND.nothing);
        else this.#object(value, depth);
        return;
      case 'symbol':
        this.#isKnown = value !== ACCESSOR && this.#isKnown;
        return;
      default:
        this.#mix(KIND.missing);
    }
  }

  #object(value: object, depth: number): void {
    if (++this.#objects > MAX_OBJECTS || depth > MAX_DEPTH) return;
    if (isArray(value)) {
      this.#mix(KIND.list);
      this.#mix(value.length);
      for (let i = 0; i < min(value.length, MAX_PARTS); i++) this.add(ownData(value, i), depth + 1);
      return;
    }
    if (isView(value)) {
      this.#text(KIND.opaque, typedArrayName(value) ?? 'DataView');
      return;
    }
    const prototype = getPrototypeOf(value) as object | null;
    const isPlain = prototype === ObjectPrototype || prototype === null;
    const tag = isPlain ? '' : dataProperty(value, toStringTag);
    if (tag !== '') {
      this.#text(KIND.opaque, tag);
      return;
    }
    this.#mix(KIND.object);
    const keys = keysOf(value);
    this.#mix(keys.length);
    for (let i = 0; i < min(keys.length, MAX_PARTS); i++) {
      const key = keys[i] as string;
      this.#text(KIND.text, key);
      this.add(ownData(value, key), depth + 1);
    }
  }

  #text(kind: number, text: string): void {
    this.#mix(kind);
    this.#mix(text.length);
    for (let i = 0; i < min(text.length, MAX_TEXT_UNITS); i++) this.#mix(charCodeAt(text, i));
  }

  #mix(word: number): void {
    this.#hash = imul(this.#hash ^ word, FNV_PRIME);
  }
}
