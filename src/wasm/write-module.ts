import { BinaryReader } from './binary-reader.ts';
import { BinaryWriter } from './binary-writer.ts';
import { CodeBody } from './code-body.ts';
import * as LIMITS from './limits.ts';
import { List } from './list.ts';
import { remapNames } from './name-section.ts';
import { OP } from './opcodes.ts';
import { MAGIC, readLimits } from './read-module.ts';
import { beyondLimit, unsupported } from './refusal.ts';
import type { Rewriting } from './rewriting.ts';
import { EXTERNAL, LIMIT, SECTION, SECTION_ORDER, type Section } from './section.ts';
import { skipValueType, TYPE } from './value-type.ts';

/** Custom sections whose offsets would lie about the new code, by the beginnings of their names. */
const OFFSETS_INSIDE = [
  '.debug_',
  'sourceMappingURL',
  'external_debug_info',
  'metadata.code.',
  'linking',
  'reloc.',
] as const;

export interface WrittenModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Names of custom sections that were left out. */
  readonly dropped: List<string>;
}

/** Writes a module with what is to become of it. Mirrors `readModule`; what is not changed is copied byte by byte. */
export function writeModule(rewriting: Rewriting): WrittenModule {
  return new ModuleWriter(rewriting).write();
}

/** Sections that may have to be made, in order. */
const MADE = [
  SECTION.type,
  SECTION.import,
  SECTION.function,
  SECTION.global,
  SECTION.code,
] as const;

class ModuleWriter {
  readonly #rewriting: Rewriting;
  readonly #bytes: Uint8Array;
  readonly #out: BinaryWriter;
  readonly #section = new BinaryWriter(4096);
  readonly #dropped = new List<string>();
  readonly #expression = new CodeBody();

  constructor(rewriting: Rewriting) {
    this.#rewriting = rewriting;
    this.#bytes = rewriting.module.bytes;
    this.#out = new BinaryWriter(rewriting.module.length + rewriting.newBodies.length + 1024);
  }

  write(): WrittenModule {
    const { sections } = this.#rewriting.module;
    for (let i = 0; i < MAGIC.length; i++) this.#out.byte(MAGIC[i] as number);
    let made = 0;
    for (let i = 0; i < sections.length; i++) {
      const section = sections.at(i);
      if (section.id !== SECTION.custom) made = this.#makeUpTo(section.id, made);
      if (!this.#changes(section)) this.#out.copy(this.#bytes, section.start, section.to);
      else this.#writeSection(section.id, section);
    }
    this.#makeUpTo(SECTION.data, made);
    return { bytes: this.#out.take(), dropped: this.#dropped };
  }

  /** Makes the sections before `id` that the original has not; gives how far that went in `MADE`. */
  #makeUpTo(id: number, made: number): number {
    let next = made;
    const order = SECTION_ORDER[id] as number;
    while (next < MADE.length) {
      const candidate = MADE[next] as number;
      if ((SECTION_ORDER[candidate] as number) > order) break;
      if (candidate !== id && this.#adds(candidate)) this.#writeSection(candidate, undefined);
      next++;
    }
    return next;
  }

  #adds(id: number): boolean {
    const { newTypeCount, newImports, newMemories, newFunctions, newGlobals } = this.#rewriting;
    switch (id) {
      case SECTION.type:
        return newTypeCount > 0;
      case SECTION.import:
        return newImports.length + newMemories.length > 0;
      case SECTION.global:
        return newGlobals.length > 0;
      default:
        return newFunctions.length > 0;
    }
  }

  #changes(section: Section): boolean {
    const rewriting = this.#rewriting;
    switch (section.id) {
      case SECTION.type:
      case SECTION.import:
      case SECTION.function:
        return this.#adds(section.id);
      case SECTION.memory:
        return rewriting.importsOwnMemory;
      case SECTION.global:
        return rewriting.moves || this.#adds(section.id);
      case SECTION.table:
      case SECTION.export:
      case SECTION.start:
      case SECTION.element:
        return rewriting.moves;
      case SECTION.code:
        return rewriting.bodies !== undefined || this.#adds(section.id);
      case SECTION.custom:
        return rewriting.moves || rewriting.bodies !== undefined;
      default:
        return false;
    }
  }

