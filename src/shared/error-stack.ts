import { apply, getOwnPropertyDescriptor, IntrinsicError } from '../base/intrinsics.ts';
import { isReadable } from './describe-error.ts';
import { framesOf } from './stack.ts';

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
