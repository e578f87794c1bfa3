import { min } from '../base/intrinsics.ts';
import { BinaryReader } from './binary-reader.ts';
import * as LIMITS from './limits.ts';
import { Ints } from './list.ts';
import { beyondLimit, unsupported } from './refusal.ts';
import { skipValueType, TYPE } from './value-type.ts';

const FORM = { function: 0x60, struct: 0x5f, array: 0x5e, sub: 0x50, subFinal: 0x4f, rec: 0x4e };
/** Packed fields of structs and arrays. */
const PACKED = { i8: 0x78, i16: 0x77 } as const;
/** Signatures are told apart up to so many parameters. */
const MOST_TOLD = 8;

/** The types that a module defines, of which only functions are known more closely. */
export class FunctionTypes {
  readonly #bytes: Uint8Array;
  /** Where the parameters of each begin, behind their count; 0 where it is no function. */
  readonly #at = new Ints();
  readonly #params = new Ints();
  readonly #results = new Ints();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#at.length;
  }

  isFunction(type: number): boolean {
    return this.#at.at(type) > 0;
  }

  params(type: number): number {
    return this.#params.at(type);
  }

  results(type: number): number {
    return this.#results.at(type);
  }

  /** Such as `ii:i`, in the letters of the opcode table; `?` stands for what has no letter. */
  signature(type: number): string {
    const at = this.#at.at(type);
    if (at === 0) return '';
    const reader = new BinaryReader(this.#bytes, at);
    let text = '';
    const params = this.params(type);
    for (let i = 0; i < min(params, MOST_TOLD); i++) text += letterOf(skipValueType(reader));
    if (params > MOST_TOLD) return `${text}…`;
    text += ':';
    reader.u32();
    const results = min(this.results(type), MOST_TOLD);
    for (let i = 0; i < results; i++) text += letterOf(skipValueType(reader));
    return text;
  }

  /** Reads the contents of a type section. */
  read(reader: BinaryReader): void {
    const count = reader.count(LIMITS.types, 'types');
    for (let i = 0; i < count; i++) {
      if (reader.peek() === FORM.rec) {
        reader.byte();
        const members = reader.count(LIMITS.recursiveTypes, 'types of one recursion');
        for (let member = 0; member < members; member++) this.#readSub(reader);
      } else this.#readSub(reader);
    }
  }

  #readSub(reader: BinaryReader): void {
    const form = reader.peek();
    if (form === FORM.sub || form === FORM.subFinal) {
      reader.byte();
      for (let left = reader.u32(); left > 0; left--) reader.u32();
    }
    this.#readComposite(reader);
    if (this.#at.length > LIMITS.types) beyondLimit('too many types', reader.at);
  }

  #readComposite(reader: BinaryReader): void {
    const at = reader.at;
    const form = reader.byte();
    let params = 0;
    let results = 0;
    let paramsAt = 0;
    if (form === FORM.function) {
      params = reader.count(LIMITS.parameters, 'parameters');
      paramsAt = reader.at;
      for (let i = 0; i < params; i++) skipValueType(reader);
      results = reader.count(LIMITS.results, 'results');
      for (let i = 0; i < results; i++) skipValueType(reader);
    } else if (form === FORM.struct) {
      const fields = reader.count(LIMITS.structFields, 'fields');
      for (let i = 0; i < fields; i++) skipField(reader);
    } else if (form === FORM.array) skipField(reader);
    else unsupported(`type form ${form}`, at);
    this.#at.add(paramsAt);
    this.#params.add(params);
    this.#results.add(results);
  }
}

function skipField(reader: BinaryReader): void {
  const storage = reader.peek();
  if (storage === PACKED.i8 || storage === PACKED.i16) reader.byte();
  else skipValueType(reader);
  reader.byte();
}

function letterOf(type: number): string {
  switch (type) {
    case TYPE.i32:
      return 'i';
    case TYPE.i64:
      return 'l';
    case TYPE.f32:
      return 'f';
    case TYPE.f64:
      return 'd';
    case TYPE.v128:
      return 'v';
    default:
      return '?';
  }
}
