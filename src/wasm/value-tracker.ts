import { IntrinsicInt32Array, lengthOf, max } from '../base/intrinsics.ts';
import type { CodeBody } from './code-body.ts';
import type { FunctionTypes } from './function-types.ts';
import * as LIMITS from './limits.ts';
import { Ints } from './list.ts';
import { OP, OPCODE } from './opcodes.ts';
import type { WasmModule } from './read-module.ts';

/** Bases of addresses that are never on the heap, beside those that are numbered from 3 on. */
export const BASE = { unknown: 0, absolute: 1, stack: 2 } as const;
const FIRST_BASE = 3;

/** So many pairs of a local and a place where paths meet are looked at in one function; beyond, nothing is followed. */
const MOST_MEETINGS = 1 << 22;

/**
 * Follows the values of a function as far as it takes to see that two addresses have the same base: a value is a base
 * plus a constant. Where paths meet, locals that one of them sets get new bases.
 */
export class ValueTracker {
  readonly #types: FunctionTypes;
  readonly #module: WasmModule;
  readonly #stackPointer: number;
  /** Of each value on the operand stack. */
  readonly #base = new Ints();
  readonly #plus = new Ints();
  /** The local that it was taken from, or −1, and by which instruction. */
  readonly #from = new Ints();
  readonly #taken = new Ints();
  #localBase = new IntrinsicInt32Array(0);
  #localPlus = new IntrinsicInt32Array(0);
  /** The last instruction that set a local. */
  #localSet = new IntrinsicInt32Array(0);
  /** Where in `#sets` the instructions that set each local begin; one more entry ends the last. */
  #setsFrom = new IntrinsicInt32Array(0);
  #sets = new IntrinsicInt32Array(0);
  #locals = 0;
  #next = FIRST_BASE;
  /** Height of the operand stack where each open block began, below its parameters, and the instruction. */
  readonly #heights = new Ints();
  readonly #openers = new Ints();
  #meetings = 0;
  /** Something was met whose effect on the operand stack is not known. */
  #lost = false;
  #reachable = true;

  /** `stackPointer` is a global, or −1. */
  constructor(module: WasmModule, stackPointer: number) {
    this.#module = module;
    this.#types = module.types;
    this.#stackPointer = stackPointer;
  }

  get reachable(): boolean {
    return this.#reachable;
  }

  /** Open blocks of the function. */
  get depth(): number {
    return this.#heights.length;
  }

  begin(body: CodeBody, params: number): void {
    this.#locals = params + body.declaredLocals;
    this.#indexSets(body);
    for (let i = 0; i < this.#locals; i++) {
      this.#localBase[i] = FIRST_BASE + i;
      this.#localPlus[i] = 0;
      this.#localSet[i] = -1;
    }
    this.#next = FIRST_BASE + this.#locals;
    this.#base.clear();
    this.#plus.clear();
    this.#from.clear();
    this.#taken.clear();
    this.#heights.clear();
    this.#openers.clear();
    this.#meetings = 0;
    this.#lost = false;
    this.#reachable = true;
  }

  /** The base of the operand `below` the top, before an instruction takes it. */
  baseAt(below: number): number {
    const index = this.#base.length - 1 - below;
    return this.#lost || index < this.#floor() ? BASE.unknown : this.#base.at(index);
  }

  /** The constant beside `baseAt`. */
  plusAt(below: number): number {
    return this.#plus.at(this.#base.length - 1 - below);
  }

