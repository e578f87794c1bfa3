import { IntrinsicMap, mapGet, mapSet } from '../base/intrinsics.ts';
import type { CodeWriter } from './code-writer.ts';
import type { List } from './list.ts';
import { OP } from './opcodes.ts';
import { typeOf } from './read-module.ts';
import { unsupported } from './refusal.ts';
import type { Rewriting } from './rewriting.ts';
import { TYPE } from './value-type.ts';

/** What the functions of an allocator do, and how they look: `code` is what `allocated` is told. */
export const HEAP_ROLES = {
  /** `(size)` */
  malloc: { signature: 'i:i', code: 1 },
  /** `(count, size)` */
  calloc: { signature: 'ii:i', code: 2 },
  /** `(alignment, size)` */
  memalign: { signature: 'ii:i', code: 3 },
  /** `(where the address goes, alignment, size)`; gives 0 when it worked. */
  posixMemalign: { signature: 'iii:i', code: 4 },
  /** `(address, size)` */
  realloc: { signature: 'ii:i', code: 5 },
  /** `(address)` */
  free: { signature: 'i:', code: 6 },
} as const;

export type HeapRole = keyof typeof HEAP_ROLES;

export interface HeapFunction {
  readonly role: HeapRole;
  /** Its index in the original. */
  readonly index: number;
}

/** Imports that a module with heap hooks has; all numbers are i32. */
export const HEAP_IMPORT = {
  /** `(code, address, size)`: a block was handed out. */
  allocated: 'allocated',
  /** `(address) → address`: a block is given back; the one to give to the allocator instead, or 0 for none. */
  freeing: 'freeing',
  /** `() → address`: another block to give to the allocator now, or 0. Asked until it says 0. */
  evicted: 'evicted',
  /**
   * `(address, size) → bytes`: a block is to change its size. Negative: by the allocator; otherwise so many bytes are
   * copied to a new block, and the old one is given back, both as if the program did so.
   */
  reallocating: 'reallocating',
  /** `(address, new address, size)`: the allocator has changed the size of a block. */
  reallocated: 'reallocated',
} as const;

/**
 * Puts a wrapper in the place of each function of the allocator, whose own body moves to the end: so calls from inside,
 * through tables and by exports all pass through it. What the allocator calls of itself goes straight to its bodies.
 *
 * The hook hears by calls, not through a ring: it has to say what becomes of a freed block, and takes stacks and places in
 * the order itself. Functions that have no body here, or another signature, are refused.
 */
export class HeapHooks {
  readonly #rewriting: Rewriting;
  readonly #roles = new IntrinsicMap<number, HeapRole>();
  /** Not 0 while a function of the allocator runs. An exception that leaves one leaves it so: programs do not go on then. */
  readonly #inside: number;
  readonly #imports: { readonly [Name in keyof typeof HEAP_IMPORT]: number };
  #malloc = -1;
  #free = -1;

  constructor(rewriting: Rewriting, functions: List<HeapFunction>) {
    const { module } = rewriting;
    this.#rewriting = rewriting;
    this.#imports = {
      allocated: rewriting.importFunction(HEAP_IMPORT.allocated, 'iii:'),
      freeing: rewriting.importFunction(HEAP_IMPORT.freeing, 'i:i'),
      evicted: rewriting.importFunction(HEAP_IMPORT.evicted, ':i'),
      reallocating: rewriting.importFunction(HEAP_IMPORT.reallocating, 'ii:i'),
      reallocated: rewriting.importFunction(HEAP_IMPORT.reallocated, 'iii:'),
    };
    this.#inside = rewriting.addGlobal(TYPE.i32);
    for (let i = 0; i < functions.length; i++) {
      const { role, index } = functions.at(i);
      if (index < module.importedFunctions || index >= module.functions.length) {
        unsupported(`${role} has no body in the module`, 0);
      }
      const signature = module.types.signature(typeOf(module, index));
      if (signature !== HEAP_ROLES[role].signature) {
        unsupported(
          `${role} of type ${signature}`,
          module.bodyFrom.at(index - module.importedFunctions),
        );
      }
      mapSet(this.#roles, index, role);
      if (role === 'malloc') this.#malloc = index;
      if (role === 'free') this.#free = index;
    }
  }

