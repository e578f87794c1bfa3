import {
  apply,
  construct,
  getOwnPropertyDescriptor,
  indexOf,
  ownData,
} from '../../base/intrinsics.ts';
import { constructAs, type Native, type Patches } from '../../base/patch.ts';
import { getterOf, prototypeOf } from '../../hooks/interfaces.ts';
import type { Address } from './scope.ts';

const NativeURL = globalThis.URL as unknown as Native & { readonly prototype: object };
const hrefOf = getterOf('URL', 'href') as (url: object) => string;
const LOCATION = [
  'href',
  'origin',
  'protocol',
  'host',
  'hostname',
  'port',
  'pathname',
  'search',
  'hash',
] as const;
/** Which argument is a URL that the engine would resolve against this worker’s own. */
const METHODS = [
  ['XMLHttpRequest', 'open', 1],
  ['Cache', 'add', 0],
  ['Cache', 'put', 0],
  ['Cache', 'match', 0],
  ['Cache', 'matchAll', 0],
  ['Cache', 'delete', 0],
  ['Cache', 'keys', 0],
  ['CacheStorage', 'match', 0],
] as const;
const CLASSES = ['Request', 'EventSource', 'WebSocket'] as const;

/** Lets this worker answer and resolve URLs as if its script were `script`, and not ours. */
export function repairBaseURL(patches: Patches, { script }: Address): void {
  const address = construct(NativeURL as never, [script]) as object;
  const { location } = globalThis;
  const prototype = prototypeOf('WorkerLocation') as object;
  for (let i = 0; i < LOCATION.length; i++) {
    const attribute = LOCATION[i] as string;
    const read = getterOf('URL', attribute) as (url: object) => string;
    patches.method(
      prototype,
      attribute,
      (native, self, args) => (self === location ? read(address) : apply(native, self, args)),
      'get',
    );
  }
  patches.method(prototype, 'toString', (native, self, args) =>
    self === location ? hrefOf(address) : apply(native, self, args),
  );

  const absolute = (value: unknown): unknown => {
    if (typeof value !== 'string' || isAbsolute(value)) return value;
    try {
      return hrefOf(construct(NativeURL as never, [value, script]) as object);
    } catch {
      // The engine says what is wrong with it.
      return value;
    }
  };
  /** The list of arguments is the trap’s own. */
  const resolve = (args: readonly unknown[], at: number): readonly unknown[] => {
    if (args.length > at) (args as unknown[])[at] = absolute(args[at]);
    return args;
  };
  const resolving = (owner: object | undefined, name: string, at: number): void => {
    if (!owner || !getOwnPropertyDescriptor(owner, name)) return;
    patches.method(owner, name, (native, self, args) => apply(native, self, resolve(args, at)));
  };

  for (let i = 0; i < METHODS.length; i++) {
    const [owner, name, at] = METHODS[i] as (typeof METHODS)[number];
    resolving(prototypeOf(owner), name, at);
  }
  const scopePrototype = prototypeOf('WorkerGlobalScope');
  resolving(scopePrototype, 'fetch', 0);
  resolving(ownData(globalThis, 'Response') as object | undefined, 'redirect', 0);
  for (let i = 0; i < CLASSES.length; i++) {
    patches.constructible(globalThis, CLASSES[i] as string, (native, args, newTarget) =>
      constructAs(native, resolve(args, 0), newTarget),
    );
  }
  if (!scopePrototype) return;
  patches.replace(scopePrototype, 'importScripts', (native) => {
    const stand = {
      importScripts(this: unknown, ...urls: unknown[]): unknown {
        for (let i = 0; patches.isActive && i < urls.length; i++) {
          const url = urls[i];
          // The engine converts them all before it loads the first.
          const text =
            typeof url === 'object' && url !== null ? `${url as { toString(): string }}` : url;
          urls[i] = absolute(text);
        }
        // Nothing is caught: an error that is thrown again forgets its place.
        return apply(native, this, urls);
      },
    };
    return stand.importScripts as Native;
  });
}

/** Whether it surely is: a scheme and two slashes. */
function isAbsolute(url: string): boolean {
  return indexOf(url, 'http://') === 0 || indexOf(url, 'https://') === 0;
}
