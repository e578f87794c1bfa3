import { ownFunction, uncurryThis } from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';

interface Interface {
  readonly prototype: object;
}

/** The prototype of the interface `name` of this realm, as it is before the page's first script. */
export function prototypeOf(name: string): object | undefined {
  const found = ownFunction(globalThis, name, 'value') as unknown as Interface | undefined;
  return found?.prototype;
}

/** The getter of an attribute that `interfaceName` itself has; undefined where the browser has none. */
export function getterOf<This extends object, T>(
  interfaceName: string,
  attribute: PropertyKey,
): ((self: This) => T) | undefined {
  const prototype = prototypeOf(interfaceName);
  const get = prototype && ownFunction(prototype, attribute, 'get');
  return get && uncurryThis(get as (this: This) => T);
}

/** The method `name` of an interface that there is, as it is before the page's first script. */
export function methodOf(interfaceName: string, name: string): Native {
  return ownFunction(prototypeOf(interfaceName) as object, name, 'value') as Native;
}

/** The same, taking its `this` as the first argument. */
export function callerOf<This extends object, Args extends readonly unknown[], R = void>(
  interfaceName: string,
  name: string,
): (self: This, ...args: Args) => R {
  return uncurryThis(methodOf(interfaceName, name) as (this: This, ...args: Args) => R);
}
