import { apply, uncurryThis } from '../base/intrinsics.ts';
import { dataOf } from '../hooks/channels.ts';
import { getterOf } from '../hooks/interfaces.ts';

/** The window's own functions that the recorder needs all the time, captured. */
export interface PageRealm {
  readonly window: EventTarget;
  readonly document: Document;
  /** Microseconds since the document's time origin. */
  now(): number;
  /** The same, of when an event was made. */
  timeOf(event: object): number;
  /** Milliseconds since the Unix epoch, whole ones, in a tenth of the time that `now` takes. */
  dateNow(): number;
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
  const timeStampOf = getterOf<object, number>('Event', 'timeStamp') as (event: object) => number;
  const { addEventListener } = EventTarget.prototype;
  const { postMessage, start } = MessagePort.prototype;
  return {
    window: globalThis,
    document,
    now: () => now(performance) * 1000,
    timeOf: (event) => timeStampOf(event) * 1000,
    dateNow: Date.now,
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
