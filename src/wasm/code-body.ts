import { IntrinsicInt32Array, max } from '../base/intrinsics.ts';
import type { BinaryReader } from './binary-reader.ts';
import * as LIMITS from './limits.ts';
import { Ints } from './list.ts';
import { IMMEDIATE, isPrefix, OP, OPCODE, opcode } from './opcodes.ts';
import { beyondLimit, malformed, unsupported } from './refusal.ts';
import { skipHeapType, skipValueType } from './value-type.ts';

/** In a memory's immediate: the number of a memory follows the alignment. */
export const HAS_MEMORY = 0x40;

/**
 * The instructions of one function, side by side: which, where, and what follows them. One object serves all functions
 * of a module in turn.
 */
export class CodeBody {
  /** Where the local declarations begin, behind their count. */
  localsAt = 0;
  localGroups = 0;
  /** Where the instructions begin. */
  codeAt = 0;
  end = 0;
  /** Locals that are declared; parameters come before them. */
  declaredLocals = 0;
  /** Instructions, the `end` of the function among them. */
  length = 0;
  /** Opcodes, as `opcode` numbers them. */
  op: Int32Array = new IntrinsicInt32Array(64);
  /** Where they begin; one more entry says where the last one ends. */
  at: Int32Array = new IntrinsicInt32Array(64);
  /**
   * What follows them: an index, a label (of several the outermost), a block's type, an i32 constant, the low 32 bits of
   * an offset.
   */
  first: Int32Array = new IntrinsicInt32Array(64);
  /** The second index; the memory that an offset is in. */
  second: Int32Array = new IntrinsicInt32Array(64);
  /** Of what opens a block, or goes on with one: the instruction that ends it. */
  match: Int32Array = new IntrinsicInt32Array(64);
  #capacity = 64;
  readonly #open = new Ints();

  /** Reads a function's body, from behind its size up to `end`. */
  read(reader: BinaryReader, end: number): void {
    this.end = end;
    this.#readLocals(reader);
    this.codeAt = reader.at;
    this.#readInstructions(reader);
    if (reader.at !== end) malformed('instructions after the end of a function', reader.at);
  }

  /** Reads an expression, such as the initial value of a global, up to its `end`. */
  readExpression(reader: BinaryReader): void {
    this.codeAt = reader.at;
    this.#readInstructions(reader);
    this.end = reader.at;
  }

