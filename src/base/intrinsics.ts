/**
 * The built-ins as they were when our bundle was evaluated. Inside a page that is before its first
 * script, so code written with these (and with plain index loops, no iterators, no prototype
 * methods) goes on working after the page has broken its own built-ins.
 */
/** The global object, whose property of that name is the page’s to change. */
export const globalScope: typeof globalThis = globalThis;
export const apply: typeof Reflect.apply = Reflect.apply;
export const construct: typeof Reflect.construct = Reflect.construct;
/** Says `false` where `Object.defineProperty` throws. */
export const defineProperty: typeof Reflect.defineProperty = Reflect.defineProperty;
export const deleteProperty: typeof Reflect.deleteProperty = Reflect.deleteProperty;
const { setPrototypeOf } = Object;
const descriptorOf = Object.getOwnPropertyDescriptor;
/** The descriptor inherits nothing: what it lacks (`get`, `value`, …) a page may have put on `Object.prototype`. */
export const getOwnPropertyDescriptor = (
  object: object,
  key: PropertyKey,
): PropertyDescriptor | undefined => {
  const descriptor = descriptorOf(object, key);
  return descriptor && setPrototypeOf(descriptor, null);
};

/** Own enumerable string keys. */
export const keysOf: (object: object) => readonly string[] = Object.keys;
export const hasOwn: (object: object, key: PropertyKey) => boolean = Object.hasOwn;
/** What `ownData` gives for a property that is an accessor. */
export const ACCESSOR: unique symbol = Symbol('accessor');
/** The value of an own data property; runs no code of the page. */
export const ownData = (object: object, key: PropertyKey): unknown => {
  const descriptor = descriptorOf(object, key);
  if (!descriptor) return undefined;
  return hasOwn(descriptor, 'value') ? descriptor.value : ACCESSOR;
};

/** The function in an own property: as its value, its getter or its setter. */
export const ownFunction = (
  object: object,
  key: PropertyKey,
  slot: 'value' | 'get' | 'set',
): ((this: never, ...args: never) => unknown) | undefined => {
  const descriptor = descriptorOf(object, key);
  const found: unknown = descriptor && hasOwn(descriptor, slot) ? descriptor[slot] : undefined;
  return typeof found === 'function' ? (found as () => unknown) : undefined;
};
/** Assigns; says `false` where that cannot be. */
export const set: typeof Reflect.set = Reflect.set;

const { call, bind } = Function.prototype;
const bindCall: (f: unknown) => unknown = apply(bind, bind, [call]);

/** Turns a method into a function that takes its `this` as the first argument. */
export function uncurryThis<This, Args extends readonly unknown[], R>(
  method: (this: This, ...args: Args) => R,
): (self: This, ...args: Args) => R {
  return bindCall(method) as (self: This, ...args: Args) => R;
}

/** The source of a function; of a built-in one, that it is one. */
export const functionText: (f: (...args: never) => unknown) => string = uncurryThis(
  Function.prototype.toString,
);
export const charCodeAt: (text: string, index: number) => number = uncurryThis(
  String.prototype.charCodeAt,
);
export const slice: (text: string, from?: number, to?: number) => string = uncurryThis(
  String.prototype.slice,
);
export const mapGet = uncurryThis(Map.prototype.get) as <K, V>(
  map: Map<K, V>,
  key: K,
) => V | undefined;
export const mapSet = uncurryThis(Map.prototype.set) as <K, V>(
  map: Map<K, V>,
  key: K,
  value: V,
) => Map<K, V>;
export const mapClear: (map: Map<unknown, unknown>) => void = uncurryThis(Map.prototype.clear);
export const mapDelete = uncurryThis(Map.prototype.delete) as <K>(
  map: Map<K, unknown>,
  key: K,
) => boolean;
export const mapForEach = uncurryThis(Map.prototype.forEach) as <K, V>(
  map: Map<K, V>,
  visit: (value: V, key: K) => void,
) => void;
export const weakMapGet = uncurryThis(WeakMap.prototype.get) as <K extends WeakKey, V>(
  map: WeakMap<K, V>,
  key: K,
) => V | undefined;
export const weakMapSet = uncurryThis(WeakMap.prototype.set) as <K extends WeakKey, V>(
  map: WeakMap<K, V>,
  key: K,
  value: V,
) => WeakMap<K, V>;
export const setForEach: <T>(set: Set<T>, visit: (value: T) => void) => void = uncurryThis(
  Set.prototype.forEach,
) as never;
export const deref = uncurryThis(WeakRef.prototype.deref) as <T extends WeakKey>(
  ref: WeakRef<T>,
) => T | undefined;
export const registerFinalizer = uncurryThis(FinalizationRegistry.prototype.register) as <T>(
  registry: FinalizationRegistry<T>,
  target: WeakKey,
  held: T,
) => void;
const then = uncurryThis(Promise.prototype.then) as <T, R>(
  promise: Promise<T>,
  resolved: (value: T) => R,
  rejected: (reason: unknown) => R,
) => Promise<R>;
const PLAIN = { __proto__: null, configurable: true, value: undefined } as PropertyDescriptor;
/**
 * For promises that the page never gets to see: they are given a `constructor` of their own, because
 * `then` asks the inherited one, which is the page's to change, for the kind of promise to make.
 */
export const promiseThen: typeof then = (promise, resolved, rejected) => {
  defineProperty(promise, 'constructor', PLAIN);
  return then(promise, resolved, rejected);
};
/**
 * Hears how a promise settles that the page gets to see, but has not seen yet. It never notices; only, were it
 * to be rejected, that counts as handled.
 */
