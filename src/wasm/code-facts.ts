import {
  IntrinsicInt32Array,
  IntrinsicMap,
  IntrinsicUint8Array,
  imul,
  mapGet,
  mapSet,
} from '../base/intrinsics.ts';
import { BinaryReader } from './binary-reader.ts';
import { CodeBody } from './code-body.ts';
import { Ints } from './list.ts';
import { OP, OPCODE } from './opcodes.ts';
import type { WasmModule } from './read-module.ts';

/** Constants by which allocators are told; a function's `seen` has a bit for each, in this order. */
export const TELLING = [
  244, 245, 11, 16_777_215, 31, -65, -64, 504, 255, 1_431_655_768, 63, 127, 110, 71, 65_535, 65_536,
  48, 8,
] as const;

/** Statics that the `malloc` and the `free` of one allocator have in common, at least. */
export const SHARED_STATICS = 3;
/** Statics of a program lie above; constants below are numbers. */
const LOWEST_STATIC = 1024;
const FIRST_INSTRUCTIONS = 4;

/** What the code of each function shows at a glance. All is by the index of a defined function. */
export class CodeFacts {
  /** Bits of `TELLING`. */
  readonly seen: Int32Array;
  /** Whether it reads just before the address that its first parameter is. */
  readonly readsHeader: Uint8Array;
  /** Whether it asks for the size of the memory, or grows it. */
  readonly grows: Uint8Array;
  readonly callers: Int32Array;
  /** A bit of 32 for each static or global that it names: those that it has not it does not name. */
  readonly #names: Int32Array;
  /** Direct calls, each with who calls and who is called, in order of the callers. */
  readonly #calls = new Ints();
  /** Where the calls of each function begin in `#calls`; one more entry ends the last. */
  readonly #callsFrom: Int32Array;
  readonly #module: WasmModule;
  readonly #body = new CodeBody();

  constructor(module: WasmModule) {
    const { length } = module.bodyFrom;
    this.#module = module;
    this.seen = new IntrinsicInt32Array(length);
    this.readsHeader = new IntrinsicUint8Array(length);
    this.grows = new IntrinsicUint8Array(length);
    this.callers = new IntrinsicInt32Array(length);
    this.#names = new IntrinsicInt32Array(length);
    this.#callsFrom = new IntrinsicInt32Array(length + 1);
    for (let defined = 0; defined < length; defined++) this.#look(defined);
    this.#callsFrom[length] = this.#calls.length;
  }

  /** Whether a function calls another; both are defined here. */
  calls(caller: number, callee: number): boolean {
    const to = this.#callsFrom[caller + 1] as number;
    for (let i = this.#callsFrom[caller] as number; i < to; i++) {
      if (this.#calls.at(i) === callee) return true;
    }
    return false;
  }

  /** Whether it grows the memory, or calls what does, `steps` calls down at most. */
  leadsToGrowth(defined: number, steps: number): boolean {
    return this.#leadsTo(defined, steps, (at) => this.grows[at] === 1);
  }

  /** Whether a function calls another, or what does, `steps` calls down at most; both are defined here. */
  leadsTo(caller: number, callee: number, steps: number): boolean {
    return this.#leadsTo(caller, steps, (at) => at === callee);
  }

  #leadsTo(defined: number, steps: number, isMeant: (at: number) => boolean): boolean {
    const met = new IntrinsicMap<number, true>();
    const reached = new Ints();
    reached.add(defined);
    let next = 0;
    for (let step = 0; step <= steps; step++) {
      for (const end = reached.length; next < end; next++) {
        const at = reached.at(next);
        if (isMeant(at)) return true;
        const to = this.#callsFrom[at + 1] as number;
        for (let i = this.#callsFrom[at] as number; i < to; i++) {
          const callee = this.#calls.at(i);
          if (mapGet(met, callee)) continue;
          mapSet(met, callee, true);
          reached.add(callee);
        }
      }
    }
    return false;
  }

  /** The static addresses that a function names. */
  statics(defined: number): Map<number, true> {
    const found = new IntrinsicMap<number, true>();
    const body = this.#read(defined);
    for (let i = 0; i < body.length; i++) {
      const op = body.op[i] as number;
      const value = body.first[i] as number;
      const names = op === OP.i32Const || (OPCODE.bytes[op] as number) > 0;
      if (names && value >= LOWEST_STATIC && !isTelling(value)) mapSet(found, value, true);
    }
    return found;
  }

