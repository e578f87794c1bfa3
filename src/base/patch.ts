import {
  apply,
  construct,
  defineProperty,
  IntrinsicProxy,
  IntrinsicWeakMap,
  ownFunction,
  set,
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

/** Sees where a function was replaced, and by which. */
type SeePlace = (owner: object, key: PropertyKey, slot: Slot, native: Native, ours: Native) => void;

/** Makes an object as `new native(…args)` does, for a class that derives from it. */
export const constructAs = construct as unknown as ConstructTrap;

/**
 * The functions of one realm that we replaced. Each replacement is a `Proxy` of the native function,
 * so that name, length, prototype and callability stay, and `Function.prototype.toString` prints the
 * native one. Disposing puts the native ones back, unless the page has put its own in their place;
 * a patch that the page has kept goes on working and calls straight through.
 *
 * All this happens before a page has begun, when no code of ours is warm: closures cost less than objects then.
 */
export class Patches implements Disposable {
  /** What our functions stand for, once somebody has asked for the text of any. */
  #natives: WeakMap<object, Native> | undefined;
  /** Shows each function that was replaced, the newest first. */
  #eachPlace: (see: SeePlace) => void = () => undefined;
  #isActive = true;

  constructor() {
    this.method(Function.prototype, 'toString', (native, self, args) =>
      apply(native, this.#nativeOf(self), args),
    );
  }

  /** Replaces the method `owner[key]`, or with `slot` its getter or setter; where there is none, nothing happens. */
  method(
    owner: object,
    key: PropertyKey,
    trap?: ApplyTrap,
    slot: Slot = 'value',
  ): Replaced<ApplyTrap> | undefined {
    return this.#replaced(owner, key, slot, trap, (native, handler) => {
      handler.apply = (_native, self, args) => (this.#trapOf(handler) ?? apply)(native, self, args);
      return new IntrinsicProxy(native, handler);
    });
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
    return this.#replaced(owner, key, 'value', trap, (native, replaced) =>
      shape((self, args) => (this.#trapOf(replaced) ?? apply)(native, self, args)),
    );
  }

  /**
   * Replaces the method `owner[key]` by a function of ours, where a `Proxy` would be too slow. It must have the
   * native one's name and length and be no constructor (a concise method), and call straight through once `dispose`
   * is over.
   */
  replace(owner: object, key: PropertyKey, make: (native: Native) => Native): void {
    const native = ownFunction(owner, key, 'value') as Native | undefined;
    if (native) this.#put(owner, key, 'value', native, make(native));
  }

  /** Replaces the class `owner[key]`, and the `constructor` of its prototype with it. */
  constructible(
    owner: object,
    key: PropertyKey,
    trap?: ConstructTrap,
  ): Replaced<ConstructTrap> | undefined {
    return this.#replaced(owner, key, 'value', trap, (native, handler) => {
      handler.construct = (_native, args: readonly unknown[], newTarget) =>
        (this.#trapOf(handler) ?? constructAs)(
          native,
          args,
          (newTarget as unknown) === proxy ? native : (newTarget as unknown as Native),
        );
      const proxy = new IntrinsicProxy(native, handler);
      const { prototype } = native as Native & { readonly prototype: object };
      if (ownFunction(prototype, 'constructor', 'value') === native) {
        this.#put(prototype, 'constructor', 'value', native, proxy);
      }
      return proxy;
    });
  }

  /** A `Proxy` of `native` that prints as `native` does. */
  standIn(native: Native, traps: ProxyHandler<Native>): Native {
    const handler = { __proto__: null, ...traps } as ProxyHandler<Native>;
    const proxy = new IntrinsicProxy(native, handler);
    weakMapSet(this.#list(), proxy, native);
    return proxy;
  }

  /** False once everything was taken back: what `replace` has put in place must ask. */
  get isActive(): boolean {
    return this.#isActive;
  }

  [Symbol.dispose](): void {
    this.#isActive = false;
    this.#eachPlace((owner, key, slot, native, ours) => {
      if (ownFunction(owner, key, slot) === ours) put(owner, key, slot, native);
    });
  }

  /** What is to run in the place of a function that was called. */
  #trapOf<Trap>(replaced: Replaced<Trap>): Trap | undefined {
    return this.#isActive ? replaced.trap : undefined;
  }

  /** `make` is given what will be told of the replacement, for a handler. */
  #replaced<Trap>(
    owner: object,
    key: PropertyKey,
    slot: Slot,
    trap: Trap | undefined,
    make: (native: Native, replaced: Replaced<Trap> & ProxyHandler<Native>) => Native,
  ): Replaced<Trap> | undefined {
    const native = ownFunction(owner, key, slot) as Native | undefined;
    if (!native) return undefined;
    const replaced = { __proto__: null, native, trap } as unknown as Replaced<Trap>;
    this.#put(owner, key, slot, native, make(native, replaced as never));
    return replaced;
  }

  #put(owner: object, key: PropertyKey, slot: Slot, native: Native, ours: Native): void {
    if (!put(owner, key, slot, ours)) return;
    const others = this.#eachPlace;
    this.#eachPlace = (see) => {
      see(owner, key, slot, native, ours);
      others(see);
    };
    if (this.#natives) weakMapSet(this.#natives, ours, native);
  }

  #list(): WeakMap<object, Native> {
    if (!this.#natives) {
      const natives = new IntrinsicWeakMap<object, Native>();
      this.#natives = natives;
      this.#eachPlace((_owner, _key, _slot, native, ours) => weakMapSet(natives, ours, native));
    }
    return this.#natives;
  }

  /** What `ours` stands for, be it again for another; anything else itself. */
  #nativeOf(ours: unknown): unknown {
    const native = weakMapGet(this.#list(), ours as object);
    return native ? this.#nativeOf(native) : ours;
  }
}

/** Changes nothing but which function it is. False where nothing can be changed. */
function put(owner: object, key: PropertyKey, slot: Slot, what: Native): boolean {
  if (slot === 'value') return set(owner, key, what);
  return defineProperty(owner, key, { __proto__: null, [slot]: what } as PropertyDescriptor);
}