  /** The local that still holds the operand `below` the top, or −1. */
  localAt(below: number): number {
    const index = this.#base.length - 1 - below;
    if (this.#lost || index < this.#floor()) return -1;
    const local = this.#from.at(index);
    return local >= 0 && (this.#localSet[local] as number) <= this.#taken.at(index) ? local : -1;
  }

  /** Follows the instruction `i`. */
  step(body: CodeBody, i: number): void {
    const op = body.op[i] as number;
    const first = body.first[i] as number;
    switch (op) {
      case OP.block:
      case OP.try:
      case OP.tryTable:
        this.#open(i, first);
        break;
      case OP.if:
        this.#pop(1);
        this.#open(i, first);
        break;
      case OP.loop:
        this.#open(i, first);
        this.#forgetSetBetween(i, body.match[i] as number, i);
        break;
      case OP.else:
        this.#meet(i);
        this.#pushMany(this.#params(body.first[this.#opener()] as number));
        break;
      case OP.catch:
        this.#meet(i);
        this.#pushMany(this.#types.params(this.#module.tags.at(first)));
        break;
      case OP.catchAll:
        this.#meet(i);
        break;
      case OP.end:
      case OP.delegate:
        this.#close(body, i);
        break;
      case OP.br:
      case OP.brTable:
      case OP.return:
      case OP.unreachable:
      case OP.throw:
      case OP.rethrow:
      case OP.throwRef:
      case OP.returnCall:
      case OP.returnCallIndirect:
      case OP.returnCallRef:
        this.#truncate(this.#floor());
        this.#reachable = false;
        break;
      case OP.brIf:
      case OP.brOnNonNull:
        this.#pop(1);
        break;
      case OP.brOnNull:
      case OP.brOnCast:
      case OP.brOnCastFail:
        break;
      case OP.call:
        this.#call(this.#module.functions.at(first));
        break;
      case OP.callIndirect:
      case OP.callRef:
        this.#pop(1);
        this.#call(first);
        break;
      case OP.localGet:
        this.#push(this.#localBase[first] as number, this.#localPlus[first] as number, first, i);
        break;
      case OP.localSet:
        this.#setLocal(first, i);
        this.#pop(1);
        break;
      case OP.localTee:
        this.#setLocal(first, i);
        this.#pop(1);
        this.#push(this.#localBase[first] as number, this.#localPlus[first] as number, first, i);
        break;
      case OP.globalGet:
        if (first === this.#stackPointer) this.#push(BASE.stack, 0);
        else this.#pushNew();
        break;
      case OP.i32Const:
        this.#push(BASE.absolute, first);
        break;
      case OP.i32Add:
        this.#combine(1);
        break;
      case OP.i32Sub:
        this.#combine(-1);
        break;
      case OP.i32And:
        this.#align();
        break;
      default:
        if (OPCODE.fixed[op] === 1) {
          this.#pop(OPCODE.takes[op] as number);
          this.#pushMany(OPCODE.gives[op] as number);
        } else this.#lost = true;
    }
  }

  /** Notes the places of all that sets a local, by local. */
  #indexSets({ length, op, first }: CodeBody): void {
    const locals = this.#locals;
    const from = room(this.#setsFrom, locals + 2);
    this.#localBase = room(this.#localBase, locals);
    this.#localPlus = room(this.#localPlus, locals);
    this.#localSet = room(this.#localSet, locals);
    this.#setsFrom = from;
    for (let local = 0; local < locals + 2; local++) from[local] = 0;
    let total = 0;
    for (let i = 0; i < length; i++) {
      if (!isSet(op[i] as number) || (first[i] as number) >>> 0 >= locals) continue;
      from[(first[i] as number) + 2] = (from[(first[i] as number) + 2] as number) + 1;
      total++;
    }
    for (let local = 2; local < locals + 2; local++) {
      from[local] = (from[local] as number) + (from[local - 1] as number);
    }
    this.#sets = room(this.#sets, total);
    for (let i = 0; i < length; i++) {
      if (!isSet(op[i] as number) || (first[i] as number) >>> 0 >= locals) continue;
      const next = (first[i] as number) + 1;
      this.#sets[from[next] as number] = i;
      from[next] = (from[next] as number) + 1;
    }
  }

  /** Gives new bases to the locals that are set between two instructions. */
  #forgetSetBetween(from: number, to: number, now: number): void {
    this.#meetings += this.#locals;
    if (this.#meetings > MOST_MEETINGS) {
      this.#lost = true;
      return;
    }
    for (let local = 0; local < this.#locals; local++) {
      if (!this.#isSetBetween(local, from, to)) continue;
      this.#localBase[local] = this.#next++;
      this.#localPlus[local] = 0;
      this.#localSet[local] = now;
    }
  }

  #isSetBetween(local: number, from: number, to: number): boolean {
    let low = this.#setsFrom[local] as number;
    const end = this.#setsFrom[local + 1] as number;
    let high = end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#sets[middle] as number) < from) low = middle + 1;
      else high = middle;
    }
    return low < end && (this.#sets[low] as number) < to;
  }

  #floor(): number {
    return this.#heights.length === 0 ? 0 : this.#heights.at(this.#heights.length - 1);
  }

  #opener(): number {
    return this.#openers.at(this.#openers.length - 1);
  }

