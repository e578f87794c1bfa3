import { apply, uncurryThis } from '../base/intrinsics.ts';
import { dataOf } from '../hooks/channels.ts';

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
  clone(value: unknown, transfer?: Iterable<object>): unknown;
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
    dataOf: dataOf as PageRealm['dataOf'],
    clone: (value, transfer) =>
      structuredClone(value, transfer && ({ __proto__: null, transfer } as never)),
    post: (port, message, transfer) => apply(postMessage, port, [message, transfer as never]),
    start: (port) => apply(start, port, []),
  };
}
