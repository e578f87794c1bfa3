import { atomicsAdd, IntrinsicInt32Array } from '../base/intrinsics.ts';
import { Unwrapper } from '../shared/slots.ts';
import type { Seq } from '../shared/units.ts';

/**
 * The one counter that numbers every record of every thread of the document, where memory can be
 * shared; else every number is 0.
 */
export class Order {
  /** Undefined where the page is not cross-origin isolated. */
  readonly cell: SharedArrayBuffer | undefined;
  readonly #words: Int32Array | undefined;
  readonly #widen = new Unwrapper();

  constructor(isolated: boolean) {
    if (!isolated) return;
    this.cell = new SharedArrayBuffer(4);
    this.#words = new IntrinsicInt32Array(this.cell);
  }

  next(): Seq {
    const words = this.#words;
    return (words ? this.#widen.widen((atomicsAdd(words, 0, 1) + 1) | 0) : 0) as Seq;
  }
}
