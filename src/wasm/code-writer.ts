import { BinaryWriter } from './binary-writer.ts';
import { HAS_MEMORY } from './code-body.ts';
import { OP, opcodeParts } from './opcodes.ts';
import { TYPE } from './value-type.ts';

/** Writes instructions. */
export class CodeWriter extends BinaryWriter {
  /** Written out: the one that is made otherwise passes its arguments on through the page's iterators. */
  constructor(capacity = 256) {
    super(capacity);
  }

  op(op: number): void {
    const { prefix, second } = opcodeParts(op);
    if (prefix === 0) this.byte(second);
    else {
      this.byte(prefix);
      this.u32(second);
    }
  }

  localGet(index: number): void {
    this.byte(OP.localGet);
    this.u32(index);
  }

  localSet(index: number): void {
    this.byte(OP.localSet);
    this.u32(index);
  }

  localTee(index: number): void {
    this.byte(OP.localTee);
    this.u32(index);
  }

  globalGet(index: number): void {
    this.byte(OP.globalGet);
    this.u32(index);
  }

  globalSet(index: number): void {
    this.byte(OP.globalSet);
    this.u32(index);
  }

  call(index: number): void {
    this.byte(OP.call);
    this.u32(index);
  }

  /** A label, counted outwards from 0. */
  br(label: number): void {
    this.byte(OP.br);
    this.u32(label);
  }

  brIf(label: number): void {
    this.byte(OP.brIf);
    this.u32(label);
  }

  i32Const(value: number): void {
    this.byte(OP.i32Const);
    this.s32(value);
  }

  /** A 64-bit integer within ±2^52. */
  i64Const(value: number): void {
    this.byte(OP.i64Const);
    this.s53(value);
  }

  /** A 64-bit integer whose upper half is the unsigned `high` and whose lower half is 0. */
  i64ConstHigh(high: number): void {
    this.byte(OP.i64Const);
    for (let i = 0; i < 4 && high > 0; i++) this.byte(0x80);
    this.s53(high * 16);
  }

  /** `block`, `loop` or `if`, with no results unless they are given. */
  open(op: number, result: number = TYPE.empty): void {
    this.byte(op);
    this.byte(result);
  }

  end(): void {
    this.byte(OP.end);
  }

  /** A load or store of memory 0 or another, aligned to 2 ** `align` bytes as far as is known. */
  access(op: number, align: number, memory: number, offset: number): void {
    this.op(op);
    if (memory === 0) this.u32(align);
    else {
      this.u32(align | HAS_MEMORY);
      this.u32(memory);
    }
    this.u32(offset);
  }
}
