import { IntrinsicInt32Array, IntrinsicUint8Array, lengthOf } from '../base/intrinsics.ts';
import type { CodeBody } from './code-body.ts';
import { Ints } from './list.ts';
import { OP } from './opcodes.ts';

/** What a loop holds; bits. */
export const LOOP = {
  /** Something is called, or waited for. */
  calls: 1,
  /** Other loops. */
  outer: 2,
  /** A way out other than its end. */
  exits: 4,
} as const;

/** The loops of a function. One object serves all functions in turn. */
export class LoopKinds {
  /** `LOOP` bits, by the instruction of each loop. */
  kind: Uint8Array = new IntrinsicUint8Array(64);
  /** The first branch to its head; what stands before it, outside of other blocks, runs once each time round. */
  firstBack: Int32Array = new IntrinsicInt32Array(64);
  /** Where a loop without other ways out is left: its end, or a branch that stands there in its place. */
  leaves: Int32Array = new IntrinsicInt32Array(64);
  /** Open loops, and where they stand among the open blocks; of each open block whether it is a loop. */
  readonly #loops = new Ints();
  readonly #places = new Ints();
  readonly #blocks = new Ints();

  look(body: CodeBody): void {
    const { length, op, first, second, match } = body;
    if (lengthOf(this.kind) < length) {
      this.kind = new IntrinsicUint8Array(length * 2);
      this.firstBack = new IntrinsicInt32Array(length * 2);
      this.leaves = new IntrinsicInt32Array(length * 2);
    }
    this.#loops.clear();
    this.#places.clear();
    this.#blocks.clear();
    for (let i = 0; i < length; i++) {
      switch (op[i]) {
        case OP.loop:
          this.#mark(LOOP.outer);
          this.kind[i] = 0;
          this.firstBack[i] = match[i] as number;
          this.leaves[i] = match[i] as number;
          this.#loops.add(i);
          this.#places.add(this.#blocks.length);
          this.#blocks.add(1);
          break;
        case OP.tryTable:
          this.#branch(i, (second[i] as number) >>> 0);
          this.#blocks.add(0);
          break;
        case OP.block:
        case OP.if:
        case OP.try:
          this.#blocks.add(0);
          break;
        case OP.end:
        case OP.delegate:
          if (this.#blocks.length > 0 && this.#blocks.pop() === 1) {
            this.#loops.pop();
            this.#places.pop();
          }
          break;
        case OP.br:
          if (!this.#isTail(body, i, (first[i] as number) >>> 0)) {
            this.#branch(i, (first[i] as number) >>> 0);
          }
          break;
        case OP.brIf:
        case OP.brTable:
        case OP.brOnNull:
        case OP.brOnNonNull:
        case OP.brOnCast:
        case OP.brOnCastFail:
          this.#branch(i, (first[i] as number) >>> 0);
          break;
        case OP.return:
        case OP.unreachable:
        case OP.throw:
        case OP.throwRef:
        case OP.rethrow:
          this.#mark(LOOP.exits);
          break;
        case OP.returnCall:
        case OP.returnCallIndirect:
        case OP.returnCallRef:
          this.#mark(LOOP.exits);
          this.#mark(LOOP.calls);
          break;
        case OP.call:
        case OP.callIndirect:
        case OP.callRef:
        case OP.atomicWait32:
        case OP.atomicWait64:
          this.#mark(LOOP.calls);
          break;
      }
    }
  }

  /** Whether a branch is what follows when no other has led back to the head of the loop: then it is its only end. */
  #isTail({ match }: CodeBody, i: number, label: number): boolean {
    const top = this.#loops.length - 1;
    if (top < 0 || label === 0 || this.#places.at(top) !== this.#blocks.length - 1) return false;
    const loop = this.#loops.at(top);
    if ((this.firstBack[loop] as number) >= i) return false;
    // Nothing behind the first one is ever reached.
    if (this.leaves[loop] === match[loop]) this.leaves[loop] = i;
    return true;
  }

  /** A branch whose outermost target is `label`. It matters to the innermost loop only: those around it are no plain ones. */
  #branch(i: number, label: number): void {
    const top = this.#loops.length - 1;
    if (top < 0) return;
    const loop = this.#loops.at(top);
    const place = this.#places.at(top);
    const target = this.#blocks.length - 1 - label;
    if (target < place) this.kind[loop] = (this.kind[loop] as number) | LOOP.exits;
    else if (target === place && (this.firstBack[loop] as number) > i) this.firstBack[loop] = i;
  }

  /** Marks all open loops; those around one that is marked are so already. */
  #mark(bit: number): void {
    for (let i = this.#loops.length - 1; i >= 0; i--) {
      const loop = this.#loops.at(i);
      const kind = this.kind[loop] as number;
      if (kind & bit) return;
      this.kind[loop] = kind | bit;
    }
  }
}
