import {
  apply,
  construct,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  IntrinsicError,
  indexOf,
  ownData,
  slice,
} from '../../base/intrinsics.ts';
import { constructAs, type Native, type Patches } from '../../base/patch.ts';
import { getterFrom, prototypeOf } from '../../hooks/interfaces.ts';
import { stackOfError } from '../../shared/describe-error.ts';
import type { Address } from './scope.ts';

const NativeURL = globalThis.URL as unknown as Native & { readonly prototype: object };
const hrefOf = getterFrom(NativeURL.prototype, 'href') as (url: object) => string;
/** Stands in no frame, so that all of them are kept. */
const NOWHERE = '\n';
const ExceptionPrototype = prototypeOf('DOMException');
/** V8 only. Leaves out the frames down to that of `until`. */
const { captureStackTrace } = IntrinsicError as unknown as {
  captureStackTrace(error: object, until: unknown): void;
};
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
export function repairBaseURL(patches: Patches, { script, own }: Address): void {
  const address = construct(NativeURL as never, [script]) as object;
  const { location } = globalThis;
  const prototype = prototypeOf('WorkerLocation') as object;
  for (let i = 0; i < LOCATION.length; i++) {
    const attribute = LOCATION[i] as string;
    const read = getterFrom(NativeURL.prototype, attribute) as (url: object) => string;
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
        try {
          return apply(native, this, urls);
        } catch (error) {
          // What the engine itself throws is to tell the page's place. A script that throws has told its own.
          if (isFromHere(error, own)) captureStackTrace(error as object, stand.importScripts);
          throw error;
        }
      },
    };
    return stand.importScripts as Native;
  });
}

/** Whether the innermost frame of an exception of the engine's is ours. */
function isFromHere(error: unknown, own: string): boolean {
  const frame = isEngines(error) ? stackOfError(error, NOWHERE) : '';
  const end = indexOf(frame, '\n');
  return indexOf(end < 0 ? frame : slice(frame, 0, end), own) >= 0;
}

const isEngines = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && getPrototypeOf(error) === ExceptionPrototype;

/** Whether it surely is: a scheme and two slashes. */
function isAbsolute(url: string): boolean {
  return indexOf(url, 'http://') === 0 || indexOf(url, 'https://') === 0;
}
