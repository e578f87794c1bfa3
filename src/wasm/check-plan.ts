import { IntrinsicInt32Array, IntrinsicUint8Array, lengthOf } from '../base/intrinsics.ts';
import type { CodeBody } from './code-body.ts';
import { Ints, List } from './list.ts';
import { LOOP, LoopKinds } from './loop-kinds.ts';
import { OP, OPCODE } from './opcodes.ts';
import type { WasmModule } from './read-module.ts';
import { BASE, ValueTracker } from './value-tracker.ts';

/** What is to be written at an instruction; bits. */
export const MARK = {
  /** Its access is checked. */
  check: 1,
  /** What was found so far is told before it. */
  tell: 2,
  /** The same after it: at the head of a loop that holds loops. */
  tellAfter: 4,
  /** Its address is kept, for the end of its loop; or if it touches what is freed. */
  keep: 8,
  collect: 64,
  /** A loop with accesses that are kept begins, or is left: after its `end`, or before the branch that does so. */
  enter: 16,
  leave: 32,
} as const;

/**
 * An access in a plain loop: one without loops, calls and ways out inside. Where its address grows evenly along with a
 * local, the last address and the growth of the local say, when the loop ends, which stretch of memory it has been
 * through. Where it stays inside of what an unchanged address points to, all are in one block, and the last one tells.
 * Otherwise it keeps the last address that touched what is freed.
 */
export interface Span {
  /** The instructions of the loop and of the access. */
  readonly loop: number;
  readonly site: number;
  /** `UNEVEN` where it does not grow evenly. */
  readonly local: number;
  /** What the local grows by each time round, and how many times that the address grows by. */
  readonly stride: number;
  readonly scale: number;
}

/** Instead of a local: the last address that was found is kept, or the last one. */
export const UNEVEN = { found: -1, inside: -2 } as const;

/** Which accesses are checked, and how. */
export interface CheckStyle {
  /** Only what changes memory, or everything. */
  readonly accesses: 'writes' | 'all';
  /**
   * `accumulated`: branch-free, told at the next call, return, outer loop or end, by the last access that was found;
   * an access close to one that was checked is taken to be as good; in plain loops, whole stretches when they end. What
   * was found when the function traps is lost. `exact`: each access for itself, before it happens.
   */
  readonly precision: 'accumulated' | 'exact';
}

/** An access within so many bytes of a checked one with the same base is taken to touch the same block. */
const NEAR_BYTES = 64;
/** An address that grows faster than this each time round is checked each time: most of its stretch is not touched. */
const MOST_GROWTH = 64;
/** Accesses of one plain loop that are treated so; each keeps a value or two alive while it runs. */
const MOST_SPANS = 32;
const CANDIDATE_WORDS = 5;
/** Checked bases that are looked through for a near one. */
const RECENT_FACTS = 24;

/** Decides which accesses of a function are checked and where it tells. One object serves all functions in turn. */
export class CheckPlan {
  /** `MARK`s, by instruction. */
  marks: Uint8Array = new IntrinsicUint8Array(64);
  /** Of a checked access the local that holds its address, and no other base; −1 for none. */
  source: Int32Array = new IntrinsicInt32Array(64);
  checks = 0;
  /** Accesses with `MARK.keep`, in order; those of one loop stand together. */
  spans = new List<Span>();
  readonly #loops = new LoopKinds();
  /** The plain loop that is open, or −1; its accesses: instruction, local, scale, divisor, `UNEVEN`. */
  #plain = -1;
  readonly #candidates = new Ints();
  readonly #tracker: ValueTracker;
  readonly #style: CheckStyle;
  /** What was checked: bases, and the constants beside them. */
  readonly #factBase = new Ints();
  readonly #factPlus = new Ints();
  /** Of each open block: facts when it began, checks when it began, whether anything was untold, and the calls before it. */
  readonly #facts = new Ints();
  readonly #checked = new Ints();
  readonly #untoldAt = new Ints();
  readonly #callsAt = new Ints();
  #calls = 0;
  #untold = false;

  constructor(module: WasmModule, style: CheckStyle, stackPointer: number) {
    this.#tracker = new ValueTracker(module, stackPointer);
    this.#style = style;
  }

