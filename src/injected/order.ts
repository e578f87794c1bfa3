import { atomicsAdd, IntrinsicInt32Array } from '../base/intrinsics.ts';
import { ORDER, Unwrapper } from '../shared/slots.ts';
import type { Seq } from '../shared/units.ts';

/**
 * The one counter that numbers every record of every thread of the document, where memory can be
 * shared; else each thread has one of its own.
 *
 * Who writes a record bumps the counter and takes twice its value. A call of `process()` bumps nothing: at
 * entry and at exit it reads the counter and takes twice its value plus one, a place between two records. So
 * an audio rendering thread pays two loads a call, no locked instruction, and still a record that lies
 * between entry and exit was made while the call was in flight.
 */
export class Order {
  /** Undefined where the page is not cross-origin isolated. */
  readonly cell: SharedArrayBuffer | undefined;
  /** Those of `ORDER`. */
  readonly words: Int32Array;
  readonly #widen = new Unwrapper();

  constructor(isolated: boolean) {
    if (isolated) this.cell = new SharedArrayBuffer(ORDER.words * 4);
    this.words = new IntrinsicInt32Array(this.cell ?? new ArrayBuffer(ORDER.words * 4));
  }

  next(): Seq {
    return (this.#widen.widen((atomicsAdd(this.words, ORDER.last, 1) + 1) | 0) * 2) as Seq;
  }
}
