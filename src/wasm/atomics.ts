import { IntrinsicMap, mapGet, mapSet } from '../base/intrinsics.ts';
import { ATOMIC } from '../shared/slots.ts';
import { AtomicInstruction } from './atomic-instruction.ts';
import { CodeWriter } from './code-writer.ts';
import { OP, OPCODE, opcode } from './opcodes.ts';
import type { Rewriting } from './rewriting.ts';
import { TYPE } from './value-type.ts';

/** Imports that a module with recorded atomic instructions has; all numbers are i32. */
export const ATOMIC_IMPORT = {
  /** `() → place`: a place between two records, for what only reads. */
  place: 'place',
  /** `() → place`: a number of its own, for what writes or notifies. */
  number: 'number',
  /**
   * `(kind, width, address, before, read, written) → place`: an `ATOMIC` of `width` bytes happened, between the place
   * `before` and now; low words. `written` is how many a notify woke. Gives the place now.
   */
  told: 'atomic',
} as const;

const FIRST_LOAD = opcode(0xfe, 0x10);
const FIRST_STORE = opcode(0xfe, 0x17);
const FIRST_MODIFIER = opcode(0xfe, 0x1e);
const WIDTHS = 7;
/** Of the read-modify-writes, in order of their opcodes, what they write: an instruction, or what they were given. */
const COMBINE = [OP.i32Add, OP.i32Sub, OP.i32And, OP.i32Or, OP.i32Xor] as const;
const EXCHANGE = 5;
const COMPARE_EXCHANGE = 6;

/** What `memory.atomic.wait` gives. */
const WAIT_CODES = [ATOMIC.waitOk, ATOMIC.waitNotEqual, ATOMIC.waitTimedOut] as const;

/**
 * Tells of the atomic instructions of a module, in the terms of `hooks/atomics.ts`: each becomes a call of a function
 * that does it between two places of the document's order. What repeats is for who hears it to count.
 */
export class AtomicRecorder {
  readonly #rewriting: Rewriting;
  readonly #imports: { readonly [Name in keyof typeof ATOMIC_IMPORT]: number };
  /** By opcode and offset. */
  readonly #functions = new IntrinsicMap<number, number>();
  /** The place when something was told last. */
  readonly #place: number;