  roleOf(index: number): HeapRole | undefined {
    return mapGet(this.#roles, index);
  }

  /** Writes the body of the wrapper, without its size; `own` is where the function's own body is now. */
  write(role: HeapRole, own: number, out: CodeWriter): void {
    const params = HEAP_ROLES[role].signature.length - (role === 'free' ? 1 : 2);
    out.u32(1);
    out.u32(1);
    out.byte(TYPE.i32);
    this.#passThrough(params, own, out);
    switch (role) {
      case 'free':
        this.#writeFree(own, out);
        break;
      case 'realloc':
        this.#writeRealloc(own, out);
        break;
      case 'posixMemalign':
        this.#writePosixMemalign(own, out);
        break;
      default:
        this.#writeAllocation(role, params, own, out);
    }
    out.end();
  }

  /** The allocator itself calls. */
  #passThrough(params: number, own: number, out: CodeWriter): void {
    out.globalGet(this.#inside);
    out.open(OP.if);
    this.#callWith(params, own, out);
    out.byte(OP.return);
    out.end();
  }

  #callWith(params: number, own: number, out: CodeWriter): void {
    for (let i = 0; i < params; i++) out.localGet(i);
    out.call(own);
  }

  #callInside(params: number, own: number, out: CodeWriter): void {
    out.i32Const(1);
    out.globalSet(this.#inside);
    this.#callWith(params, own, out);
    out.i32Const(0);
    out.globalSet(this.#inside);
  }

  #writeAllocation(role: HeapRole, params: number, own: number, out: CodeWriter): void {
    const block = params;
    this.#callInside(params, own, out);
    out.localTee(block);
    out.open(OP.if);
    out.i32Const(HEAP_ROLES[role].code);
    out.localGet(block);
    if (role === 'calloc') {
      out.localGet(0);
      out.localGet(1);
      out.op(OP.i32Mul);
    } else out.localGet(params - 1);
    out.call(this.#imports.allocated);
    out.end();
    out.localGet(block);
  }

  #writePosixMemalign(own: number, out: CodeWriter): void {
    const failed = 3;
    this.#callInside(3, own, out);
    out.localTee(failed);
    out.op(OP.i32Eqz);
    out.open(OP.if);
    out.i32Const(HEAP_ROLES.posixMemalign.code);
    out.localGet(0);
    out.access(OP.i32Load, 2, 0, 0);
    out.localGet(2);
    out.call(this.#imports.allocated);
    out.end();
    out.localGet(failed);
  }

  #writeFree(own: number, out: CodeWriter): void {
    const block = 1;
    this.#withoutBlock(1, own, out);
    out.localGet(0);
    out.call(this.#imports.freeing);
    out.localSet(block);
    out.open(OP.block);
    out.open(OP.loop);
    out.localGet(block);
    out.op(OP.i32Eqz);
    out.brIf(1);
    out.i32Const(1);
    out.globalSet(this.#inside);
    out.localGet(block);
    out.call(own);
    out.i32Const(0);
    out.globalSet(this.#inside);
    out.call(this.#imports.evicted);
    out.localSet(block);
    out.br(0);
    out.end();
    out.end();
  }

  /** The null pointer is no block: what the allocator makes of it is its own. */
  #withoutBlock(params: number, own: number, out: CodeWriter): void {
    out.localGet(0);
    out.op(OP.i32Eqz);
    out.open(OP.if);
    this.#callWith(params, own, out);
    out.byte(OP.return);
    out.end();
  }

  #writeRealloc(own: number, out: CodeWriter): void {
    const kept = 2;
    // From nothing it is another malloc.
    out.localGet(0);
    out.op(OP.i32Eqz);
    out.open(OP.if);
    this.#writeAllocation('realloc', 2, own, out);
    out.byte(OP.return);
    out.end();

    out.localGet(0);
    out.localGet(1);
    out.call(this.#imports.reallocating);
    out.localSet(kept);
    if (this.#malloc >= 0 && this.#free >= 0) this.#writeReplacement(kept, out);

    this.#callInside(2, own, out);
    out.localSet(kept);
    out.localGet(0);
    out.localGet(kept);
    out.localGet(1);
    out.call(this.#imports.reallocated);
    out.localGet(kept);
  }

  /** A new block, a copy of `kept` bytes, and the old one given back. */
  #writeReplacement(kept: number, out: CodeWriter): void {
    const block = 1;
    out.localGet(kept);
    out.i32Const(0);
    out.op(OP.i32GeS);
    out.open(OP.if);
    out.localGet(1);
    out.call(this.#rewriting.functionIndex(this.#malloc));
    out.localTee(block);
    out.open(OP.if);
    out.localGet(block);
    out.localGet(0);
    out.localGet(kept);
    out.op(OP.memoryCopy);
    out.byte(0);
    out.byte(0);
    out.localGet(0);
    out.call(this.#rewriting.functionIndex(this.#free));
    out.end();
    out.localGet(block);
    out.byte(OP.return);
    out.end();
  }
}
