/**
 * The built-ins as they were when our bundle was evaluated. Inside a page that is before its first
 * script, so code written with these (and with plain index loops, no iterators, no prototype
 * methods) goes on working after the page has broken its own built-ins.
 */
export const apply: typeof Reflect.apply = Reflect.apply;
export const construct: typeof Reflect.construct = Reflect.construct;
export const defineProperty: typeof Object.defineProperty = Object.defineProperty;
export const getOwnPropertyDescriptor: typeof Object.getOwnPropertyDescriptor =
  Object.getOwnPropertyDescriptor;

const { call, bind } = Function.prototype;
const bindCall: (f: unknown) => unknown = apply(bind, bind, [call]);

/** Turns a method into a function that takes its `this` as the first argument. */
export function uncurryThis<This, Args extends readonly unknown[], R>(
  method: (this: This, ...args: Args) => R,
): (self: This, ...args: Args) => R {
  return bindCall(method) as (self: This, ...args: Args) => R;
}

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
export const IntrinsicMap: MapConstructor = Map;
export const IntrinsicUint8Array: Uint8ArrayConstructor = Uint8Array;
export const floor: (x: number) => number = Math.floor;
