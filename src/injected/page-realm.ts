import { uncurryThis } from '../base/intrinsics.ts';
import { dataOf, listen, timeStampOf } from '../hooks/channels.ts';
import { callerOf } from '../hooks/interfaces.ts';

/** The window's own functions that the recorder needs all the time, captured. */
export interface PageRealm {
  readonly window: EventTarget;
  readonly document: Document;
  /** Microseconds since the document's time origin. */
  now(): number;
  /** The same, of when an event was made. */
  timeOf(event: object): number;
  /** Microseconds since the Unix epoch at the time origin. */
  readonly timeOrigin: number;
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
  return {
    window: globalThis,
    document,
    now: () => now(performance) * 1000,
    timeOf: (event) => (timeStampOf as (event: object) => number)(event) * 1000,
    timeOrigin: performance.timeOrigin * 1000,
    isolated: globalThis.crossOriginIsolated === true,
    after: (milliseconds, run) => {
      setTimeout(run, milliseconds);
    },
    listen: listen as PageRealm['listen'],
    dataOf: dataOf as PageRealm['dataOf'],
    clone: (value, transfer) =>
      structuredClone(value, transfer && ({ __proto__: null, transfer } as never)),
    post: callerOf('MessagePort', 'postMessage'),
    start: callerOf('MessagePort', 'start'),
  };
}
