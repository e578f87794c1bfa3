import { CodeWriter } from '../../src/wasm/code-writer.ts';
import { IMMEDIATE, OP, OPCODE, opcode } from '../../src/wasm/opcodes.ts';
import { MAGIC } from '../../src/wasm/read-module.ts';
import { EXTERNAL, SECTION, SECTION_ORDER } from '../../src/wasm/section.ts';
import { TYPE, typeOfLetter } from '../../src/wasm/value-type.ts';

/**
 * Makes a module of lines of text; `;;` begins a comment, types are letters as in signatures.
 *
 *     import func env.log ii:          memory 1 2 shared         data 16 0a0b0c
 *     import memory env.memory 1 2     table 10                  elem 0 1 2
 *     import global env.g i            global i 65536            start 3
 *     export f func 0                  tag i:                    custom name 0102
 *     func ii:i locals il
 *       local.get 0                    blocks: `block`, `loop i` (a result), `block i:i` (a type), each with its `end`
 *       i32.load offset=4              memories: `offset=`, `align=` (exponent), `memory=`
 *     end
 *
 * Globals can be changed unless they are `const`; element segments fill table 0 from 0 on.
 */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  return new Assembler().assemble(text);
}

/** An instruction that puts a value of each type on the stack; `*` is any. */
export const CONSTANTS: { readonly [letter: string]: string } = {
  i: 'i32.const 0',
  l: 'i64.const 0',
  f: 'f32.const 0',
  d: 'f64.const 0',
  v: 'v128.const 0',
  r: 'ref.null',
  '*': 'i32.const 0',
};

type Item = (out: CodeWriter) => void;

const NAMES = new Map(Object.entries(OPCODE.name).map(([op, name]) => [name, Number(op)]));
const KINDS: { readonly [kind: string]: number } = EXTERNAL;

export function opcodeNamed(name: string): number {
  const op = NAMES.get(name);
  if (op === undefined) throw new Error(`no instruction ${name}`);
  return op;
}

class Assembler {
  readonly #types: string[] = [];
  readonly #items = new Map<number, Item[]>();
  readonly #customs: Item[] = [];
  #start: number | undefined;

  assemble(text: string): Uint8Array<ArrayBuffer> {
    const lines = text
      .split('\n')
      .map((line) => line.replace(/;;.*/, '').trim())
      .filter((line) => line !== '');
    for (let i = 0; i < lines.length; ) i = this.#line(lines, i);
    return this.#write();
  }

