import type { Brand } from '../base/brand.ts';

/** Microseconds since the document's time origin (its navigation start). */
export type Micros = Brand<number, 'Micros'>;
/** Sample frames on a context's own time line. */
export type Frames = Brand<number, 'Frames'>;
/** A place in the one order of all records of a document; 0 where there is no shared counter. */
export type Seq = Brand<number, 'Seq'>;

/** Identities inside one document, counted up from 1 in the order of creation. */
export type ContextId = Brand<number, 'ContextId'>;
/** An `AudioNode`: worklet nodes and the native neighbours that were seen beside them. */
export type NodeId = Brand<number, 'NodeId'>;
export type ModuleId = Brand<number, 'ModuleId'>;
export type BlockId = Brand<number, 'BlockId'>;
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