  /** The static addresses that a function names, and, as `-1 - index`, the variable globals but for one. */
  keeps(defined: number, except: number): Map<number, true> {
    const found = this.statics(defined);
    const { op, first, length } = this.#body;
    for (let i = 0; i < length; i++) {
      const global = first[i] as number;
      const touches = op[i] === OP.globalSet || op[i] === OP.globalGet;
      if (!touches || global === except) continue;
      if (this.#module.globals.at(global).mutable) mapSet(found, -1 - global, true);
    }
    return found;
  }

  /** Whether a function may keep `kept`, a key of `keeps`. */
  mayKeep(defined: number, kept: number): boolean {
    return ((this.#names[defined] as number) & nameBit(kept)) !== 0;
  }

  /** Calls `found` for each direct call of a function. */
  eachCaller(callee: number, found: (caller: number) => void): void {
    let caller = 0;
    for (let i = 0; i < this.#calls.length; i++) {
      while ((this.#callsFrom[caller + 1] as number) <= i) caller++;
      if (this.#calls.at(i) === callee) found(caller);
    }
  }

  /**
   * Whether a function first looks if its first parameter is a small alignment, and passes its second one on to `callee`:
   * `local.get 0`, 8 or 16, a comparison; `local.get 1`, `call`.
   */
  asksForAlignment(defined: number, callee: number): boolean {
    const { op, first, length } = this.#read(defined);
    let compares = false;
    for (let i = 0; i < length && i < FIRST_INSTRUCTIONS && !compares; i++) {
      const constant = first[i + 1];
      const small = op[i + 1] === OP.i32Const && (constant === 8 || constant === 16);
      const comparison = op[i + 2] as number;
      const orders = comparison >= OP.i32LtU && comparison <= OP.i32GeU;
      compares = op[i] === OP.localGet && first[i] === 0 && small && orders;
    }
    const called = callee + this.#module.importedFunctions;
    for (let i = 0; i + 1 < length && compares; i++) {
      const passes = op[i] === OP.localGet && first[i] === 1;
      if (passes && op[i + 1] === OP.call && first[i + 1] === called) return true;
    }
    return false;
  }

  /** Whether a function begins by asking another for memory, which may say −1: it adds to the heap, and hands out nothing. */
  asksForMore(defined: number): boolean {
    const { op, first, length } = this.#read(defined);
    for (let i = 0; i + 3 < length && i < FIRST_INSTRUCTIONS; i++) {
      const fails = op[i + 2] === OP.i32Const && first[i + 2] === -1;
      if (op[i] === OP.call && op[i + 1] === OP.localTee && fails) return true;
    }
    return false;
  }

  #read(defined: number): CodeBody {
    const { bytes, bodyFrom, bodyTo } = this.#module;
    const to = bodyTo.at(defined);
    this.#body.read(new BinaryReader(bytes, bodyFrom.at(defined), to), to);
    return this.#body;
  }

  #look(defined: number): void {
    const { importedFunctions } = this.#module;
    const body = this.#read(defined);
    this.#callsFrom[defined] = this.#calls.length;
    let seen = 0;
    let names = 0;
    for (let i = 0; i < body.length; i++) {
      const op = body.op[i] as number;
      const value = body.first[i] as number;
      if ((OPCODE.bytes[op] as number) > 0 && value >= LOWEST_STATIC) names |= nameBit(value);
      switch (op) {
        case OP.i32Const:
          seen |= bitOf(value);
          if (value >= LOWEST_STATIC) names |= nameBit(value);
          break;
        case OP.globalGet:
        case OP.globalSet:
          names |= nameBit(-1 - value);
          break;
        case OP.call:
        case OP.returnCall: {
          const callee = (body.first[i] as number) - importedFunctions;
          if (callee < 0 || callee >= this.#module.bodyFrom.length) break;
          this.#calls.add(callee);
          this.callers[callee] = (this.callers[callee] as number) + 1;
          break;
        }
        case OP.memoryGrow:
        case OP.memorySize:
          this.grows[defined] = 1;
          break;
        case OP.localGet:
          if (body.first[i] === 0 && readsBefore(body, i)) this.readsHeader[defined] = 1;
          break;
      }
    }
    this.seen[defined] = seen;
    this.#names[defined] = names;
  }
}

/** `local.get`, `i32.const`, `i32.add` or `i32.sub`: one of the two words of a header before its block. */
function readsBefore({ op, first }: CodeBody, i: number): boolean {
  if (op[i + 1] !== OP.i32Const) return false;
  const constant = first[i + 1] as number;
  const before = op[i + 2] === OP.i32Sub ? constant : op[i + 2] === OP.i32Add ? -constant : 0;
  return before === 4 || before === 8;
}

function bitOf(constant: number): number {
  for (let i = 0; i < TELLING.length; i++) if (TELLING[i] === constant) return 1 << i;
  return 0;
}

function nameBit(value: number): number {
  return 1 << (imul(value, 0x9e37_79b1) >>> 27);
}

function isTelling(constant: number): boolean {
  return bitOf(constant) !== 0;
}

/** Whether a constant of `TELLING` was seen. */
export function hasSeen(seen: number, constant: (typeof TELLING)[number]): boolean {
  return (seen & bitOf(constant)) !== 0;
}