  #params(blockType: number): number {
    return blockType < 0 ? 0 : this.#types.params(blockType);
  }

  #results(blockType: number): number {
    if (blockType >= 0) return this.#types.results(blockType);
    return blockType === -0x40 ? 0 : 1;
  }

  #open(i: number, blockType: number): void {
    const params = this.#params(blockType);
    if (this.#openers.length > LIMITS.followedDepth) this.#lost = true;
    this.#pop(params);
    this.#heights.add(this.#base.length);
    this.#openers.add(i);
    this.#pushMany(params);
  }

  /** Another arm of a block begins. */
  #meet(i: number): void {
    this.#truncate(this.#floor());
    this.#reachable = true;
    this.#forgetSetBetween(this.#opener(), i, i);
  }

  #close(body: CodeBody, i: number): void {
    if (this.#openers.length === 0) return;
    const opener = this.#opener();
    this.#meet(i);
    this.#heights.pop();
    this.#openers.pop();
    this.#pushMany(this.#results(body.first[opener] as number));
  }

  #call(type: number): void {
    this.#pop(this.#types.params(type));
    this.#pushMany(this.#types.results(type));
  }

  #setLocal(local: number, i: number): void {
    if (local >>> 0 >= this.#locals) return;
    const top = this.#base.length - 1;
    const known = top >= this.#floor();
    this.#localBase[local] = known ? this.#base.at(top) : this.#next++;
    this.#localPlus[local] = known ? this.#plus.at(top) : 0;
    this.#localSet[local] = i;
  }

  /** The sum or difference of the two values on top. */
  #combine(sign: number): void {
    const right = this.baseAt(0);
    const rightPlus = this.plusAt(0);
    const left = this.baseAt(1);
    const leftPlus = this.plusAt(1);
    this.#pop(2);
    if (right === BASE.absolute) this.#push(left, (leftPlus + sign * rightPlus) | 0);
    else if (left === BASE.absolute && sign > 0) this.#push(right, (leftPlus + rightPlus) | 0);
    else if (left === BASE.stack || (right === BASE.stack && sign > 0)) this.#push(BASE.stack, 0);
    else this.#pushNew();
  }

  /** A stack pointer rounded down is one. */
  #align(): void {
    const stack = this.baseAt(0) === BASE.stack || this.baseAt(1) === BASE.stack;
    this.#pop(2);
    if (stack) this.#push(BASE.stack, 0);
    else this.#pushNew();
  }

  #push(base: number, plus: number, from = -1, taken = 0): void {
    this.#base.add(base === BASE.unknown ? this.#next++ : base);
    this.#plus.add(plus);
    this.#from.add(from);
    this.#taken.add(taken);
  }

  #pushNew(): void {
    this.#push(BASE.unknown, 0);
  }

  #pushMany(count: number): void {
    for (let i = 0; i < count; i++) this.#pushNew();
  }

  #pop(count: number): void {
    this.#truncate(max(this.#base.length - count, this.#floor()));
  }

  #truncate(length: number): void {
    this.#base.truncate(length);
    this.#plus.truncate(length);
    this.#from.truncate(length);
    this.#taken.truncate(length);
  }
}

function isSet(op: number): boolean {
  return op === OP.localSet || op === OP.localTee;
}

function room(old: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  return lengthOf(old) >= size ? old : new IntrinsicInt32Array(size * 2);
}
