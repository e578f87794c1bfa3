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

/** What `find` gives where there is nothing. */
const NOTHING = -1;

/** `(address, length) → address`: the first freed byte of a stretch, or −1. Looks at 64 bytes at a time while they are fine. */
export function findBody({ memory, base }: Shadow): CodeWriter {
  const address = 0;
  const length = 1;
  const at = 2;
  const last = 3;
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
  out.i32Const(NOTHING);
  out.byte(OP.return);
  out.end();

  out.localGet(last);
  toGranule(out);
  out.localSet(last);
  out.localGet(address);
  toGranule(out);
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
  out.i32Const(NOTHING);
  out.byte(OP.return);
  out.end();
  out.end();

  out.open(OP.loop);
  out.localGet(at);
  out.access(OP.i32Load8U, 0, memory, base);
  out.open(OP.if);
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
  out.i32Const(NOTHING);
  out.end();
  return out;
}

/** `(address, length, site)`: reports the first freed byte of a stretch. */
export function rangeBody(find: number, report: number): CodeWriter {
  const found = 0;
  const length = 1;
  const site = 2;
  const out = new CodeWriter();
  out.u32(0);
  out.localGet(found);
  out.localGet(length);
  out.call(find);
  out.localTee(found);
  out.i32Const(NOTHING);
  out.op(OP.i32Ne);
  out.open(OP.if);
  out.localGet(site);
  out.localGet(found);
  out.call(report);
  out.end();
  out.end();
  return out;
}

/**
 * `(first, last, growth, bytes, site, offset)`: looks at accesses of so many bytes at `first`, at `first + growth` and so on
 * to `last`. Looks at 64 bytes at a time, a little further than they reach; where anything of that is freed, `sift` goes
 * through them one by one.
 */
export function spanBody({ memory, base }: Shadow, sift: number): CodeWriter {
  const first = 0;
  const last = 1;
  const growth = 2;
  const bytes = 3;
  const params = 6;
  const at = 6;
  const end = 7;
  const out = new CodeWriter();
  out.u32(1);
  out.u32(2);
  out.byte(TYPE.i32);
  out.localGet(first);
  out.localGet(last);
  out.localGet(growth);
  out.i32Const(0);
  out.op(OP.i32GtS);
  out.localTee(at);
  out.byte(OP.select);
  out.localGet(last);
  out.localGet(first);
  out.localGet(at);
  out.byte(OP.select);
  out.localGet(bytes);
  out.op(OP.i32Add);
  out.i32Const(1);
  out.op(OP.i32Sub);
  toGranule(out);
  out.localSet(end);
  toGranule(out);
  out.localSet(at);
  out.open(OP.loop);
  out.localGet(at);
  out.access(OP.i64Load, 0, memory, base);
  out.op(OP.i64Eqz);
  out.op(OP.i32Eqz);
  out.open(OP.if);
  for (let param = 0; param < params; param++) out.localGet(param);
  out.call(sift);
  out.byte(OP.return);
  out.end();
  out.localGet(at);
  out.i32Const(8);
  out.op(OP.i32Add);
  out.localTee(at);
  out.localGet(end);
  out.op(OP.i32LeU);
  out.brIf(0);
  out.end();
  out.end();
  return out;
}

/** The same parameters: reports the first of these accesses that touches what is freed, less the offset. */
export function siftBody({ memory, base }: Shadow, report: number): CodeWriter {
  const at = 0;
  const last = 1;
  const growth = 2;
  const bytes = 3;
  const site = 4;
  const offset = 5;
  const out = new CodeWriter();
  out.u32(0);
  out.open(OP.loop);
  out.localGet(at);
  toGranule(out);
  out.access(OP.i32Load8U, 0, memory, base);
  out.localGet(at);
  out.localGet(bytes);
  out.op(OP.i32Add);
  out.i32Const(1);
  out.op(OP.i32Sub);
  toGranule(out);
  out.access(OP.i32Load8U, 0, memory, base);
  out.op(OP.i32Or);
  out.open(OP.if);
  out.localGet(site);
  out.localGet(at);
  out.localGet(offset);
  out.op(OP.i32Sub);
  out.call(report);
  out.byte(OP.return);
  out.end();
  out.localGet(at);
  out.localGet(last);
  out.op(OP.i32Ne);
  out.localGet(at);
  out.localGet(growth);
  out.op(OP.i32Add);
  out.localSet(at);
  out.brIf(0);
  out.end();
  out.end();
  return out;
}

/** Makes an index into the shadow of an address. */
function toGranule(out: CodeWriter): void {
  out.i32Const(GRANULE_SHIFT);
  out.op(OP.i32ShrU);
}