export function onceSettled<T>(promise: Promise<T>, resolved: (value: T) => void): void {
  void promiseThen<T, unknown>(promise, resolved, () => undefined);
  deleteProperty(promise, 'constructor');
}
const { reject } = Promise;
export const promiseReject = (reason: unknown): Promise<never> =>
  apply(reject, IntrinsicPromise, [reason]) as Promise<never>;
export const toStringTag: typeof Symbol.toStringTag = Symbol.toStringTag;
export const toPrimitive: typeof Symbol.toPrimitive = Symbol.toPrimitive;
export const symbolIterator: typeof Symbol.iterator = Symbol.iterator;
export const symbolDispose: typeof Symbol.dispose = Symbol.dispose;
/** Equal to nothing. The global of that name is a page’s to look up. */
export const notANumber: number = Number.NaN;
const getter = <T>(owner: object, key: PropertyKey): ((self: object) => T) =>
  uncurryThis(descriptorOf(owner, key)?.get as (this: object) => T);
const TypedArray: object = Object.getPrototypeOf(Uint8Array.prototype);
/** The attributes of any typed array, which are getters that a page can replace. */
export const lengthOf: (words: Uint8Array | Int32Array) => number = getter(TypedArray, 'length');
export const byteOffsetOf: (view: ArrayBufferView) => number = getter(TypedArray, 'byteOffset');
export const bufferOf: (view: ArrayBufferView) => ArrayBuffer = getter(TypedArray, 'buffer');
/** Give undefined for what is no typed array; the others throw for what is not of their kind. */
export const typedArrayName = getter<string | undefined>(TypedArray, toStringTag);
export const typedArrayBytes = getter<number>(TypedArray, 'byteLength');
export const dataViewBytes = getter<number>(DataView.prototype, 'byteLength');
export const bufferBytes = getter<number>(ArrayBuffer.prototype, 'byteLength');
export const mapSize = getter<number>(Map.prototype, 'size');
export const setSize = getter<number>(Set.prototype, 'size');
export const byteIndexOf: (bytes: Uint8Array, byte: number, from: number) => number = uncurryThis(
  Uint8Array.prototype.indexOf,
);
/** All typed arrays share it. */
const typedArraySet = uncurryThis(
  Int32Array.prototype.set as (source: ArrayLike<number>, offset: number) => void,
) as (target: unknown, source: ArrayLike<number>, offset: number) => void;
export const copyInt32: (target: Int32Array, source: Int32Array, offset: number) => void =
  typedArraySet;
export const setBytes: (target: Uint8Array, source: Uint8Array, offset: number) => void =
  typedArraySet;
export const fromCharCode: (unit: number) => string = String.fromCharCode;
export const indexOf: (text: string, part: string, from?: number) => number = uncurryThis(
  String.prototype.indexOf,
);
/** Asks nobody for `exec`, as `test` would. */
export const matchOf: (pattern: RegExp, text: string) => unknown = uncurryThis(
  RegExp.prototype.exec,
);
export const getPrototypeOf: typeof Object.getPrototypeOf = Object.getPrototypeOf;
export const ownKeys: typeof Reflect.ownKeys = Reflect.ownKeys;
export const isView: (value: unknown) => value is ArrayBufferView = ArrayBuffer.isView;
export const isArray: typeof Array.isArray = Array.isArray;
export const freeze: typeof Object.freeze = Object.freeze;
export const ObjectPrototype: object = Object.prototype;
export const IntrinsicMap: MapConstructor = Map;
export const IntrinsicWeakMap: WeakMapConstructor = WeakMap;
export const IntrinsicWeakSet: WeakSetConstructor = WeakSet;
export const IntrinsicWeakRef: WeakRefConstructor = WeakRef;
export const IntrinsicFinalizationRegistry: FinalizationRegistryConstructor = FinalizationRegistry;
export const IntrinsicPromise: PromiseConstructor = Promise;
export const IntrinsicProxy: ProxyConstructor = Proxy;
export const IntrinsicError: ErrorConstructor = Error;
export const IntrinsicUint8Array: Uint8ArrayConstructor = Uint8Array;
export const IntrinsicInt32Array: Int32ArrayConstructor = Int32Array;
export const IntrinsicBigInt64Array: BigInt64ArrayConstructor = BigInt64Array;
export const IntrinsicArrayBuffer: ArrayBufferConstructor = ArrayBuffer;
/** Only to be used where memory can be shared; the global is missing elsewhere. */
export const IntrinsicSharedArrayBuffer: SharedArrayBufferConstructor = (
  globalThis as unknown as { readonly SharedArrayBuffer: SharedArrayBufferConstructor }
).SharedArrayBuffer;
/** Undefined where the global is missing. */
export const sharedBufferBytes: ((self: object) => number) | undefined =
  IntrinsicSharedArrayBuffer && getter(IntrinsicSharedArrayBuffer.prototype, 'byteLength');
export const IntrinsicDataView: DataViewConstructor = DataView;
export const setFloat64 = uncurryThis(DataView.prototype.setFloat64) as (
  view: DataView,
  byteOffset: number,
  value: number,
  littleEndian: boolean,
) => void;
export const atomicsAdd: typeof Atomics.add = Atomics.add;
export const atomicsLoad: typeof Atomics.load = Atomics.load;
export const atomicsCompareExchange: typeof Atomics.compareExchange = Atomics.compareExchange;
export const atomicsStore: typeof Atomics.store = Atomics.store;
export const dateNow: () => number = Date.now;
export const imul: (a: number, b: number) => number = Math.imul;
export const ceil: (x: number) => number = Math.ceil;
export const floor: (x: number) => number = Math.floor;
export const min: (a: number, b: number) => number = Math.min;
export const max: (a: number, b: number) => number = Math.max;
export const isSafeInteger: (value: unknown) => boolean = Number.isSafeInteger;
