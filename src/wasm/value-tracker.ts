import {
  IntrinsicInt32Array,
  IntrinsicMap,
  mapClear,
  mapGet,
  mapSet,
  max,
} from '../base/intrinsics.ts';
import type { CodeBody } from './code-body.ts';
import type { FunctionTypes } from './function-types.ts';
import * as LIMITS from './limits.ts';
import { Ints, room } from './list.ts';
import { LocalSets } from './local-sets.ts';
import { OP, OPCODE } from './opcodes.ts';
import type { WasmModule } from './read-module.ts';

/** Bases of addresses that are never on the heap, beside those that are numbered from 3 on. */
export const BASE = { unknown: 0, absolute: 1, stack: 2 } as const;
const FIRST_BASE = 3;

/**
 * So many pairs of a local and a place where paths meet are looked at for each instruction of a function: what it takes
 * stays in line with its size. Beyond, nothing is followed.
 */
const MOST_MEETINGS = 256;
/** What a base is, as far as it shows in a plain loop. */
const PART = {
  unknown: 0,
  /** It does not change in the loop. */
  address: 1,
  /** What was multiplied or cut to some low bits is no address: it counts elements. */
  index: 2,
  /** Such an address plus such an index. */
  inside: 3,
} as const;
/** What is cut to so many low bits may count elements; masks above that round addresses down. */
const MOST_MASK = 1 << 24;
/** A base that grows so many times as fast as a local is not followed. */
const MOST_SCALE = 1 << 16;

