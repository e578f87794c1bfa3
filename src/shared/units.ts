import type { Brand } from '../base/brand.ts';

/** Microseconds since the document's time origin (its navigation start). */
export type Micros = Brand<number, 'Micros'>;
/** Sample frames on a context's own time line. */
export type Frames = Brand<number, 'Frames'>;
/**
 * A place in the one order of all records of a document. Where there is no shared counter the wire holds the
 * place in the order of its thread, and past the door it is 0: not to be compared between threads.
 */
export type Seq = Brand<number, 'Seq'>;

/** Identities inside one document, counted up from 1 in the order of creation. */
export type ContextId = Brand<number, 'ContextId'>;
/** An `AudioNode`: worklet nodes and the native neighbours that were seen beside them. */
export type NodeId = Brand<number, 'NodeId'>;
export type ModuleId = Brand<number, 'ModuleId'>;
export type BlockId = Brand<number, 'BlockId'>;
/**
 * One end of a message channel, by a number of the thread that holds it: twice the node's id for a worklet
 * node's port (twice the ordinal + 1 in its audio rendering thread), else odd. `SCOPE_END` is the end that
 * a worker's global scope is; the page's `Worker` object is the other.
 */
export type EndId = Brand<number, 'EndId'>;
/** A worker by the count, from 1, of those that its thread constructed. */
export type WorkerId = Brand<number, 'WorkerId'>;
/** A data block (of SharedArrayBuffers or memories) by a number, from 1, of the thread that names it. */
export type MemoryId = Brand<number, 'MemoryId'>;
/** A cell of shared memory by a number, from 1, of the thread whose atomic operations touch it. */
export type CellId = Brand<number, 'CellId'>;
/** One call of `suspend()`, `resume()`, `close()` or `startRendering()`. */
export type CallId = Brand<number, 'CallId'>;
/** 0 is the document's main thread; audio rendering threads and workers follow as they appear. */
export type ThreadId = Brand<number, 'ThreadId'>;
/**
 * A processor's place among the constructions of its audio rendering thread, from 0. The n-th node
 * made in a context is the n-th processor constructed in its scope.
 */
export type Ordinal = Brand<number, 'Ordinal'>;

export const MAIN_THREAD = 0 as ThreadId;
export const RENDER_QUANTUM_FRAMES = 128;

export const SCOPE_END = 1 as EndId;