  #readLocals(reader: BinaryReader): void {
    const groups = reader.u32();
    this.localGroups = groups;
    this.localsAt = reader.at;
    let total = 0;
    for (let i = 0; i < groups; i++) {
      const at = reader.at;
      total += reader.u32();
      if (total > LIMITS.locals) beyondLimit(`${total} locals`, at);
      skipValueType(reader);
    }
    this.declaredLocals = total;
  }

  #readInstructions(reader: BinaryReader): void {
    const open = this.#open;
    open.clear();
    let length = 0;
    for (;;) {
      if (length + 1 >= this.#capacity) this.#grow();
      const at = reader.at;
      const op = readOpcode(reader);
      this.op[length] = op;
      this.at[length] = at;
      this.#readImmediate(reader, op, at, length);
      switch (op) {
        case OP.block:
        case OP.loop:
        case OP.if:
        case OP.try:
        case OP.tryTable:
          open.add(length);
          break;
        case OP.else:
        case OP.catch:
        case OP.catchAll:
          if (open.length === 0) malformed('outside of a block', at);
          break;
        case OP.end:
        case OP.delegate:
          if (open.length === 0) {
            this.at[length + 1] = reader.at;
            this.length = length + 1;
            return;
          }
          this.match[open.pop()] = length;
          break;
      }
      length++;
    }
  }

  #readImmediate(reader: BinaryReader, op: number, at: number, i: number): void {
    let first = 0;
    let second = 0;
    switch (OPCODE.immediate[op]) {
      case IMMEDIATE.none:
        break;
      case IMMEDIATE.index:
      case IMMEDIATE.local:
      case IMMEDIATE.global:
      case IMMEDIATE.function:
      case IMMEDIATE.label:
      case IMMEDIATE.memoryIndex:
        first = reader.u32();
        break;
      case IMMEDIATE.indices:
      case IMMEDIATE.memoryIndices:
      case IMMEDIATE.dataMemory:
        first = reader.u32();
        second = reader.u32();
        break;
      case IMMEDIATE.i32:
        first = reader.s32();
        break;
      case IMMEDIATE.memory:
        second = readAlignment(reader);
        first = reader.u64() | 0;
        break;
      case IMMEDIATE.memoryLane:
        second = readAlignment(reader);
        first = reader.u64() | 0;
        reader.skip(1);
        break;
      case IMMEDIATE.block:
        first = readBlockType(reader);
        break;
      case IMMEDIATE.labels:
        first = readLabels(reader);
        break;
      case IMMEDIATE.lane:
      case IMMEDIATE.reserved:
        first = reader.byte();
        break;
      case IMMEDIATE.i64:
        reader.skipLong();
        break;
      case IMMEDIATE.f32:
        reader.skip(4);
        break;
      case IMMEDIATE.f64:
        reader.skip(8);
        break;
      case IMMEDIATE.lanes:
      case IMMEDIATE.v128:
        reader.skip(16);
        break;
      case IMMEDIATE.heapType:
        skipHeapType(reader);
        break;
      case IMMEDIATE.valueTypes:
        for (let left = reader.u32(); left > 0; left--) skipValueType(reader);
        break;
      case IMMEDIATE.catches:
        // Its block's type is read like that of other blocks; only the labels of its clauses come along.
        first = readBlockType(reader);
        second = readCatches(reader);
        break;
      case IMMEDIATE.cast:
        reader.skip(1);
        first = reader.u32();
        skipHeapType(reader);
        skipHeapType(reader);
        break;
      default:
        unsupported(`instruction 0x${hex(reader, at)}`, at);
    }
    this.first[i] = first;
    this.second[i] = second;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.op = grown(this.op, this.#capacity);
    this.at = grown(this.at, this.#capacity);
    this.first = grown(this.first, this.#capacity);
    this.second = grown(this.second, this.#capacity);
    this.match = grown(this.match, this.#capacity);
  }
}

function readOpcode(reader: BinaryReader): number {
  const at = reader.at;
  const byte = reader.byte();
  if (!isPrefix(byte)) return byte;
  const second = reader.u32();
  if (second >= 512) unsupported(`instruction 0x${hex(reader, at)}`, at);
  return opcode(byte, second);
}

/** Gives the memory; the alignment is a hint, which stays in the bytes. */
function readAlignment(reader: BinaryReader): number {
  return reader.u32() & HAS_MEMORY ? reader.u32() : 0;
}

/** A negative number for no result (−64) or one; otherwise the number of a type. */
function readBlockType(reader: BinaryReader): number {
  const type = reader.s33();
  if (type === BLOCK_REF || type === BLOCK_REF_NULL) skipHeapType(reader);
  return type;
}

/** `0x64` and `0x63`, as signed numbers. */
const BLOCK_REF = 0x64 - 0x80;
const BLOCK_REF_NULL = 0x63 - 0x80;

/** Gives the outermost label. */
function readLabels(reader: BinaryReader): number {
  const count = reader.count(LIMITS.tableLabels, 'labels');
  let outermost = 0;
  for (let i = 0; i <= count; i++) outermost = max(outermost, reader.u32());
  return outermost;
}

/** Catch clauses that name a tag; the others catch all. */
const CATCH = { tag: 0, tagRef: 1, all: 2, allRef: 3 } as const;

/** Gives the outermost label, as seen from outside of the block. */
function readCatches(reader: BinaryReader): number {
  let outermost = 0;
  for (let left = reader.u32(); left > 0; left--) {
    const at = reader.at;
    const kind = reader.byte();
    if (kind > CATCH.allRef) unsupported(`catch clause ${kind}`, at);
    if (kind === CATCH.tag || kind === CATCH.tagRef) reader.u32();
    outermost = max(outermost, reader.u32());
  }
  return outermost;
}

const DIGITS = '0123456789abcdef';

function hex(reader: BinaryReader, from: number): string {
  let text = '';
  for (let at = from; at < reader.at && at < from + 4; at++) {
    const byte = reader.bytes[at] as number;
    text += `${DIGITS[byte >> 4]}${DIGITS[byte & 15]}`;
  }
  return text;
}

function grown(old: Int32Array, capacity: number): Int32Array {
  const values = new IntrinsicInt32Array(capacity);
  const half = capacity / 2;
  for (let i = 0; i < half; i++) values[i] = old[i] as number;
  return values;
}
