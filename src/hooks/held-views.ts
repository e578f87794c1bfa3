import { getOwnPropertyDescriptor, isArray, isView, min, ownKeys } from '../base/intrinsics.ts';

const MAX_KEYS = 48;
const MAX_OBJECTS = 24;

/**
 * Looks for views among the own data properties of a processor, and of the objects and arrays that it holds: so far do
 * programs keep what they write their samples to. `isSought` may say of one that it is what was looked for; the path of
 * that is given. No getter is called.
 */
export function findHeldView(
  holder: object,
  isSought: (view: ArrayBufferView) => boolean,
): string | undefined {
  let left = MAX_OBJECTS;
  const look = (object: object, path: string, depth: number): string | undefined => {
    if (left-- === 0) return undefined;
    const keys = ownKeys(object);
    for (let i = 0; i < min(keys.length, MAX_KEYS); i++) {
      const key = keys[i];
      if (typeof key !== 'string') continue;
      const value: unknown = getOwnPropertyDescriptor(object, key)?.value;
      if (typeof value !== 'object' || value === null) continue;
      const name = isArray(object) ? `${path}[${key}]` : `${path}.${key}`;
      if (isView(value)) {
        if (isSought(value)) return name;
      } else if (depth > 0) {
        const found = look(value, name, depth - 1);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  };
  return look(holder, 'this', DEPTH);
}

/** Of objects below the processor itself: a buffer class with its list of channels. */
const DEPTH = 2;
