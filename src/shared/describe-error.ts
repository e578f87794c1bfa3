import {
  apply,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  globalScope,
  IntrinsicError,
} from '../base/intrinsics.ts';
import { ownMember } from '../base/own-natives.ts';

const { isError } = IntrinsicError as ErrorConstructor & { isError?(value: unknown): boolean };

/** An object that may be asked: not a `Proxy`, whose traps are the page's, where the browser can tell. */
export function isReadable(thrown: unknown): thrown is object {
  if (typeof thrown !== 'object' || thrown === null) return false;
  return isError === undefined || isError(thrown);
}

/** What was thrown, in a line. Reads data properties only, so that no code of the page runs. */
export function describeError(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown === 'symbol' || typeof thrown === 'function') return `a ${typeof thrown}`;
  if (!isReadable(thrown)) return typeof thrown === 'object' && thrown ? 'an object' : `${thrown}`;
  const name = exceptionText(thrown, 'name') ?? dataProperty(thrown, 'name');
  const message = exceptionText(thrown, 'message') ?? dataProperty(thrown, 'message');
  if (message === '') return name === '' ? 'an object' : name;
  return name === '' ? message : `${name}: ${message}`;
}

/** An attribute of a DOMException; undefined for anything else. (Few pages need that interface, and it takes time to make.) */
function exceptionText(thrown: object, attribute: 'name' | 'message'): string | undefined {
  const get = ownMember(globalScope, 'DOMException', attribute, 'get');
  try {
    return get && (apply(get, thrown, []) as string);
  } catch {
    return undefined;
  }
}

/** The text in the data property `key` of `object` or of its prototypes; else the empty text. */
export function dataProperty(object: object, key: PropertyKey): string {
  let owner: object | null = object;
  for (let depth = 0; owner && depth < 8; depth++) {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    if (descriptor) return typeof descriptor.value === 'string' ? descriptor.value : '';
    owner = getPrototypeOf(owner) as object | null;
  }
  return '';
}
