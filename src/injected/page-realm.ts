import { apply, getOwnPropertyDescriptor, uncurryThis } from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';

interface Interface {
  readonly prototype: object;
}

/** The interface `name` of this window as it is before the page's first script. */
export function interfaceOf(name: string): Interface | undefined {
  const found = getOwnPropertyDescriptor(globalThis, name)?.value;
  return typeof found === 'function' ? (found as unknown as Interface) : undefined;
}

/** The getter of an attribute that `interfaceName` itself has; undefined where the browser has none. */
export function getterOf<This extends object, T>(
  interfaceName: string,
  attribute: string,
): ((self: This) => T) | undefined {
  const prototype = interfaceOf(interfaceName)?.prototype;
  const get = prototype && getOwnPropertyDescriptor(prototype, attribute)?.get;
  return get && uncurryThis(get as (this: This) => T);
}

/** The method `name` of an interface that there is, as it is before the page's first script. */
export function methodOf(interfaceName: string, name: string): Native {
  const { prototype } = interfaceOf(interfaceName) as Interface;
  return getOwnPropertyDescriptor(prototype, name)?.value as Native;
}

/** The window's own functions that the recorder needs all the time, captured. */
export interface PageRealm {
  readonly window: EventTarget;
  readonly document: Document;
  /** Microseconds since the document's time origin. */
  now(): number;
  /** Microseconds since the Unix epoch at the time origin. */
  readonly timeOrigin: number;
  /** The same on the clock of `Date.now()`, in milliseconds. */
  readonly originMs: number;
  readonly isolated: boolean;
  after(milliseconds: number, run: () => void): void;
  listen<E extends Event>(
    target: EventTarget,
    type: string,
    heard: (this: unknown, event: E) => void,
  ): void;
  dataOf(event: Event): unknown;
  /** A structured clone. */
  clone(value: unknown): unknown;
  post(port: MessagePort, message: unknown, transfer?: Iterable<object>): void;
  start(port: MessagePort): void;
}

export function takePageRealm(): PageRealm {
  const { performance, setTimeout, structuredClone, document } = globalThis;
  const now = uncurryThis(Performance.prototype.now);
  const { addEventListener } = EventTarget.prototype;
  const { postMessage, start } = MessagePort.prototype;
  return {
    window: globalThis,
    document,
    now: () => now(performance) * 1000,
    timeOrigin: performance.timeOrigin * 1000,
    originMs: Date.now() - now(performance),
    isolated: globalThis.crossOriginIsolated === true,
    after: (milliseconds, run) => {
      setTimeout(run, milliseconds);
    },
    listen: (target, type, heard) =>
      apply(addEventListener, target, [type, heard as EventListener]),
    dataOf: getterOf<Event, unknown>('MessageEvent', 'data') as PageRealm['dataOf'],
    clone: (value) => structuredClone(value),
    post: (port, message, transfer) =>
      apply(postMessage, port, transfer ? [message, transfer as never] : [message]),
    start: (port) => apply(start, port, []),
  };
}