  #add(section: number, item: Item): void {
    const items = this.#items.get(section) ?? [];
    this.#items.set(section, [...items, item]);
  }

  #type(signature: string): number {
    const known = this.#types.indexOf(signature);
    return known >= 0 ? known : this.#types.push(signature) - 1;
  }

  #line(lines: readonly string[], at: number): number {
    const line = lines[at] ?? '';
    const words = line.split(/\s+/);
    const [word = '', ...rest] = words;
    switch (word) {
      case 'import':
        this.#import(rest);
        break;
      case 'memory':
        this.#add(SECTION.memory, (out) => limits(rest, out));
        break;
      case 'table':
        this.#add(SECTION.table, (out) => {
          out.byte(TYPE.func);
          limits(rest, out);
        });
        break;
      case 'tag': {
        const type = this.#type(rest[0] ?? ':');
        this.#add(SECTION.tag, (out) => {
          out.byte(0);
          out.u32(type);
        });
        break;
      }
      case 'global':
        this.#add(SECTION.global, (out) => global(rest, out));
        break;
      case 'export':
        this.#add(SECTION.export, (out) => {
          out.name(rest[0] ?? '');
          out.byte(external(rest[1] ?? ''));
          out.u32(Number(rest[2]));
        });
        break;
      case 'start':
        this.#start = Number(rest[0]);
        break;
      case 'elem':
        this.#add(SECTION.element, (out) => {
          out.u32(0);
          out.i32Const(0);
          out.end();
          out.u32(rest.length);
          for (const index of rest) out.u32(Number(index));
        });
        break;
      case 'data':
        this.#add(SECTION.data, (out) => {
          const passive = rest[0] === 'passive';
          out.u32(passive ? 1 : 0);
          if (!passive) {
            out.i32Const(Number(rest[0]));
            out.end();
          }
          const bytes = bytesOf(rest[1]);
          out.u32(bytes.length);
          out.copy(bytes, 0, bytes.length);
        });
        break;
      case 'custom':
        this.#customs.push((out) => {
          const bytes = bytesOf(rest[1]);
          out.name(rest[0] ?? '');
          out.copy(bytes, 0, bytes.length);
        });
        break;
      case 'func':
        return this.#function(lines, at, rest);
      default:
        throw new Error(`unknown line: ${line}`);
    }
    return at + 1;
  }

  #import([kind = '', path = '', ...rest]: readonly string[]): void {
    const dot = path.indexOf('.');
    const type = kind === 'func' ? this.#type(rest[0] ?? ':') : 0;
    this.#add(SECTION.import, (out) => {
      out.name(path.slice(0, dot));
      out.name(path.slice(dot + 1));
      out.byte(external(kind));
      if (kind === 'func') out.u32(type);
      else if (kind === 'global') {
        out.byte(typeOfLetter(rest[0] ?? 'i'));
        out.byte(rest[1] === 'const' ? 0 : 1);
      } else {
        if (kind === 'table') out.byte(TYPE.func);
        limits(rest, out);
      }
    });
  }

  #function(
    lines: readonly string[],
    at: number,
    [signature = ':', , locals = '']: string[],
  ): number {
    const type = this.#type(signature);
    const code = new CodeWriter();
    code.u32(locals.length);
    for (const letter of locals) {
      code.u32(1);
      code.byte(typeOfLetter(letter));
    }
    let next = at + 1;
    for (let depth = 1; depth > 0; next++) {
      const line = lines[next];
      if (line === undefined) throw new Error('a function without end');
      depth += instruction(line, code, (of) => this.#type(of));
    }
    this.#add(SECTION.function, (out) => out.u32(type));
    this.#add(SECTION.code, (out) => out.sized(code));
    return next;
  }

  #write(): Uint8Array<ArrayBuffer> {
    const out = new CodeWriter();
    const types = this.#types.map((signature) => (section: CodeWriter) => {
      const [params = '', results = ''] = signature.split(':');
      section.byte(0x60);
      for (const letters of [params, results]) {
        section.u32(letters.length);
        for (const letter of letters) section.byte(typeOfLetter(letter));
      }
    });
    if (types.length > 0) this.#items.set(SECTION.type, types);
    if (this.#items.has(SECTION.data)) this.#items.set(SECTION.dataCount, []);
    if (this.#start !== undefined) this.#items.set(SECTION.start, []);
    for (const byte of MAGIC) out.byte(byte);
    const order = [...this.#items.keys()].sort((a, b) => orderOf(a) - orderOf(b));
    for (const id of order) {
      const items = this.#items.get(id) ?? [];
      const section = new CodeWriter();
      if (id === SECTION.start) section.u32(this.#start ?? 0);
      else if (id === SECTION.dataCount) section.u32(this.#items.get(SECTION.data)?.length ?? 0);
      else section.u32(items.length);
      for (const item of items) item(section);
      out.byte(id);
      out.sized(section);
    }
    for (const custom of this.#customs) {
      const section = new CodeWriter();
      custom(section);
      out.byte(SECTION.custom);
      out.sized(section);
    }
    return out.take();
  }
}

/** Of hexadecimal digits. */
function bytesOf(digits = ''): Uint8Array {
  return new Uint8Array((digits.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16)));
}

function orderOf(id: number): number {
  return SECTION_ORDER[id] ?? 0;
}

function external(kind: string): number {
  const code = KINDS[kind === 'func' ? 'function' : kind];
  if (code === undefined) throw new Error(`unknown kind ${kind}`);
  return code;
}

function limits(words: readonly string[], out: CodeWriter): void {
  const [minimum, maximum] = words.filter((word) => /^\d+$/.test(word));
  const shared = words.includes('shared') ? 2 : 0;
  const wide = words.includes('i64') ? 4 : 0;
  out.byte((maximum === undefined ? 0 : 1) | shared | wide);
  out.u32(Number(minimum));
  if (maximum !== undefined) out.u32(Number(maximum));
}

function global([letter = 'i', value = '0', constant]: readonly string[], out: CodeWriter): void {
  out.byte(typeOfLetter(letter));
  out.byte(constant === 'const' ? 0 : 1);
  constantOf(letter, value, out);
  out.end();
}

/** The instruction that gives a constant of a type. */
export function constantOf(letter: string, value: string, out: CodeWriter): void {
  const names: { readonly [letter: string]: string } = {
    i: 'i32.const',
    l: 'i64.const',
    f: 'f32.const',
    d: 'f64.const',
    v: 'v128.const',
    r: 'ref.null',
  };
  instruction(`${names[letter]} ${value}`, out, () => 0);
}

/** Gives how much deeper in blocks the code is after it. */
function instruction(line: string, out: CodeWriter, type: (signature: string) => number): number {
  const [name = '', ...rest] = line.split(/\s+/);
  const op = opcodeNamed(name);
  out.op(op);
  const numbers = rest.filter((word) => /^-?\d/.test(word));
  const number = (index: number): number => Number(numbers[index] ?? 0);
  const keyed = new Map(rest.map((word) => word.split('=') as [string, string]));
  switch (OPCODE.immediate[op]) {
    case IMMEDIATE.none:
      break;
    case IMMEDIATE.indices:
      if (op === OP.callIndirect || op === OP.returnCallIndirect) {
        out.u32(type(rest[0] ?? ':'));
        out.u32(0);
        break;
      }
      out.u32(number(0));
      out.u32(number(1));
      break;
    case IMMEDIATE.memoryIndices:
    case IMMEDIATE.dataMemory:
      out.u32(number(0));
      out.u32(number(1));
      break;
    case IMMEDIATE.block:
      block(rest[0], out, type);
      break;
    case IMMEDIATE.catches:
      block(undefined, out, type);
      out.u32(1);
      out.byte(2);
      out.u32(number(0));
      break;
    case IMMEDIATE.labels:
      out.u32(numbers.length - 1);
      for (const label of numbers) out.u32(Number(label));
      break;
    case IMMEDIATE.memory:
    case IMMEDIATE.memoryLane: {
      const align = Number(keyed.get('align') ?? Math.log2(OPCODE.bytes[op] ?? 1));
      const memory = keyed.get('memory');
      out.u32(align | (memory === undefined ? 0 : 0x40));
      if (memory !== undefined) out.u32(Number(memory));
      out.u32(Number(keyed.get('offset') ?? 0));
      if (OPCODE.immediate[op] === IMMEDIATE.memoryLane) out.byte(number(0));
      break;
    }
    case IMMEDIATE.lane:
    case IMMEDIATE.reserved:
      out.byte(number(0));
      break;
    case IMMEDIATE.lanes:
      for (let i = 0; i < 16; i++) out.byte(i);
      break;
    case IMMEDIATE.i32:
      out.s32(number(0));
      break;
    case IMMEDIATE.i64:
      out.s53(number(0));
      break;
    case IMMEDIATE.f32:
    case IMMEDIATE.f64:
    case IMMEDIATE.v128:
      float(op, number(0), out);
      break;
    case IMMEDIATE.heapType:
      out.byte(TYPE.func);
      break;
    case IMMEDIATE.valueTypes:
      out.u32(1);
      out.byte(typeOfLetter(rest[0] ?? 'i'));
      break;
    default:
      out.u32(number(0));
  }
  if (op === OP.end || op === OP.delegate) return -1;
  return OPENING.has(op) ? 1 : 0;
}

const OPENING = new Set<number>([OP.block, OP.loop, OP.if, OP.try, OP.tryTable]);

function block(of: string | undefined, out: CodeWriter, type: (signature: string) => number): void {
  if (of === undefined) out.byte(TYPE.empty);
  else if (of.includes(':')) out.s32(type(of));
  else out.byte(typeOfLetter(of));
}

/** A v128 holds the number in each of its four f32 lanes. */
function float(op: number, value: number, out: CodeWriter): void {
  const single = new Uint8Array(new Float32Array([value]).buffer);
  const double = new Uint8Array(new Float64Array([value]).buffer);
  const v128 = op === opcode(0xfd, 0x0c);
  const bytes = v128
    ? [...single, ...single, ...single, ...single]
    : [...(op === 0x43 ? single : double)];
  for (const byte of bytes) out.byte(byte);
}
