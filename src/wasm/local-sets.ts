import { IntrinsicInt32Array } from '../base/intrinsics.ts';
import type { CodeBody } from './code-body.ts';
import { room } from './list.ts';
import { OP } from './opcodes.ts';

/** Where each local of a function is set. One object serves all functions in turn. */
export class LocalSets {
  /** Where in `#sets` the instructions that set each local begin; one more entry ends the last. */
  #from = new IntrinsicInt32Array(0);
  /** In order, for each local. */
  #sets = new IntrinsicInt32Array(0);

  look({ length, op, first }: CodeBody, locals: number): void {
    const from = room(this.#from, locals + 2);
    this.#from = from;
    for (let local = 0; local < locals + 2; local++) from[local] = 0;
    let total = 0;
    for (let i = 0; i < length; i++) {
      const local = (first[i] as number) >>> 0;
      if (!isSet(op[i] as number) || local >= locals) continue;
      from[local + 2] = (from[local + 2] as number) + 1;
      total++;
    }
    for (let local = 2; local < locals + 2; local++) {
      from[local] = (from[local] as number) + (from[local - 1] as number);
    }
    // What is now the beginning of each local moves to its end, which is the beginning of the next.
    this.#sets = room(this.#sets, total);
    for (let i = 0; i < length; i++) {
      const local = (first[i] as number) >>> 0;
      if (!isSet(op[i] as number) || local >= locals) continue;
      this.#sets[from[local + 1] as number] = i;
      from[local + 1] = (from[local + 1] as number) + 1;
    }
  }

  /** How often a local is set from one instruction to another, not included. */
  between(local: number, from: number, to: number): number {
    return this.#before(local, to) - this.#before(local, from);
  }

  #before(local: number, i: number): number {
    const from = this.#from[local] as number;
    let low = from;
    let high = this.#from[local + 1] as number;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sets[middle] as number) < i) low = middle + 1;
      else high = middle;
    }
    return low - from;
  }
}

function isSet(op: number): boolean {
  return op === OP.localSet || op === OP.localTee;
}
