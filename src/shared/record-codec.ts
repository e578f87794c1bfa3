import { ByteReader, ByteReaderError } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { IntrinsicMap, mapClear, mapGet, mapSet, ownKeys, slice } from '../base/intrinsics.ts';
import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from './limits.ts';
import {
  type FieldsOf,
  type FieldType,
  type LifelineRecord,
  RECORDS,
  type RecordName,
  type RecordShape,
} from './records.ts';
import type { Micros, Seq } from './units.ts';

/**
 * A chunk of form `records` stands alone: text is interned within it, and `seq` and `at` are
 * differences to the record before.
 *
 *   record := op uint · seq int (difference) · at int (difference) · field*
 *   text   := uint i — the i-th text of this chunk, counted from 1 — or 0 and then the text itself
 */
type Shapes = { readonly [name: string]: RecordShape };
const shapes: Shapes = RECORDS;

const namesByOp: readonly (RecordName | undefined)[] = /* @__PURE__ */ (() => {
  const out: (RecordName | undefined)[] = [];
  for (const [name, shape] of Object.entries(RECORDS)) out[shape.op] = name as RecordName;
  return out;
})();

/**
 * Collects the records of one thread and hands them out as self-contained chunks. Runs inside pages
 * and audio rendering threads; never throws on odd values, it clamps and cuts them.
 */
export class RecordWriter {
  readonly #out = new ByteWriter(4096);
  readonly #texts = new IntrinsicMap<string, number>();
  #textCount = 0;
  #count = 0;
  #seq = 0;
  #at = 0;

  get count(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#out.length;
  }

  write<N extends RecordName>(name: N, seq: number, at: number, fields: FieldsOf<N>): void {
    const out = this.#out;
    const { op, fields: types } = shapes[name] as RecordShape;
    const names = ownKeys(types) as readonly string[];
    const values = fields as unknown as { readonly [field: string]: unknown };
    const micros = at > 0 ? at - (at % 1) : 0;
    out.uint(op);
    out.int(seq - this.#seq);
    out.int(micros - this.#at);
    this.#seq = seq;
    this.#at = micros;
    this.#count++;
    for (let i = 0; i < names.length; i++) {
      const field = names[i] as string;
      this.#value(types[field] as FieldType, values[field]);
    }
  }

  /** The chunk so far; the writer starts a new one. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#out.take();
    this.#out.reset();
    mapClear(this.#texts as Map<unknown, unknown>);
    this.#textCount = 0;
    this.#count = 0;
    this.#seq = 0;
    this.#at = 0;
    return bytes;
  }

  #value(type: FieldType, value: unknown): void {
    const out = this.#out;
    switch (type) {
      case 'int':
        out.int(value as number);
        return;
      case 'float':
        out.float(value as number);
        return;
      case 'flag':
        out.byte(value === true ? 1 : 0);
        return;
      case 'text':
        this.#text(value as string, LIMITS.textUnits);
        return;
      case 'stack':
        this.#text(value as string, LIMITS.stackUnits);
        return;
      default:
        if (typeof type === 'string') out.uint(value as number);
        else out.uint(indexOf(type, value as string));
    }
  }

  #text(value: string, maxUnits: number): void {
    const text = value.length > maxUnits ? `${slice(value, 0, maxUnits - 1)}…` : value;
    const known = mapGet(this.#texts, text);
    if (known !== undefined) {
      this.#out.uint(known);
      return;
    }
    mapSet(this.#texts, text, ++this.#textCount);
    this.#out.uint(0);
    this.#out.text(text);
  }
}

/** A word that the vocabulary does not hold is written as its first one. */
function indexOf(words: readonly string[], word: string): number {
  for (let i = 0; i < words.length; i++) if (words[i] === word) return i;
  return 0;
}

/** Reads a chunk of form `records`. Rejects the whole chunk on the first thing it does not know. */
export function parseRecords(bytes: Uint8Array): Result<readonly LifelineRecord[]> {
  if (bytes.byteLength > LIMITS.chunkBytes) return err(`chunk of ${bytes.byteLength} bytes`);
  const input = new ByteReader(bytes);
  const texts: string[] = [];
  const records: LifelineRecord[] = [];
  let seq = 0;
  let at = 0;
  try {
    while (!input.done) {
      if (records.length === LIMITS.chunkRecords) return err('too many records in one chunk');
      const op = input.uint();
      const name = namesByOp[op];
      if (name === undefined) return err(`unknown op ${op} at byte ${input.offset}`);
      seq += input.int();
      at += input.int();
      if (seq < 0 || at < 0) return err(`negative seq or time at byte ${input.offset}`);
      const read: { [field: string]: unknown } = {
        record: name,
        seq: seq as Seq,
        at: at as Micros,
      };
      for (const [field, type] of fieldsOf(name)) {
        read[field] = readField(input, type, texts);
      }
      records.push(read as unknown as LifelineRecord);
    }
  } catch (error) {
    if (error instanceof ByteReaderError) return err(error.message);
    throw error;
  }
  return ok(records);
}

const fieldLists = /* @__PURE__ */ new Map<RecordName, readonly [string, FieldType][]>();

function fieldsOf(name: RecordName): readonly [string, FieldType][] {
  const known = fieldLists.get(name);
  if (known) return known;
  const list = Object.entries((shapes[name] as RecordShape).fields);
  fieldLists.set(name, list);
  return list;
}

function readField(input: ByteReader, type: FieldType, texts: string[]): unknown {
  switch (type) {
    case 'uint':
    case 'frames':
      return input.uint();
    case 'int':
      return input.int();
    case 'float':
      return input.float();
    case 'flag':
      return input.byte() !== 0;
    case 'text':
      return readText(input, LIMITS.textUnits, texts);
    case 'stack':
      return readText(input, LIMITS.stackUnits, texts);
    default: {
      const value = input.uint();
      if (typeof type === 'string') {
        if (value > LIMITS.ids) throw new ByteReaderError(`id ${value} too large`, input.offset);
        return value;
      }
      const word = type[value];
      if (word === undefined) throw new ByteReaderError(`no word ${value}`, input.offset);
      return word;
    }
  }
}

function readText(input: ByteReader, maxUnits: number, texts: string[]): string {
  const index = input.uint();
  if (index === 0) {
    const text = input.text(maxUnits);
    texts.push(text);
    return text;
  }
  const text = texts[index - 1];
  if (text === undefined || text.length > maxUnits) {
    throw new ByteReaderError(`no text ${index}`, input.offset);
  }
  return text;
}