  /** Plans a function; `checks` then says how many of its accesses are checked. */
  make(body: CodeBody, params: number): void {
    const { length, op } = body;
    this.#begin(length);
    const exact = this.#style.precision === 'exact';
    if (!exact) this.#loops.look(body);
    const tracker = this.#tracker;
    tracker.begin(body, params);
    for (let i = 0; i < length; i++) {
      const code = op[i] as number;
      if (tracker.reachable) {
        if (isAccess(code)) this.#planAccess(body, i, code, exact);
        else if (!exact) this.#planTelling(body, i, code);
      }
      if (exact) {
        tracker.step(body, i);
        continue;
      }
      const plain = code === OP.loop && tracker.reachable && this.#loops.kind[i] === 0;
      if (plain) this.#plain = i;
      else if (this.#plain >= 0 && i === this.#loops.leaves[this.#plain]) this.#leaveLoop(i);
      this.#follow(i, code);
      tracker.step(body, i, plain ? (this.#loops.firstBack[i] as number) : -1);
    }
  }

  #begin(length: number): void {
    if (lengthOf(this.marks) < length) {
      this.marks = new IntrinsicUint8Array(length * 2);
      this.source = new IntrinsicInt32Array(length * 2);
    } else for (let i = 0; i < length; i++) this.marks[i] = 0;
    this.checks = 0;
    this.spans = new List();
    this.#plain = -1;
    this.#candidates.clear();
    this.#factBase.clear();
    this.#factPlus.clear();
    this.#facts.clear();
    this.#checked.clear();
    this.#untoldAt.clear();
    this.#callsAt.clear();
    this.#calls = 0;
    this.#untold = false;
  }

  #planAccess(body: CodeBody, i: number, code: number, exact: boolean): void {
    const blocks = code === OP.atomicWait32 || code === OP.atomicWait64;
    if (this.#style.accesses === 'writes' && !writesMemory(code)) {
      if (blocks && !exact) this.#tell(i);
      return;
    }
    const below = (OPCODE.takes[code] as number) - 1;
    const tracker = this.#tracker;
    if (OPCODE.bytes[code] === 0) this.#check(i, -1);
    else {
      const base = tracker.baseAt(below);
      const known = !exact && this.#isNear(base, tracker.plusAt(below) + (body.first[i] as number));
      if (!known) this.#checkAddress(i, below, exact);
    }
    // A thread may wait for ever: what is known is told first.
    if (blocks && !exact) this.#tell(i);
  }

  #checkAddress(i: number, below: number, exact: boolean): void {
    const tracker = this.#tracker;
    const untold = this.#untold;
    this.#check(i, tracker.localAt(below));
    if (exact || this.#plain < 0) return;
    const along = tracker.isInLoopProper(i) ? tracker.alongAt(below) : -1;
    this.#candidates.add(i);
    this.#candidates.add(along);
    this.#candidates.add(along < 0 ? 0 : tracker.scaleAt(below));
    this.#candidates.add(along < 0 ? 1 : tracker.divisorAt(below));
    this.#candidates.add(tracker.isInsideAt(below) ? UNEVEN.inside : UNEVEN.found);
    // Unless there are too many of them, they tell by themselves.
    this.#untold = untold;
  }

  /** Decides how the accesses of a plain loop are checked, now that it is known how its locals grow. */
  #leaveLoop(end: number): void {
    const candidates = this.#candidates;
    const loop = this.#plain;
    for (let at = 0; at < candidates.length; at += CANDIDATE_WORDS) {
      const i = candidates.at(at);
      if (at / CANDIDATE_WORDS >= MOST_SPANS) {
        this.#untold = true;
        break;
      }
      const local = candidates.at(at + 1);
      const scale = candidates.at(at + 2);
      const stride = local < 0 ? 0 : this.#tracker.strideOf(local);
      const growth = stride * scale;
      const evenly = growth !== 0 && stride % candidates.at(at + 3) === 0;
      const steady = evenly && growth <= MOST_GROWTH && growth >= -MOST_GROWTH;
      const kept = steady ? local : candidates.at(at + 4);
      const mark = kept === UNEVEN.found ? MARK.collect : MARK.keep;
      this.marks[i] = ((this.marks[i] as number) & ~MARK.check) | mark;
      this.marks[loop] = (this.marks[loop] as number) | MARK.enter;
      this.marks[end] = (this.marks[end] as number) | MARK.leave;
      this.spans.add({ loop, site: i, local: kept, stride, scale });
    }
    candidates.clear();
    this.#plain = -1;
  }