/**
 * Follows the values of a function as far as it takes to see that two addresses have the same base: a value is a base
 * plus a constant. Where paths meet, locals that one of them sets get new bases.
 *
 * In a _plain_ loop (see `check-plan.ts`) it also sees which bases grow evenly: those that are a multiple of a local, plus
 * what does not change in the loop. Such a local is set once each time round, to itself plus a constant. Of the others it
 * sees which lie inside of what an unchanged address points to.
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
  readonly #sets = new LocalSets();
  #locals = 0;
  #next = FIRST_BASE;
  /** Of each base the local whose multiple it is, or −1, and how many times that; and what its growth must divide by. */
  readonly #along = new Ints();
  readonly #scale = new Ints();
  readonly #divisor = new Ints();
  /** A `PART`. */
  readonly #part = new Ints();
  /**
   * In a plain loop: bases below were there before it; how deep it lies, and how far it runs once each time round; the
   * bases of locals at its head, and by how much they grow.
   */
  #constantBelow = 0;
  #loopDepth = -1;
  #loopProperTo = 0;
  readonly #headBase = new IntrinsicMap<number, number>();
  readonly #strides = new IntrinsicMap<number, number>();
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
    this.#localBase = room(this.#localBase, this.#locals);
    this.#localPlus = room(this.#localPlus, this.#locals);
    this.#localSet = room(this.#localSet, this.#locals);
    this.#sets.look(body, this.#locals);
    for (let i = 0; i < this.#locals; i++) {
      this.#localBase[i] = FIRST_BASE + i;
      this.#localPlus[i] = 0;
      this.#localSet[i] = -1;
    }
    this.#next = 0;
    this.#along.clear();
    this.#scale.clear();
    this.#divisor.clear();
    this.#part.clear();
    while (this.#next < FIRST_BASE + this.#locals) this.#newBase();
    this.#leaveLoop();
    this.#base.clear();
    this.#plus.clear();
    this.#from.clear();
    this.#taken.clear();
    this.#heights.clear();
    this.#openers.clear();
    this.#meetings = body.length * MOST_MEETINGS;
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

  /** The local that the operand `below` the top grows along with, or −1; and how many times as fast. */
  alongAt(below: number): number {
    return this.#alongOf(this.baseAt(below));
  }

  scaleAt(below: number): number {
    return this.#scale.at(this.baseAt(below));
  }

  /** Only where the local grows by a multiple of that does the operand grow evenly. */
  divisorAt(below: number): number {
    return this.#divisor.at(this.baseAt(below));
  }

  /** Whether the operand `below` the top is an unchanged address plus an index, so that it points into one block all the time. */
  isInsideAt(below: number): boolean {
    const base = this.baseAt(below);
    return this.#isOfLoop(base) && this.#part.at(base) === PART.inside;
  }

  /** By how much a local has grown in this round of the plain loop; 0: unevenly, or not yet. */
  strideOf(local: number): number {
    return mapGet(this.#strides, local) ?? 0;
  }

  /** Whether the instruction `i` runs once each time round a plain loop. */
  isInLoopProper(i: number): boolean {
    return this.#heights.length === this.#loopDepth && i < this.#loopProperTo;
  }

  /** Follows the instruction `i`. Of a plain loop `properTo` says what first branches to its head; −1 for others. */
  step(body: CodeBody, i: number, properTo = -1): void {
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
        this.#leaveLoop();
        if (properTo >= 0) this.#constantBelow = this.#next;
        this.#forgetSetBetween(i, body.match[i] as number, i);
        if (properTo >= 0) this.#enterLoop(i, body.match[i] as number, properTo);
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
      case OP.i32Or:
        this.#combineBits();
        break;
      case OP.i32Shl:
        this.#shift();
        break;
      case OP.i32Mul:
        this.#multiply();
        break;
      default:
        if (OPCODE.fixed[op] === 1) {
          this.#pop(OPCODE.takes[op] as number);
          this.#pushMany(OPCODE.gives[op] as number);
        } else this.#lost = true;
    }
  }

  /** Gives new bases to the locals that are set between two instructions. */
  #forgetSetBetween(from: number, to: number, now: number): void {
    this.#meetings -= this.#locals;
    if (this.#meetings < 0) {
      this.#lost = true;
      return;
    }
    for (let local = 0; local < this.#locals; local++) {
      if (this.#sets.between(local, from, to) === 0) continue;
      this.#localBase[local] = this.#newBase();
      this.#localPlus[local] = 0;
      this.#localSet[local] = now;
    }
  }

  #newBase(along = -1, scale = 0, divisor = 1): number {
    this.#along.add(along);
    this.#scale.add(scale);
    this.#divisor.add(divisor);
    this.#part.add(PART.unknown);
    return this.#next++;
  }

  /** Each local that is set once in the loop may grow evenly: whether it does shows when it is set. */
  #enterLoop(from: number, to: number, properTo: number): void {
    if (this.#lost) return;
    this.#loopProperTo = properTo;
    this.#loopDepth = this.#heights.length;
    for (let local = 0; local < this.#locals; local++) {
      if (this.#sets.between(local, from, to) !== 1) continue;
      const base = this.#localBase[local] as number;
      this.#along.set(base, local);
      this.#scale.set(base, 1);
      mapSet(this.#headBase, local, base);
    }
  }

  #leaveLoop(): void {
    this.#constantBelow = 0;
    this.#loopDepth = -1;
    mapClear(this.#headBase);
    mapClear(this.#strides);
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
    if (this.#heights.length === this.#loopDepth) this.#leaveLoop();
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
    const base = known ? this.#base.at(top) : this.#newBase();
    const plus = known ? this.#plus.at(top) : 0;
    if (this.isInLoopProper(i) && mapGet(this.#headBase, local) === base) {
      mapSet(this.#strides, local, plus);
    }
    this.#localBase[local] = base;
    this.#localPlus[local] = plus;
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
    else this.#pushSum(left, right, sign);
  }

  /** It grows evenly where both do, along the same local, or one of them does not change. */
  #pushSum(left: number, right: number, sign: number): void {
    const leftAlong = this.#alongOf(left);
    const rightAlong = this.#alongOf(right);
    const leftScale = this.#scale.at(left);
    const rightScale = this.#scale.at(right) * sign;
    const divisor = max(this.#divisor.at(left), this.#divisor.at(right));
    const part = sign > 0 ? this.#partOfSum(left, right) : PART.unknown;
    if (leftAlong >= 0 && leftAlong === rightAlong) {
      this.#pushAlong(leftAlong, leftScale + rightScale, divisor);
    } else if (leftAlong >= 0 && this.#isConstant(right)) {
      this.#pushAlong(leftAlong, leftScale, divisor);
    } else if (rightAlong >= 0 && this.#isConstant(left)) {
      this.#pushAlong(rightAlong, rightScale, divisor);
    } else this.#pushNew();
    this.#markPart(part);
  }

  #partOfSum(left: number, right: number): number {
    const one = this.#partOf(left);
    const other = this.#partOf(right);
    if (one === PART.unknown || other === PART.unknown) return PART.unknown;
    // Of two of a kind only indices make sense together.
    if (one === other) return one === PART.index ? PART.index : PART.unknown;
    return PART.inside;
  }

  #partOf(base: number): number {
    if (this.#isConstant(base)) return PART.address;
    return this.#isOfLoop(base) ? this.#part.at(base) : PART.unknown;
  }

  /** Says so of the value on top, which is new. */
  #markPart(part: number): void {
    if (part !== PART.unknown && !this.#lost) this.#part.set(this.baseAt(0), part);
  }

  #isConstant(base: number): boolean {
    return base !== BASE.unknown && base < this.#constantBelow;
  }

  /** What was there before the loop does not grow in it, whatever it did in another. */
  #alongOf(base: number): number {
    return this.#isOfLoop(base) ? this.#along.at(base) : -1;
  }

  #isOfLoop(base: number): boolean {
    return this.#loopDepth >= 0 && base >= this.#constantBelow && base !== BASE.unknown;
  }

  #pushAlong(along: number, scale: number, divisor = 1): void {
    const steady = scale !== 0 && scale <= MOST_SCALE && scale >= -MOST_SCALE;
    this.#push(steady ? this.#newBase(along, scale, divisor) : BASE.unknown, 0);
  }

  /**
   * Low bits that are set in what grows without touching them: an addition, as compilers write it for the second of two
   * rounds in one.
   */
  #combineBits(): void {
    const bits = this.baseAt(0) === BASE.absolute ? this.plusAt(0) : 0;
    const base = this.baseAt(1);
    const along = this.#alongOf(base);
    const scale = this.#scale.at(base);
    const divisor = this.#divisor.at(base);
    this.#pop(2);
    let power = 1;
    while (power <= bits && power < MOST_SCALE) power *= 2;
    if (bits <= 0 || power <= bits || along < 0) {
      this.#pushNew();
      return;
    }
    // In terms of the local: where it is multiplied already, it need not divide by as much.
    for (let left = scale; power > 1 && (left & 1) === 0; left >>= 1) power /= 2;
    this.#pushAlong(along, scale, max(power, divisor));
  }

  /** A shift by a constant multiplies. */
  #shift(): void {
    const by = this.baseAt(0) === BASE.absolute ? this.plusAt(0) & 31 : 31;
    this.#pushMultiple(this.baseAt(1), by < 16 ? 1 << by : 0);
  }

  #multiply(): void {
    if (this.baseAt(0) === BASE.absolute) this.#pushMultiple(this.baseAt(1), this.plusAt(0));
    else if (this.baseAt(1) === BASE.absolute) this.#pushMultiple(this.baseAt(0), this.plusAt(1));
    else this.#pushMultiple(BASE.unknown, 0);
  }

  #pushMultiple(base: number, times: number): void {
    const along = this.#alongOf(base);
    const scale = along < 0 ? 0 : this.#scale.at(base) * times;
    const divisor = along < 0 ? 1 : this.#divisor.at(base);
    this.#pop(2);
    this.#pushAlong(along, scale, divisor);
    if (times > 1) this.#markPart(PART.index);
  }

  /** A stack pointer rounded down is one; low bits of anything count elements. */
  #align(): void {
    const stack = this.baseAt(0) === BASE.stack || this.baseAt(1) === BASE.stack;
    const mask = this.baseAt(0) === BASE.absolute ? this.plusAt(0) : 0;
    this.#pop(2);
    if (stack) this.#push(BASE.stack, 0);
    else this.#pushNew();
    if (mask > 0 && mask < MOST_MASK) this.#markPart(PART.index);
  }

  #push(base: number, plus: number, from = -1, taken = 0): void {
    this.#base.add(base === BASE.unknown ? this.#newBase() : base);
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
