import { CodeWriter } from './code-writer.ts';
import { OP } from './opcodes.ts';
import { GRANULE_SHIFT, type Shadow } from './shadow.ts';
import { TYPE } from './value-type.ts';

/** `(found) → 0`: takes apart what was accumulated. */
export function tellBody(report: number): CodeWriter {
  const out = new CodeWriter();
  out.u32(0);
  out.localGet(0);
  out.i64Const(32);
  out.op(OP.i64ShrU);
  out.op(OP.i32WrapI64);
  out.localGet(0);
  out.op(OP.i32WrapI64);
  out.call(report);
  out.i64Const(0);
  out.end();
  return out;
}

/** `(address, length, site, offset)`: looks at the shadow of a stretch of memory, 64 bytes at a time while they are fine. */
export function rangeBody({ memory, base }: Shadow, report: number): CodeWriter {
  const address = 0;
  const length = 1;
  const site = 2;
  const offset = 3;
  const at = 4;
  const last = 5;
  const out = new CodeWriter();
  out.u32(1);
  out.u32(2);
  out.byte(TYPE.i32);

  // Nothing, or more than there is: the instruction itself says so.
  out.localGet(length);
  out.op(OP.i32Eqz);
  out.localGet(address);
  out.localGet(length);
  out.op(OP.i32Add);
  out.i32Const(1);
  out.op(OP.i32Sub);
  out.localTee(last);
  out.localGet(address);
  out.op(OP.i32LtU);
  out.op(OP.i32Or);
  out.open(OP.if);
  out.byte(OP.return);
  out.end();

  out.localGet(last);
  out.i32Const(GRANULE_SHIFT);
  out.op(OP.i32ShrU);
  out.localSet(last);
  out.localGet(address);
  out.i32Const(GRANULE_SHIFT);
  out.op(OP.i32ShrU);
  out.localSet(at);

  out.open(OP.block);
  out.open(OP.loop);
  out.localGet(last);
  out.localGet(at);
  out.op(OP.i32Sub);
  out.i32Const(7);
  out.op(OP.i32LtU);
  out.brIf(1);
  out.localGet(at);
  out.access(OP.i64Load, 0, memory, base);
  out.op(OP.i64Eqz);
  out.op(OP.i32Eqz);
  out.brIf(1);
  out.localGet(at);
  out.i32Const(8);
  out.op(OP.i32Add);
  out.localTee(at);
  out.localGet(last);
  out.op(OP.i32LeU);
  out.brIf(0);
  out.byte(OP.return);
  out.end();
  out.end();

  out.open(OP.loop);
  out.localGet(at);
  out.access(OP.i32Load8U, 0, memory, base);
  out.open(OP.if);
  out.localGet(site);
  // Where it begins, but not before the stretch does.
  out.localGet(at);
  out.i32Const(GRANULE_SHIFT);
  out.op(OP.i32Shl);
  out.localTee(at);
  out.localGet(address);
  out.localGet(at);
  out.localGet(address);
  out.op(OP.i32GtU);
  out.byte(OP.select);
  out.localGet(offset);
  out.op(OP.i32Sub);
  out.call(report);
  out.byte(OP.return);
  out.end();
  out.localGet(at);
  out.localGet(last);
  out.op(OP.i32LtU);
  out.localGet(at);
  out.i32Const(1);
  out.op(OP.i32Add);
  out.localSet(at);
  out.brIf(0);
  out.end();
  out.end();
  return out;
}
