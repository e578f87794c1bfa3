import type { CodeWriter } from './code-writer.ts';
import { OP, OPCODE } from './opcodes.ts';
import { TYPE, typeOfLetter } from './value-type.ts';

/** An atomic instruction inside the function that stands for it, whose parameters are its operands. */
export class AtomicInstruction {
  readonly op: number;
  readonly bytes: number;
  /** Whether it reads or writes an i64. */
  readonly wide: boolean;
  /** Locals: what it gave, and the place before it. */
  readonly result: number;
  readonly before: number;
  readonly #offset: number;
  readonly #operands: number;
  readonly #resultType: number;

  constructor(op: number, offset: number) {
    const signature = OPCODE.signature[op] as string;
    this.op = op;
    this.bytes = OPCODE.bytes[op] as number;
    this.#offset = offset;
    this.#operands = OPCODE.takes[op] as number;
    const gives = signature[this.#operands + 1] ?? 'i';
    // The first operand behind the address is a value of the cell; a load gives one.
    this.wide = (signature[1] === ':' ? gives : signature[1]) === 'l';
    this.#resultType = typeOfLetter(gives);
    this.result = this.#operands;
    this.before = this.#operands + 1;
  }

  /** Whether its width is that of its type. */
  get isWhole(): boolean {
    return this.bytes === (this.wide ? 8 : 4);
  }

  writeLocals(out: CodeWriter): void {
    out.u32(2);
    out.u32(1);
    out.byte(this.#resultType);
    out.u32(1);
    out.byte(TYPE.i32);
  }

  /** The instruction itself. */
  write(out: CodeWriter): void {
    for (let i = 0; i < this.#operands; i++) out.localGet(i);
    this.#access(this.op, out);
  }

  /** A load of the same cell. */
  writeAsLoad(out: CodeWriter): void {
    out.localGet(0);
    this.#access(this.wide ? OP.i64AtomicLoad : OP.i32AtomicLoad, out);
  }

  address(out: CodeWriter): void {
    out.localGet(0);
    if (this.#offset > 0) {
      out.i32Const(this.#offset);
      out.op(OP.i32Add);
    }
  }

  /** The low word of a local of its type. */
  low(local: number, out: CodeWriter): void {
    out.localGet(local);
    if (this.wide) out.op(OP.i32WrapI64);
  }

  /** What a `compareExchange` compares with: engines look at as many bits as the cell has. */
  expected(out: CodeWriter): void {
    out.localGet(1);
    if (this.isWhole) return;
    if (this.wide) {
      out.i64Const(2 ** (this.bytes * 8) - 1);
      out.op(OP.i64And);
    } else {
      out.i32Const(2 ** (this.bytes * 8) - 1);
      out.op(OP.i32And);
    }
  }

  #access(op: number, out: CodeWriter): void {
    const align = this.bytes === 8 ? 3 : this.bytes >> 1;
    out.access(op, align, 0, this.#offset);
  }
}