  #writeSection(id: number, section: Section | undefined): void {
    if (section && id === SECTION.custom) {
      this.#writeCustom(section);
      return;
    }
    // It held the one memory that the module now imports.
    if (id === SECTION.memory) return;
    const out = this.#section;
    out.reset();
    const reader = section
      ? new BinaryReader(this.#bytes, section.from, section.to)
      : new BinaryReader(this.#bytes, 0, 0);
    const count = section && id !== SECTION.start ? reader.u32() : 0;
    this.#writeContents(id, count, reader, out);
    this.#out.byte(id);
    this.#out.sized(out);
  }

  #writeContents(id: number, count: number, reader: BinaryReader, out: BinaryWriter): void {
    switch (id) {
      case SECTION.type:
        out.u32(count + this.#rewriting.newTypeCount);
        out.copy(this.#bytes, reader.at, reader.end);
        out.append(this.#rewriting.newTypes);
        break;
      case SECTION.import:
        this.#writeImports(count, reader, out);
        break;
      case SECTION.function:
        this.#writeFunctions(count, reader, out);
        break;
      case SECTION.table:
        this.#writeTables(count, reader, out);
        break;
      case SECTION.global:
        this.#writeGlobals(count, reader, out);
        break;
      case SECTION.export:
        this.#writeExports(count, reader, out);
        break;
      case SECTION.start:
        out.u32(this.#rewriting.functionIndex(reader.u32()));
        break;
      case SECTION.element:
        this.#writeElements(count, reader, out);
        break;
      default:
        this.#writeBodies(count, reader, out);
    }
  }

  #writeImports(count: number, reader: BinaryReader, out: BinaryWriter): void {
    const { newImports, newMemories, from } = this.#rewriting;
    const total = count + newImports.length + newMemories.length;
    if (total > LIMITS.imports) beyondLimit(`${total} imports`, reader.at);
    out.u32(total);
    out.copy(this.#bytes, reader.at, reader.end);
    for (let i = 0; i < newMemories.length; i++) {
      const { name, minimum, maximum, shared } = newMemories.at(i);
      out.name(from);
      out.name(name);
      out.byte(EXTERNAL.memory);
      out.byte((maximum === undefined ? 0 : LIMIT.maximum) | (shared ? LIMIT.shared : 0));
      out.u32(minimum);
      if (maximum !== undefined) out.u32(maximum);
    }
    for (let i = 0; i < newImports.length; i++) {
      const { name, type } = newImports.at(i);
      out.name(from);
      out.name(name);
      out.byte(EXTERNAL.function);
      out.u32(type);
    }
  }

  #writeFunctions(count: number, reader: BinaryReader, out: BinaryWriter): void {
    const { newFunctions } = this.#rewriting;
    const total = count + newFunctions.length;
    if (total > LIMITS.functions) beyondLimit(`${total} functions`, reader.at);
    out.u32(total);
    out.copy(this.#bytes, reader.at, reader.end);
    for (let i = 0; i < newFunctions.length; i++) out.u32(newFunctions.at(i));
  }

  #writeTables(count: number, reader: BinaryReader, out: BinaryWriter): void {
    out.u32(count);
    for (let i = 0; i < count; i++) {
      const from = reader.at;
      const initialized = reader.peek() === TYPE.empty;
      // A table with an initial value says so by two bytes that are no type.
      if (initialized) reader.skip(2);
      skipValueType(reader);
      readLimits(reader);
      out.copy(this.#bytes, from, reader.at);
      if (initialized) this.#writeExpression(reader, out);
    }
  }

  #writeGlobals(count: number, reader: BinaryReader, out: BinaryWriter): void {
    const { newGlobals } = this.#rewriting;
    out.u32(count + newGlobals.length);
    for (let i = 0; i < count; i++) {
      const from = reader.at;
      skipValueType(reader);
      reader.byte();
      out.copy(this.#bytes, from, reader.at);
      this.#writeExpression(reader, out);
    }
    for (let i = 0; i < newGlobals.length; i++) {
      const { type, initial } = newGlobals.at(i);
      out.byte(type);
      out.byte(1);
      out.byte(type === TYPE.i64 ? OP.i64Const : OP.i32Const);
      out.s32(initial);
      out.byte(OP.end);
    }
  }

  #writeExports(count: number, reader: BinaryReader, out: BinaryWriter): void {
    out.u32(count);
    for (let i = 0; i < count; i++) {
      const from = reader.at;
      reader.skipName();
      const kind = reader.byte();
      out.copy(this.#bytes, from, reader.at);
      const index = reader.u32();
      out.u32(kind === EXTERNAL.function ? this.#rewriting.functionIndex(index) : index);
    }
  }

  #writeElements(count: number, reader: BinaryReader, out: BinaryWriter): void {
    out.u32(count);
    for (let i = 0; i < count; i++) this.#writeElementSegment(reader, out);
  }

  /** 5.5.12: three bits say which of eight forms. */
  #writeElementSegment(reader: BinaryReader, out: BinaryWriter): void {
    const at = reader.at;
    const flags = reader.u32();
    if (flags > 7) unsupported(`element segment of kind ${flags}`, at);
    const active = (flags & 1) === 0;
    const typed = (flags & 3) !== 0;
    const expressions = (flags & 4) !== 0;
    if (active && (flags & 2) !== 0) reader.u32();
    out.copy(this.#bytes, at, reader.at);
    if (active) this.#writeExpression(reader, out);
    const from = reader.at;
    if (typed) {
      if (expressions) skipValueType(reader);
      else reader.byte();
    }
    const entries = reader.count(LIMITS.segmentEntries, 'elements');
    out.copy(this.#bytes, from, reader.at);
    for (let entry = 0; entry < entries; entry++) {
      if (expressions) this.#writeExpression(reader, out);
      else out.u32(this.#rewriting.functionIndex(reader.u32()));
    }
  }

  #writeExpression(reader: BinaryReader, out: BinaryWriter): void {
    const expression = this.#expression;
    expression.readExpression(reader);
    this.#rewriting.copyInstructions(expression, 0, expression.length, out);
  }

  #writeBodies(count: number, reader: BinaryReader, out: BinaryWriter): void {
    const { bodies, newBodies, newFunctions } = this.#rewriting;
    out.u32(count + newFunctions.length);
    if (bodies) out.append(bodies);
    else out.copy(this.#bytes, reader.at, reader.end);
    out.append(newBodies);
  }

  #writeCustom(section: Section): void {
    const { name } = section;
    const contents = name === 'name' ? remapNames(section, this.#rewriting) : undefined;
    if (contents) {
      this.#section.reset();
      this.#section.name(name);
      this.#section.append(contents);
      this.#out.byte(SECTION.custom);
      this.#out.sized(this.#section);
    } else if (name === 'name' || hasOffsets(name)) this.#dropped.add(name);
    else this.#out.copy(this.#bytes, section.start, section.to);
  }
}

function hasOffsets(name: string): boolean {
  for (let i = 0; i < OFFSETS_INSIDE.length; i++) {
    const beginning = OFFSETS_INSIDE[i] as string;
    let matched = 0;
    while (matched < beginning.length && name[matched] === beginning[matched]) matched++;
    if (matched === beginning.length) return true;
  }
  return false;
}
