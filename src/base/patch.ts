import {
  apply,
  construct,
  defineProperty,
  getOwnPropertyDescriptor,
  IntrinsicMap,
  IntrinsicProxy,
  IntrinsicWeakMap,
  mapGet,
  mapSet,
  weakMapGet,
  weakMapSet,
} from './intrinsics.ts';

/** Which function of a property. */
type Slot = 'value' | 'get' | 'set';
/** Any function of the page's realm, the engine's own ones included. */
export type Native = (this: unknown, ...args: readonly unknown[]) => unknown;
/** Runs in place of a method. Makes the native call itself; what that throws, the page sees. */
export type ApplyTrap = (native: Native, self: unknown, args: readonly unknown[]) => unknown;
/** Runs what is in the place of a method, with `this` and the arguments of the call. */
export type RunPatched = (self: unknown, args: readonly unknown[]) => unknown;
/** Runs in place of `new`. `newTarget` is the native class where the page named the patch. */
export type ConstructTrap = (native: Native, args: readonly unknown[], newTarget: Native) => object;

/**
 * A function that was replaced. What runs in its place may be given and changed at any time; without it, a
 * call goes straight through.
 */
export interface Replaced<Trap> {
  readonly native: Native;
  trap: Trap | undefined;
}

/** Makes an object as `new native(…args)` does, for a class that derives from it. */
export const constructAs = construct as unknown as ConstructTrap;

/**
 * The functions of one realm that we replaced. Each replacement is a `Proxy` of the native function,
 * so that name, length, prototype and callability stay, and `Function.prototype.toString` prints the
 * native one. Disposing restores the very descriptors, unless the page has put its own in their place;
 * a patch that the page has kept goes on working and calls straight through.
 */
export class Patches implements Disposable {
  readonly #natives = new IntrinsicWeakMap<object, Native>();
  readonly #undo = new IntrinsicMap<number, () => void>();
  #count = 0;
  #active = true;

  constructor() {
    this.method(Function.prototype, 'toString', (native, self, args) =>
      apply(native, weakMapGet(this.#natives, self as object) ?? self, args),
    );
  }

  /** Replaces the method `owner[key]`, or with `slot` its getter or setter; where there is none, nothing happens. */
  method(
    owner: object,
    key: PropertyKey,
    trap?: ApplyTrap,
    slot: Slot = 'value',
  ): Replaced<ApplyTrap> | undefined {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    const native = descriptor?.[slot] as Native | undefined;
    if (!descriptor || typeof native !== 'function') return undefined;
    const replaced: Replaced<ApplyTrap> = { native, trap };
    const proxy = this.standIn(native, {
      apply: (_native, self, args) =>
        ((this.#active && replaced.trap) || apply)(native, self, args),
    });
    this.#replace(owner, key, descriptor, slot, proxy);
    return replaced;
  }

  /**
   * As `method`, with a function of ours in the place of a `Proxy`, for calls that are many. `shape` makes it: a
   * concise method with the native one's name and length, which hands on its `this` and its `arguments`.
   */
  fast(
    owner: object,
    key: PropertyKey,
    shape: (run: RunPatched) => Native,
    trap: ApplyTrap,
  ): Replaced<ApplyTrap> | undefined {
    let replaced: Replaced<ApplyTrap> | undefined;
    this.replace(owner, key, (native) => {
      const made: Replaced<ApplyTrap> = { native, trap };
      replaced = made;
      return shape((self, args) => ((this.#active && made.trap) || apply)(native, self, args));
    });
    return replaced;
  }

  /**
   * Replaces the method `owner[key]` by a function of ours, where a `Proxy` would be too slow. It must have the
   * native one's name and length and be no constructor (a concise method), and call straight through once `dispose`
   * is over.
   */
  replace(owner: object, key: PropertyKey, make: (native: Native) => Native): void {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    const native = descriptor?.value as Native | undefined;
    if (!descriptor || typeof native !== 'function') return;
    const ours = make(native);
    weakMapSet(this.#natives, ours, weakMapGet(this.#natives, native) ?? native);
    this.#replace(owner, key, descriptor, 'value', ours);
  }

  /** Replaces the class `owner[key]`, and the `constructor` of its prototype with it. */
  constructible(
    owner: object,
    key: PropertyKey,
    trap?: ConstructTrap,
  ): Replaced<ConstructTrap> | undefined {
    const descriptor = getOwnPropertyDescriptor(owner, key);
    if (typeof descriptor?.value !== 'function') return undefined;
    const native = descriptor.value as Native & { readonly prototype: object };
    const replaced: Replaced<ConstructTrap> = { native, trap };
    const proxy: Native = this.standIn(native, {
      construct: (_target, args: readonly unknown[], newTarget) => {
        const target = (newTarget as unknown) === proxy ? native : (newTarget as unknown as Native);
        return ((this.#active && replaced.trap) || constructAs)(native, args, target);
      },
    });
    this.#replace(owner, key, descriptor, 'value', proxy);
    const { prototype } = native;
    const link = getOwnPropertyDescriptor(prototype, 'constructor');
    if (link?.value === native) this.#replace(prototype, 'constructor', link, 'value', proxy);
    return replaced;
  }

  /** A `Proxy` of `native` that prints as `native` does. */
  standIn(native: Native, traps: ProxyHandler<Native>): Native {
    const handler = { __proto__: null, ...traps } as ProxyHandler<Native>;
    const proxy = new IntrinsicProxy(native, handler);
    weakMapSet(this.#natives, proxy, weakMapGet(this.#natives, native) ?? native);
    return proxy;
  }

  /** False once everything was taken back: what `replace` has put in place must ask. */
  get isActive(): boolean {
    return this.#active;
  }

  [Symbol.dispose](): void {
    this.#active = false;
    for (let i = this.#count; i > 0; i--) mapGet(this.#undo, i)?.();
  }

  #replace(
    owner: object,
    key: PropertyKey,
    descriptor: PropertyDescriptor,
    slot: Slot,
    proxy: Native,
  ): void {
    if (!descriptor.configurable) return;
    defineProperty(owner, key, { __proto__: null, ...descriptor, [slot]: proxy } as object);
    mapSet(this.#undo, ++this.#count, () => {
      const now = getOwnPropertyDescriptor(owner, key);
      if (now?.[slot] === proxy) defineProperty(owner, key, descriptor);
    });
  }
}
