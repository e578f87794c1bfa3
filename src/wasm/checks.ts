import { AddedLocals } from './added-locals.ts';
import { findBody, rangeBody, siftBody, spanBody, tellBody } from './check-functions.ts';
import { type CheckPlan, type CheckStyle, MARK, type Span, UNEVEN } from './check-plan.ts';
import type { CodeBody } from './code-body.ts';
import type { CodeWriter } from './code-writer.ts';
import * as LIMITS from './limits.ts';
import type { List } from './list.ts';
import { OP, OPCODE } from './opcodes.ts';
import type { Rewriting } from './rewriting.ts';
import { GRANULE_SHIFT, type Shadow } from './shadow.ts';

/** The functions that checks call. */
interface CheckTargets {
  /** `(site, address)`: an access that touches what is freed, as the hook hears of it. */
  readonly report: number;
  /** `(found) → 0`: reports what was accumulated. */
  readonly tell: number;
  /** `(address, length, site)`: looks at a stretch of memory. */
  readonly range: number;
  /** `(first, last, growth, bytes, site, offset)`: looks at what the accesses of a loop have touched. */
  readonly span: number;
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
  readonly #locals: AddedLocals;
  /** Of the loop that is being written, its spans; and the next of them to be kept. */
  #firstSpan = 0;
  #endSpan = 0;
  #nextSpan = 0;

