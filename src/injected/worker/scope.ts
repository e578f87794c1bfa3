import { apply, IntrinsicError, indexOf, slice, uncurryThis } from '../../base/intrinsics.ts';
import { dataOf as messageData, timeStampOf } from '../../hooks/channels.ts';
import { callerOf } from '../../hooks/interfaces.ts';
import { PASSAGE_NAME } from '../../shared/passage.ts';

/** Where this prelude was loaded from, and what it was told by that. */
export interface Address {
  /** Without the query: a part of the URL of our own scripts. */
  readonly own: string;
  /** Random, known to us and to who made this worker. */
  readonly name: string;
  /** The absolute URL of the page’s script. */
  readonly script: string;
  /** What the engine takes for this worker’s script. */
  readonly stand: string;
}

export const dataOf = messageData as (event: object) => unknown;
export const stopEvent: (event: object) => void = callerOf('Event', 'stopImmediatePropagation');
export const post: (port: object, message: unknown, transfer?: Iterable<object>) => void = callerOf(
  'MessagePort',
  'postMessage',
);
export const startPort: (port: object) => void = callerOf('MessagePort', 'start');
export const postToParent = uncurryThis(globalThis.postMessage) as (
  scope: object,
  message: unknown,
) => void;

const { performance, setTimeout, crypto } = globalThis;
const now: (of: Performance) => number = callerOf('Performance', 'now');
const { getRandomValues } = crypto;
const { timeOrigin } = performance;

export const isIsolated: boolean = globalThis.crossOriginIsolated === true;

/** Microseconds since the Unix epoch, on the clock of `performance`. */
export function microsOfEpoch(): number {
  return (timeOrigin + now(performance)) * 1000;
}

/** Microseconds since the Unix epoch, of when an event was made. */
export function microsOfEvent(event: object): number {
  return (timeOrigin + (timeStampOf as (event: object) => number)(event)) * 1000;
}

export function after(milliseconds: number, run: () => void): void {
  setTimeout(run, milliseconds);
}

export function randomName(): string {
  const words = new Int32Array(4);
  apply(getRandomValues as never, crypto, [words]);
  return `lifeline${words[0]}${words[1]}${words[2]}${words[3]}`;
}

/** Reads off a stack what this script is called. Undefined where nobody of ours has loaded it. */
export function readAddress(): Address | undefined {
  const stack = new IntrinsicError().stack ?? '';
  const query = indexOf(stack, `?${PASSAGE_NAME}=`);
  if (query < 0) return undefined;
  let from = query;
  while (from > 0 && !isBoundary(stack[from - 1] as string)) from--;
  // Behind the URL, whose own colons are encoded, the engine has put the line and the column.
  const parameter = slice(stack, query + PASSAGE_NAME.length + 2, indexOf(stack, ':', query));
  const end = indexOf(parameter, '&');
  if (end < 0) return undefined;
  return {
    own: slice(stack, from, query),
    name: slice(parameter, 0, end),
    script: decodeURIComponent(slice(parameter, end + 1)),
    stand: globalThis.location.href,
  };
}

function isBoundary(unit: string): boolean {
  return unit === ' ' || unit === '(' || unit === '\n' || unit === '@';
}
