import type { ThreadId } from '../../shared/units.ts';

/**
 * A place in the order of one thread. Ticks only ever grow within a thread; those of two threads are
 * never compared to find what had to happen. A `Point` is a place.
 */
export interface Place {
  readonly thread: ThreadId;
  readonly tick: number;
}

/**
 * Why one thread's past is before another's future. Codes are stored with edges; `doc` says what had to
 * happen (printed in the docs), `words` what a path says of one such edge.
 */
export const EDGE_KINDS = {
  message: {
    code: 1,
    doc: 'What a thread did before `postMessage` is before the handler of that message, and all that follows it. Ports are first in, first out, and a transferred port is still the same port. A message that was sent but not handled yet orders nothing.',
    words: 'a message was sent → it was handled',
  },
  'worker-start': {
    code: 2,
    doc: 'What a thread did before `new Worker(…)` is before the first statement of that worker. `terminate()` orders nothing: it is asynchronous.',
    words: 'the worker was created → its first statement',
  },
  module: {
    code: 3,
    doc: 'What a page did before `addModule(…)` is before the module is evaluated, and that is before the promise resolves.',
    words: 'the module was evaluated → addModule() resolved',
  },
  construction: {
    code: 4,
    doc: 'What a page did before `new AudioWorkletNode(…)` is before the constructor of its processor returns, and so before the first call.',
    words: 'the node was constructed → its processor was',
  },
  'processor-error': {
    code: 5,
    doc: 'An exception in a processor, and all that its thread did before, is before the error event of the node.',
    words: 'the processor threw → the node’s error event',
  },
  standstill: {
    code: 6,
    doc: 'The calls before a context stands still are before the resolution of the `suspend()`, `close()` or `startRendering()` that stopped it. Only calls: messages are handled in a suspended context too.',
    words: 'the last call before the context stood still → the promise resolved',
  },
  resumption: {
    code: 7,
    doc: 'What a page did before `resume()`, or `startRendering()`, is before the calls that follow it, where the suspension before it was complete: the page had seen its promise resolve.',
    words: 'the page let the context run → the first call after that',
  },
  atomic: {
    code: 8,
    doc: 'What a thread did before an atomic write is before what another does after an atomic read that saw that very write. Where equal values leave open which write was seen, only what is before all of them counts.',
    words: 'an atomic write → the read that saw it',
  },
  notify: {
    code: 9,
    doc: 'What a thread did before `Atomics.notify` is before the return of a `wait`, or the resolution of a `waitAsync`, that it woke (`"ok"`; a time-out orders nothing).',
    words: 'a notification → the wait that it ended',
  },
  'port-close': {
    code: 10,
    doc: 'The last message of a port, and all before it, is before the `close` event at its other end.',
    words: 'the port was closed → the close event at its other end',
  },
} as const satisfies {
  readonly [kind: string]: { readonly code: number; readonly doc: string; readonly words: string };
};

export type EdgeKind = keyof typeof EDGE_KINDS;

/**
 * All of `from.thread` up to `from.tick`, itself included, is before all of `to.thread` from `to.tick` on,
 * itself included.
 */
export interface Edge {
  readonly kind: EdgeKind;
  readonly from: Place;
  readonly to: Place;
  /**
   * What it is an edge of, by a number of the acquiring thread: the end of the channel (message, port-close),
   * the cell (atomic, notify), else 0.
   */
  readonly about: number;
}
