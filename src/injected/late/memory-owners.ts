import {
  bufferOf,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  IntrinsicWeakMap,
  isArray,
  min,
  ObjectPrototype,
  ownKeys,
  typedArrayName,
  weakMapGet,
  weakMapSet,
} from '../../base/intrinsics.ts';
import type { NodeEntry } from './node-entries.ts';

const MAX_DEPTH = 3;
const MAX_KEYS = 32;

/** Which node a memory was last handed to, as far as its options and messages are plain. */
export class MemoryOwners {
  readonly #owners = new IntrinsicWeakMap<object, NodeEntry>();

  /** `value` has been cloned to the processor: there is no `Proxy` in it, and only data is read. */
  handed(value: unknown, node: NodeEntry, depth = 0): void {
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return;
    weakMapSet(this.#owners, bufferBehind(value), node);
    if (!isArray(value) && !isPlain(value)) return;
    const keys = ownKeys(value);
    for (let i = 0; i < min(keys.length, MAX_KEYS); i++) {
      const descriptor = getOwnPropertyDescriptor(value, keys[i] as PropertyKey);
      this.handed(descriptor?.value, node, depth + 1);
    }
  }

  /** Of a buffer, a view of one, or a memory. */
  ownerOf(memory: object): NodeEntry | undefined {
    return weakMapGet(this.#owners, bufferBehind(memory));
  }
}

function bufferBehind(value: object): object {
  return typedArrayName(value) === undefined ? value : bufferOf(value as ArrayBufferView);
}

function isPlain(value: object): boolean {
  const prototype = getPrototypeOf(value) as object | null;
  return prototype === ObjectPrototype || prototype === null;
}