  constructor(rewriting: Rewriting, shadow: Shadow, style: CheckStyle, report: number) {
    this.#rewriting = rewriting;
    this.#shadow = shadow;
    this.#style = style;
    this.#locals = new AddedLocals();
    const find = rewriting.addFunction(rewriting.type('ii:i'), findBody(shadow));
    const sift = rewriting.addFunction(rewriting.type('iiiiii:'), siftBody(shadow, report));
    this.#targets = {
      report,
      tell: rewriting.addFunction(rewriting.type('l:l'), tellBody(report)),
      range: rewriting.addFunction(rewriting.type('iii:'), rangeBody(find, report)),
      span: rewriting.addFunction(rewriting.type('iiiiii:'), spanBody(shadow, sift)),
    };
  }

  /** `out` gets the body, without its size; false: engines would not take it. */
  write(body: CodeBody, plan: CheckPlan, params: number, out: CodeWriter): boolean {
    const { bytes } = this.#rewriting.module;
    const locals = this.#locals;
    locals.begin(params + body.declaredLocals);
    const code = locals.code;
    code.reset();
    this.#endSpan = 0;
    const { marks } = plan;
    const exact = this.#style.precision === 'exact';
    let copied = 0;
    for (let i = 0; i < body.length; i++) {
      const mark = marks[i] as number;
      if (mark === 0) continue;
      this.#rewriting.copyInstructions(body, copied, i, code);
      copied = i;
      if (mark & MARK.enter) this.#enterLoop(plan.spans, i);
      if (mark & MARK.keep) this.#keep(body.op[i] as number, plan.source[i] as number);
      if (mark & MARK.collect) this.#collect(body, i, plan.source[i] as number);
      if (mark & MARK.check) this.#check(body, i, plan.source[i] as number, exact);
      const leavesAfter = mark & MARK.leave && body.op[i] === OP.end;
      if (mark & MARK.leave && !leavesAfter) this.#leaveLoop(body, plan.spans);
      if (mark & MARK.tell) this.#tell();
      if (mark & MARK.tellAfter || leavesAfter) {
        this.#rewriting.copyInstructions(body, i, i + 1, code);
        copied = i + 1;
        if (leavesAfter) this.#leaveLoop(body, plan.spans);
        else this.#tell();
      }
    }
    this.#rewriting.copyInstructions(body, copied, body.length, code);
    out.u32(body.localGroups + locals.added);
    out.copy(bytes, body.localsAt, body.codeAt);
    out.append(locals.declarations);
    this.#rewriting.codeMap?.move(out.length);
    out.append(code);
    const { length } = out;
    return (
      length <= LIMITS.bodyBytes && params + body.declaredLocals + locals.added <= LIMITS.locals
    );
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
    const above = this.#setAside(op, source);
    const local = source >= 0 ? source : this.#locals.operand(0, 'i');
    if (source < 0) code.localTee(local);
    const offset = (body.first[i] as number) >>> 0;
    if (exact) this.#checkExactly(local, offset, OPCODE.bytes[op] as number, site);
    else this.#accumulate(local, offset, site);
    this.#putBack(op, above);
  }

  /** Takes what lies above the address off the operand stack, unless the address is in a local; gives how many values. */
  #setAside(op: number, source: number): number {
    const signature = OPCODE.signature[op] as string;
    const above = source >= 0 ? 0 : (OPCODE.takes[op] as number) - 1;
    for (let operand = above; operand > 0; operand--) {
      this.#locals.code.localSet(this.#locals.operand(operand, signature[operand] as string));
    }
    return above;
  }

  #putBack(op: number, above: number): void {
    const signature = OPCODE.signature[op] as string;
    for (let operand = 1; operand <= above; operand++) {
      this.#locals.code.localGet(this.#locals.operand(operand, signature[operand] as string));
    }
  }

  /** Keeps what the locals of a loop's spans begin with, or that nothing was found yet. */
  #enterLoop(spans: List<Span>, loop: number): void {
    const { code } = this.#locals;
    this.#firstSpan = this.#endSpan;
    this.#nextSpan = this.#firstSpan;
    while (this.#endSpan < spans.length && spans.at(this.#endSpan).loop === loop) {
      const { local } = spans.at(this.#endSpan);
      if (local < 0) {
        code.i32Const(0);
        code.localSet(this.#locals.last(this.#endSpan - this.#firstSpan));
      } else if (!this.#isKept(spans, local)) {
        code.localGet(local);
        code.localSet(this.#locals.initial(local));
      }
      this.#endSpan++;
    }
  }

  #isKept(spans: List<Span>, local: number): boolean {
    for (let i = this.#firstSpan; i < this.#endSpan; i++) {
      if (spans.at(i).local === local) return true;
    }
    return false;
  }

  /** Keeps the address of an access, which is on the operand stack and perhaps in a local. */
  #keep(op: number, source: number): void {
    const { code } = this.#locals;
    const last = this.#locals.last(this.#nextSpan++ - this.#firstSpan);
    if (source >= 0) {
      code.localGet(source);
      code.localSet(last);
      return;
    }
    const above = this.#setAside(op, source);
    code.localTee(last);
    this.#putBack(op, above);
  }

  /** Keeps the address of an access if it touches what is freed. The shadow has no freed byte for address 0. */
  #collect(body: CodeBody, i: number, source: number): void {
    const { code } = this.#locals;
    const op = body.op[i] as number;
    const found = this.#locals.last(this.#nextSpan++ - this.#firstSpan);
    const above = this.#setAside(op, source);
    const local = source >= 0 ? source : this.#locals.operand(0, 'i');
    if (source < 0) code.localTee(local);
    code.localGet(local);
    code.localGet(found);
    this.#lookAt(local, (body.first[i] as number) >>> 0);
    code.op(OP.select);
    code.localSet(found);
    this.#putBack(op, above);
  }

  /** Looks at the stretches that the accesses of a loop have been through, and at what they found. */
  #leaveLoop(body: CodeBody, spans: List<Span>): void {
    for (let i = this.#firstSpan; i < this.#endSpan; i++) {
      const span = spans.at(i);
      const last = this.#locals.last(i - this.#firstSpan);
      if (span.local === UNEVEN.found) this.#tellOne(body.at[span.site] as number, last);
      else if (span.local === UNEVEN.inside) this.#lookAtLast(body, span.site, last);
      else this.#lookAtSpan(body, span, last);
    }
  }

  #tellOne(site: number, found: number): void {
    const { code } = this.#locals;
    code.localGet(found);
    code.open(OP.if);
    code.i32Const(site);
    code.localGet(found);
    code.call(this.#targets.report);
    code.end();
  }

  /** Nothing is there before the first access. */
  #lookAtLast(body: CodeBody, site: number, last: number): void {
    const { code } = this.#locals;
    code.localGet(last);
    code.open(OP.if);
    this.#lookAt(last, (body.first[site] as number) >>> 0);
    code.open(OP.if);
    code.i32Const(body.at[site] as number);
    code.localGet(last);
    code.call(this.#targets.report);
    code.end();
    code.end();
  }

  #lookAtSpan(body: CodeBody, { site, local, stride, scale }: Span, last: number): void {
    const { code } = this.#locals;
    const offset = (body.first[site] as number) >>> 0;
    const bytes = OPCODE.bytes[body.op[site] as number] as number;
    // The first address is the last one less what the local has grown since, as often as it counts.
    code.localGet(last);
    code.i32Const(offset);
    code.op(OP.i32Add);
    code.localTee(last);
    code.localGet(local);
    code.i32Const(stride);
    code.op(OP.i32Sub);
    code.localGet(this.#locals.initial(local));
    code.op(OP.i32Sub);
    code.i32Const(scale);
    code.op(OP.i32Mul);
    code.op(OP.i32Sub);
    code.localGet(last);
    code.i32Const(stride * scale);
    code.i32Const(bytes);
    code.i32Const(body.at[site] as number);
    code.i32Const(offset);
    code.call(this.#targets.span);
  }

  #accumulate(local: number, offset: number, site: number): void {
    const { code } = this.#locals;
    const found = this.#locals.found();
    code.localGet(local);
    code.op(OP.i64ExtendI32U);
    code.i64ConstHigh(site);
    code.op(OP.i64Or);
    code.localGet(found);
    this.#lookAt(local, offset);
    code.op(OP.select);
    code.localSet(found);
  }

  /** The shadow of an address in a local, plus an offset. */
  #lookAt(local: number, offset: number): void {
    const { code } = this.#locals;
    code.localGet(local);
    code.i32Const(GRANULE_SHIFT);
    code.op(OP.i32ShrU);
    this.#loadShadow(offset >>> GRANULE_SHIFT);
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
