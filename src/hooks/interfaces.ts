import { getOwnPropertyDescriptor, getPrototypeOf, uncurryThis } from '../base/intrinsics.ts';

interface Interface {
  readonly prototype: object;
}

/** The prototype of the interface `name` of this realm, as it is before the page's first script. */
export function prototypeOf(name: string): object | undefined {
  const found: unknown = getOwnPropertyDescriptor(globalThis, name)?.value;
  return typeof found === 'function' ? (found as unknown as Interface).prototype : undefined;
}

/** The object, `from` or one that it inherits from, that holds the property `key`. */
export function ownerOf(from: object | undefined, key: PropertyKey): object | undefined {
  let owner = from ?? null;
  while (owner && !getOwnPropertyDescriptor(owner, key)) {
    owner = getPrototypeOf(owner) as object | null;
  }
  return owner ?? undefined;
}

/** The getter of an attribute, own or inherited. Undefined where there is none. */
export function getterFrom<This extends object, T>(
  from: object | undefined,
  key: PropertyKey,
): ((self: This) => T) | undefined {
  const owner = ownerOf(from, key);
  const get = owner && getOwnPropertyDescriptor(owner, key)?.get;
  return get && uncurryThis(get as (this: This) => T);
}

/** A method, own or inherited, that takes its `this` as the first argument. */
export function methodFrom<This extends object, Args extends readonly unknown[], R = void>(
  from: object | undefined,
  key: PropertyKey,
): (self: This, ...args: Args) => R {
  const owner = ownerOf(from, key) as object;
  return uncurryThis(
    getOwnPropertyDescriptor(owner, key)?.value as (this: This, ...args: Args) => R,
  );
}