  constructor(rewriting: Rewriting) {
    this.#rewriting = rewriting;
    this.#imports = {
      place: rewriting.importFunction(ATOMIC_IMPORT.place, ':i'),
      number: rewriting.importFunction(ATOMIC_IMPORT.number, ':i'),
      told: rewriting.importFunction(ATOMIC_IMPORT.told, 'iiiiii:i'),
    };
    this.#place = rewriting.addGlobal(TYPE.i32);
  }

  /** The function that stands for an atomic instruction with an offset; −1 for one that is left alone. */
  functionFor(op: number, offset: number): number {
    if (op < opcode(0xfe, 0) || op === OP.atomicFence) return -1;
    const key = op * 2 ** 32 + offset;
    const known = mapGet(this.#functions, key);
    if (known !== undefined) return known;
    const body = new CodeWriter();
    this.#writeBody(op, offset, body);
    const type = this.#rewriting.type(OPCODE.signature[op] as string);
    const index = this.#rewriting.addFunction(type, body);
    mapSet(this.#functions, key, index);
    return index;
  }

  #writeBody(op: number, offset: number, out: CodeWriter): void {
    const instruction = new AtomicInstruction(op, offset);
    instruction.writeLocals(out);
    if (op < FIRST_LOAD) this.#writeWaitOrNotify(instruction, out);
    else if (op < FIRST_STORE) this.#writeLoad(instruction, out);
    else if (op < FIRST_MODIFIER) this.#writeStore(instruction, out);
    else if ((op - FIRST_MODIFIER) / WIDTHS < COMPARE_EXCHANGE)
      this.#writeModifier(instruction, out);
    else this.#writeCompareExchange(instruction, out);
    out.end();
  }

  #writeLoad(of: AtomicInstruction, out: CodeWriter): void {
    this.#begin(of, 'place', out);
    of.write(out);
    out.localSet(of.result);
    this.#tellRead(of, ATOMIC.load, out);
    out.localGet(of.result);
  }

  #writeStore(of: AtomicInstruction, out: CodeWriter): void {
    this.#begin(of, 'number', out);
    of.write(out);
    this.#tell(of, ATOMIC.store, out, {
      written: () => of.low(1, out),
    });
  }

  #writeModifier(of: AtomicInstruction, out: CodeWriter): void {
    const kind = ((of.op - FIRST_MODIFIER) / WIDTHS) | 0;
    this.#begin(of, 'number', out);
    of.write(out);
    out.localSet(of.result);
    this.#tell(of, ATOMIC.readModifyWrite, out, {
      read: () => of.low(of.result, out),
      written: () => {
        if (kind === EXCHANGE) of.low(1, out);
        else {
          of.low(of.result, out);
          of.low(1, out);
          out.op(COMBINE[kind] as number);
        }
      },
    });
    out.localGet(of.result);
  }

  #writeCompareExchange(of: AtomicInstruction, out: CodeWriter): void {
    if (of.isWhole) {
      // One that fails only reads, and takes no number: so a loop that tries it stays a loop that polls.
      this.#begin(of, 'place', out);
      of.writeAsLoad(out);
      out.localTee(of.result);
      out.localGet(1);
      out.op(of.wide ? OP.i64Ne : OP.i32Ne);
      out.open(OP.if);
      this.#tellRead(of, ATOMIC.failedExchange, out);
      out.localGet(of.result);
      out.byte(OP.return);
      out.end();
    }
    this.#begin(of, 'number', out);
    of.write(out);
    out.localTee(of.result);
    of.expected(out);
    out.op(of.wide ? OP.i64Eq : OP.i32Eq);
    out.open(OP.if);
    this.#tell(of, ATOMIC.readModifyWrite, out, {
      read: () => of.low(of.result, out),
      written: () => of.low(2, out),
    });
    out.op(OP.else);
    this.#tellRead(of, ATOMIC.failedExchange, out);
    out.end();
    out.localGet(of.result);
  }

  #writeWaitOrNotify(of: AtomicInstruction, out: CodeWriter): void {
    if (of.op === OP.atomicNotify) {
      this.#begin(of, 'number', out);
      of.write(out);
      out.localSet(of.result);
      this.#tell(of, ATOMIC.notify, out, { written: () => out.localGet(of.result) });
      out.localGet(of.result);
      return;
    }
    this.#begin(of, 'place', out);
    // The thread may block: that it is about to is told first.
    this.#tell(of, ATOMIC.waitBegin, out, { read: () => of.low(1, out) });
    of.write(out);
    out.localSet(of.result);
    // The place when that was told, not the local: V8 11 loses locals over a wait.
    out.globalGet(this.#place);
    out.localSet(of.before);
    for (let i = 0; i < WAIT_CODES.length; i++) {
      out.localGet(of.result);
      out.i32Const(i);
      out.op(OP.i32Eq);
      out.open(OP.if);
      this.#tell(of, WAIT_CODES[i] as number, out, { read: () => of.low(1, out) });
      out.end();
    }
    out.localGet(of.result);
  }

  #begin(of: AtomicInstruction, at: 'place' | 'number', out: CodeWriter): void {
    out.call(this.#imports[at]);
    out.localSet(of.before);
  }

  #tellRead(of: AtomicInstruction, kind: number, out: CodeWriter): void {
    this.#tell(of, kind, out, { read: () => of.low(of.result, out) });
  }

  #tell(of: AtomicInstruction, kind: number, out: CodeWriter, values: Values): void {
    out.i32Const(kind);
    out.i32Const(of.bytes);
    of.address(out);
    out.localGet(of.before);
    if (values.read) values.read();
    else out.i32Const(0);
    if (values.written) values.written();
    else out.i32Const(0);
    out.call(this.#imports.told);
    out.globalSet(this.#place);
  }
}

/** Write an i32 each; 0 where they are missing. */
interface Values {
  readonly read?: () => void;
  readonly written?: () => void;
}
