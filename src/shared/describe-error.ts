import {
  apply,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  IntrinsicError,
} from '../base/intrinsics.ts';
import { framesOf } from './stack.ts';

const { isError } = IntrinsicError as ErrorConstructor & { isError?(value: unknown): boolean };

/** An object that may be asked: not a `Proxy`, whose traps are the page's, where the browser can tell. */
function isReadable(thrown: unknown): thrown is object {
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

/** Not every realm's TypeScript library knows the interface that all of them have. */
const Exception = (globalThis as { readonly DOMException?: { readonly prototype: object } })
  .DOMException;

const exceptionGetters = {
  name: Exception && getOwnPropertyDescriptor(Exception.prototype, 'name')?.get,
  message: Exception && getOwnPropertyDescriptor(Exception.prototype, 'message')?.get,
};

/** An attribute of a DOMException; undefined for anything else. */
function exceptionText(thrown: object, attribute: 'name' | 'message'): string | undefined {
  const get = exceptionGetters[attribute];
  try {
    return get && (apply(get, thrown, []) as string);
  } catch {
    return undefined;
  }
}

/**
 * The stack that an error carries; empty where reading it would run code of the page. (V8 formats it
 * when it is first read, and asks `Error.prepareStackTrace`.)
 */
export function stackOfError(thrown: unknown, own: string): string {
  if (!isReadable(thrown)) return '';
  if (getOwnPropertyDescriptor(IntrinsicError, 'prepareStackTrace')) return '';
  const descriptor = getOwnPropertyDescriptor(thrown, 'stack');
  const get = descriptor?.get;
  // Every error has the engine's own getter. (Not asked for beforehand: making an error takes milliseconds.)
  const native = get && get === getOwnPropertyDescriptor(new IntrinsicError(), 'stack')?.get;
  const stack: unknown = native ? apply(get, thrown, []) : descriptor?.value;
  return typeof stack === 'string' ? framesOf(stack, own) : '';
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
