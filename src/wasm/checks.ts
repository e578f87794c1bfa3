import { type CheckPlan, type CheckStyle, MARK } from './check-plan.ts';
import type { CodeBody } from './code-body.ts';
import { CodeWriter } from './code-writer.ts';
import { OP, OPCODE } from './opcodes.ts';
import type { Rewriting } from './rewriting.ts';
import { GRANULE_SHIFT, type Shadow } from './shadow.ts';
import { TYPE, typeOfLetter } from './value-type.ts';

/** The functions that checks call. */
interface CheckTargets {
  /** `(site, address)`: an access that touches what is freed, as the hook hears of it. */
  readonly report: number;
  /** `(found) → 0`: reports what was accumulated. */
  readonly tell: number;
  /** `(address, length, site)`: looks at a stretch of memory. */
  readonly range: number;
}

/**
 * Writes the bodies of functions with their checks. In front of an access at `site` whose address is in a local stands,
 * accumulated, without a branch,
 *
 *     found = select(site << 32 | address, found, shadow[address >> 3])
 *
 * where the access's own constant offset, divided by 8, is that of the look into the shadow: so it may look 8 bytes too
 * low, which only matters at the very beginning of a block. Where `found` is told: see `CheckStyle`. What hears of a hit
 * knows the exact place from the instruction at `site` in the original.
 */
export class Checks {
  readonly #rewriting: Rewriting;
  readonly #shadow: Shadow;
  readonly #style: CheckStyle;
  readonly #targets: CheckTargets;
  readonly #locals: Locals;