  #check(i: number, source: number): void {
    this.marks[i] = (this.marks[i] as number) | MARK.check;
    this.source[i] = source;
    this.checks++;
    this.#untold = true;
  }

  /** Whether nothing is gained by looking at an address; notes it otherwise. */
  #isNear(base: number, plus: number): boolean {
    if (base === BASE.unknown) return false;
    if (base === BASE.absolute || base === BASE.stack) return true;
    const { length } = this.#factBase;
    for (let i = length - 1; i >= 0 && i >= length - RECENT_FACTS; i--) {
      if (this.#factBase.at(i) !== base) continue;
      const distance = plus - this.#factPlus.at(i);
      if (distance < NEAR_BYTES && distance > -NEAR_BYTES) return true;
    }
    this.#factBase.add(base);
    this.#factPlus.add(plus);
    return false;
  }

  #planTelling(body: CodeBody, i: number, code: number): void {
    const { depth } = this.#tracker;
    switch (code) {
      case OP.call:
      case OP.callIndirect:
      case OP.callRef:
      case OP.returnCall:
      case OP.returnCallIndirect:
      case OP.returnCallRef:
      case OP.return:
      case OP.throw:
      case OP.throwRef:
      case OP.rethrow:
      case OP.unreachable:
        this.#tell(i);
        break;
      case OP.br:
      case OP.brIf:
      case OP.brTable:
      case OP.brOnNull:
      case OP.brOnNonNull:
      case OP.brOnCast:
      case OP.brOnCastFail:
        // Out of the function. What is told before a branch that is not taken is still told.
        if ((body.first[i] as number) >>> 0 >= depth) this.#tell(i);
        break;
      case OP.loop:
        if ((this.#loops.kind[i] as number) & LOOP.outer) this.marks[i] = MARK.tellAfter;
        break;
      case OP.end:
        if (depth === 0) this.#tell(i);
        break;
    }
  }

  #tell(i: number): void {
    if (!this.#untold) return;
    this.marks[i] = (this.marks[i] as number) | MARK.tell;
    this.#untold = false;
  }

  /** Keeps what holds on every path: facts of a block's beginning hold at its end, unless something was called. */
  #follow(i: number, code: number): void {
    switch (code) {
      case OP.call:
      case OP.callIndirect:
      case OP.callRef:
      case OP.atomicWait32:
      case OP.atomicWait64:
        this.#freeAnything();
        break;
      case OP.loop: {
        const kind = this.#loops.kind[i] as number;
        if (kind & LOOP.calls) this.#freeAnything();
        this.#open();
        // It begins again with whatever its last round has found.
        this.#untold = (kind & LOOP.outer) === 0;
        break;
      }
      case OP.block:
      case OP.if:
      case OP.try:
      case OP.tryTable:
        this.#open();
        break;
      case OP.else:
      case OP.catch:
      case OP.catchAll:
        this.#meet();
        break;
      case OP.end:
      case OP.delegate:
        if (this.#facts.length === 0) break;
        this.#meet();
        this.#facts.pop();
        this.#checked.pop();
        this.#untoldAt.pop();
        this.#callsAt.pop();
        break;
    }
  }

  /** What is called, or runs meanwhile, may free. */
  #freeAnything(): void {
    this.#forgetFacts(0);
    this.#calls++;
  }

  #open(): void {
    this.#facts.add(this.#factBase.length);
    this.#checked.add(this.checks);
    this.#untoldAt.add(this.#untold ? 1 : 0);
    this.#callsAt.add(this.#calls);
  }

  #meet(): void {
    const top = this.#facts.length - 1;
    const called = this.#callsAt.at(top) !== this.#calls;
    this.#forgetFacts(called ? 0 : this.#facts.at(top));
    if (this.#untoldAt.at(top) === 1 || this.#checked.at(top) !== this.checks) this.#untold = true;
  }

  #forgetFacts(kept: number): void {
    this.#factBase.truncate(kept);
    this.#factPlus.truncate(kept);
  }
}

/** Whether an instruction touches memory. */
export function isAccess(code: number): boolean {
  return (
    OPCODE.bytes[code] !== 0 ||
    code === OP.memoryCopy ||
    code === OP.memoryFill ||
    code === OP.memoryInit
  );
}

/** Whether one does change memory: it gives nothing, or modifies what it reads. */
export function writesMemory(code: number): boolean {
  return OPCODE.gives[code] === 0 || code >= FIRST_MODIFIER;
}

const FIRST_MODIFIER = OP.i32AtomicRmwAdd;