  constructor(rewriting: Rewriting, shadow: Shadow, style: CheckStyle, report: number) {
    this.#rewriting = rewriting;
    this.#shadow = shadow;
    this.#style = style;
    this.#locals = new Locals();
    this.#targets = {
      report,
      tell: rewriting.addFunction(rewriting.type('l:l'), tellBody(report)),
      range: rewriting.addFunction(rewriting.type('iii:'), rangeBody(shadow, report)),
    };
  }

  /** `out` gets the body, without its size. */
  write(body: CodeBody, plan: CheckPlan, params: number, out: CodeWriter): void {
    const { bytes } = this.#rewriting.module;
    const locals = this.#locals;
    locals.begin(params + body.declaredLocals);
    const code = locals.code;
    code.clear();
    const { marks } = plan;
    const exact = this.#style.precision === 'exact';
    let copied = 0;
    for (let i = 0; i < body.length; i++) {
      const mark = marks[i] as number;
      if (mark === 0) continue;
      this.#rewriting.copyInstructions(body, copied, i, code);
      copied = i;
      if (mark & MARK.check) this.#check(body, i, plan.source[i] as number, exact);
      if (mark & MARK.tell) this.#tell();
      if (mark & MARK.tellAfter) {
        this.#rewriting.copyInstructions(body, i, i + 1, code);
        copied = i + 1;
        this.#tell();
      }
    }
    this.#rewriting.copyInstructions(body, copied, body.length, code);
    out.u32(body.localGroups + locals.added);
    out.copy(bytes, body.localsAt, body.codeAt);
    out.append(locals.declarations);
    out.append(code);
  }

  #tell(): void {
    const { code } = this.#locals;
    const found = this.#locals.found();
    code.open(OP.block);
    code.localGet(found);
    code.op(OP.i64Eqz);
    code.brIf(0);
    code.localGet(found);
    code.call(this.#targets.tell);
    code.localSet(found);
    code.end();
  }

  #check(body: CodeBody, i: number, source: number, exact: boolean): void {
    const op = body.op[i] as number;
    const site = body.at[i] as number;
    if (OPCODE.bytes[op] === 0) {
      this.#checkRanges(op, site);
      return;
    }
    const { code } = this.#locals;
    const signature = OPCODE.signature[op] as string;
    let local = source;
    // What lies above the address is set aside, unless the address is at hand.
    const above = source >= 0 ? 0 : (OPCODE.takes[op] as number) - 1;
    for (let operand = above; operand > 0; operand--) {
      code.localSet(this.#locals.operand(operand, signature[operand] as string));
    }
    if (local < 0) {
      local = this.#locals.operand(0, 'i');
      code.localTee(local);
    }
    const offset = (body.first[i] as number) >>> 0;
    if (exact) this.#checkExactly(local, offset, OPCODE.bytes[op] as number, site);
    else this.#accumulate(local, offset, site);
    for (let operand = 1; operand <= above; operand++) {
      code.localGet(this.#locals.operand(operand, signature[operand] as string));
    }
  }

  #accumulate(local: number, offset: number, site: number): void {
    const { code } = this.#locals;
    const found = this.#locals.found();
    code.localGet(local);
    code.op(OP.i64ExtendI32U);
    code.i64ConstHigh(site);
    code.op(OP.i64Or);
    code.localGet(found);
    code.localGet(local);
    code.i32Const(GRANULE_SHIFT);
    code.op(OP.i32ShrU);
    this.#loadShadow(offset >>> GRANULE_SHIFT);
    code.op(OP.select);
    code.localSet(found);
  }

  /** Looks at the first and the last of its bytes, and tells at once. */
  #checkExactly(local: number, offset: number, bytes: number, site: number): void {
    const { code } = this.#locals;
    const look = (plus: number): void => {
      code.localGet(local);
      code.i32Const(plus);
      code.op(OP.i32Add);
      code.i32Const(GRANULE_SHIFT);
      code.op(OP.i32ShrU);
      this.#loadShadow(0);
    };
    look(offset);
    if (bytes > 1) {
      look(offset + bytes - 1);
      code.op(OP.i32Or);
    }
    code.open(OP.if);
    code.i32Const(site);
    code.localGet(local);
    code.call(this.#targets.report);
    code.end();
  }

  /** `memory.copy`, `.fill`, `.init`: what is written, and of the first also what is read. */
  #checkRanges(op: number, site: number): void {
    const { code } = this.#locals;
    const destination = this.#locals.operand(0, 'i');
    const source = this.#locals.operand(1, 'i');
    const length = this.#locals.operand(2, 'i');
    code.localSet(length);
    code.localSet(source);
    code.localSet(destination);
    const look = (address: number): void => {
      code.localGet(address);
      code.localGet(length);
      code.i32Const(site);
      code.call(this.#targets.range);
    };
    if (op === OP.memoryCopy && this.#style.accesses === 'all') look(source);
    look(destination);
    code.localGet(destination);
    code.localGet(source);
    code.localGet(length);
  }

  #loadShadow(index: number): void {
    const { memory, base } = this.#shadow;
    this.#locals.code.access(OP.i32Load8U, 0, memory, base + index);
  }
}

/** The locals that checks add to a function, each declared when it is first needed, and the code in the making. */
class Locals {
  readonly code = new CodeWriter(4096);
  readonly declarations = new CodeWriter();
  added = 0;
  #first = 0;
  #found = -1;
  /** By place of the operand and letter of its type. */
  #operands: OperandLocals = {};

  begin(first: number): void {
    this.#first = first;
    this.added = 0;
    this.#found = -1;
    this.#operands = { __proto__: null } as unknown as OperandLocals;
    this.declarations.clear();
  }

  /** What was accumulated: an i64. */
  found(): number {
    if (this.#found < 0) this.#found = this.#add(TYPE.i64);
    return this.#found;
  }

  operand(place: number, letter: string): number {
    const key = letter + place;
    const known = this.#operands[key];
    if (known !== undefined) return known;
    const local = this.#add(typeOfLetter(letter));
    this.#operands[key] = local;
    return local;
  }

  #add(type: number): number {
    this.declarations.u32(1);
    this.declarations.byte(type);
    return this.#first + this.added++;
  }
}

interface OperandLocals {
  [place: string]: number;
}

function tellBody(report: number): CodeWriter {
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

/** Looks at the shadow of a stretch of memory, 64 bytes at a time while they are fine. */
function rangeBody({ memory, base }: Shadow, report: number): CodeWriter {
  const address = 0;
  const length = 1;
  const site = 2;
  const at = 3;
  const last = 4;
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
