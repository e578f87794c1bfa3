import { lengthOf } from '../base/intrinsics.ts';
import type { Result } from '../base/result.ts';
import { BinaryReader } from './binary-reader.ts';
import { CodeBody } from './code-body.ts';
import { FunctionTypes } from './function-types.ts';
import * as LIMITS from './limits.ts';
import { Ints, List } from './list.ts';
import { attempt, beyondLimit, malformed, type Refusal, unsupported } from './refusal.ts';
import { EXTERNAL, LIMIT, SECTION, SECTION_ORDER, type Section } from './section.ts';
import { skipValueType, TYPE } from './value-type.ts';

/** `\0asm`, version 1. */
export const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;

/** Limits of a memory, in pages. */
export interface MemoryType {
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly shared: boolean;
  readonly address64: boolean;
  /** Where its bytes lie in the module. */
  readonly from: number;
  readonly to: number;
}

export interface GlobalType {
  /** The first byte of its value type. */
  readonly type: number;
  readonly mutable: boolean;
}

export interface Import {
  readonly module: string;
  readonly name: string;
  /** An `EXTERNAL`. */
  readonly kind: number;
}

export interface Export {
  readonly name: string;
  /** An `EXTERNAL`. */
  readonly kind: number;
  readonly index: number;
}

/** A module as far as rewriting it must know it; everything else stays where it is, in its bytes. */
export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly sections: List<Section>;
  readonly types: FunctionTypes;
  readonly imports: List<Import>;
  readonly exports: List<Export>;
  /** The type of each function, imported ones first. */
  readonly functions: Ints;
  readonly importedFunctions: number;
  /** Where the body of each defined function begins, and behind its end. */
  readonly bodyFrom: Ints;
  readonly bodyTo: Ints;
  /** Imported ones first. */
  readonly memories: List<MemoryType>;
  readonly importedMemories: number;
  readonly globals: List<GlobalType>;
  readonly importedGlobals: number;
  /** The type of each tag, imported ones first. */
  readonly tags: Ints;
}

/** Reads all of a module but the instructions of its functions. */
export function readModule(bytes: Uint8Array): Result<WasmModule, Refusal> {
  return attempt(() => new ModuleReader(bytes).read());
}

class ModuleReader {
  readonly #bytes: Uint8Array;
  readonly #length: number;
  readonly #sections = new List<Section>();
  readonly #types: FunctionTypes;
  readonly #imports = new List<Import>();
  readonly #exports = new List<Export>();
  readonly #functions = new Ints();
  readonly #bodyFrom = new Ints();
  readonly #bodyTo = new Ints();
  readonly #memories = new List<MemoryType>();
  readonly #globals = new List<GlobalType>();
  readonly #tags = new Ints();
  readonly #expression = new CodeBody();
  #importedFunctions = 0;
  #importedMemories = 0;
  #importedGlobals = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#length = lengthOf(bytes);
    this.#types = new FunctionTypes(bytes);
  }

  read(): WasmModule {
    if (this.#length > LIMITS.moduleBytes) beyondLimit(`${this.#length} bytes`, 0);
    const reader = new BinaryReader(this.#bytes, 0, this.#length);
    for (let i = 0; i < MAGIC.length; i++) {
      if (reader.byte() !== MAGIC[i]) malformed('not a module of version 1', reader.at - 1);
    }
    let order = 0;
    while (reader.at < this.#length) order = this.#readSection(reader, order);
    const defined = this.#functions.length - this.#importedFunctions;
    if (defined !== this.#bodyFrom.length) {
      malformed(`${defined} functions with ${this.#bodyFrom.length} bodies`, this.#length);
    }
    return {
      bytes: this.#bytes,
      length: this.#length,
      sections: this.#sections,
      types: this.#types,
      imports: this.#imports,
      exports: this.#exports,
      functions: this.#functions,
      importedFunctions: this.#importedFunctions,
      bodyFrom: this.#bodyFrom,
      bodyTo: this.#bodyTo,
      memories: this.#memories,
      importedMemories: this.#importedMemories,
      globals: this.#globals,
      importedGlobals: this.#importedGlobals,
      tags: this.#tags,
    };
  }

  /** Gives the place of the section among the others, custom ones apart. */
  #readSection(reader: BinaryReader, before: number): number {
    const start = reader.at;
    const id = reader.byte();
    if (id >= SECTION_ORDER.length) unsupported(`section ${id}`, start);
    const size = reader.u32();
    const to = reader.at + size;
    reader.skip(size);
    reader.at = to - size;
    reader.end = to;
    const order = SECTION_ORDER[id] as number;
    if (id !== SECTION.custom && order <= before) malformed(`section ${id} out of place`, start);
    if (this.#sections.length === LIMITS.sections) beyondLimit('too many sections', start);
    const name = id === SECTION.custom ? reader.name() : '';
    this.#sections.add({ id, start, from: reader.at, to, name });
    this.#readContents(id, reader);
    if (reader.at !== to) malformed(`section ${id} is not as long as it says`, reader.at);
    reader.end = this.#length;
    return id === SECTION.custom ? before : order;
  }

  #readContents(id: number, reader: BinaryReader): void {
    switch (id) {
      case SECTION.type:
        this.#types.read(reader);
        break;
      case SECTION.import:
        this.#readImports(reader);
        break;
      case SECTION.function:
        this.#readFunctions(reader);
        break;
      case SECTION.memory:
        this.#readMemories(reader);
        break;
      case SECTION.global:
        this.#readGlobals(reader);
        break;
      case SECTION.tag:
        this.#readTags(reader);
        break;
      case SECTION.export:
        this.#readExports(reader);
        break;
      case SECTION.code:
        this.#readBodies(reader);
        break;
      default:
        reader.at = reader.end;
    }
  }

  #readImports(reader: BinaryReader): void {
    const count = reader.count(LIMITS.imports, 'imports');
    for (let i = 0; i < count; i++) {
      const module = reader.name();
      const name = reader.name();
      const at = reader.at;
      const kind = reader.byte();
      switch (kind) {
        case EXTERNAL.function:
          this.#functions.add(this.#readFunctionType(reader));
          this.#importedFunctions++;
          break;
        case EXTERNAL.table:
          skipValueType(reader);
          readLimits(reader);
          break;
        case EXTERNAL.memory:
          this.#memories.add(readLimits(reader));
          this.#importedMemories++;
          break;
        case EXTERNAL.global:
          this.#globals.add(readGlobalType(reader));
          this.#importedGlobals++;
          break;
        case EXTERNAL.tag:
          this.#readTag(reader);
          break;
        default:
          unsupported(`import of kind ${kind}`, at);
      }
      this.#imports.add({ module, name, kind });
    }
  }

  #readFunctions(reader: BinaryReader): void {
    const count = reader.count(LIMITS.functions, 'functions');
    for (let i = 0; i < count; i++) this.#functions.add(this.#readFunctionType(reader));
  }

  #readFunctionType(reader: BinaryReader): number {
    const at = reader.at;
    const type = reader.u32();
    if (!this.#types.isFunction(type)) malformed(`no type ${type} of a function`, at);
    return type;
  }

  #readMemories(reader: BinaryReader): void {
    const count = reader.count(LIMITS.memories, 'memories');
    for (let i = 0; i < count; i++) this.#memories.add(readLimits(reader));
  }

  #readGlobals(reader: BinaryReader): void {
    const count = reader.count(LIMITS.globals, 'globals');
    for (let i = 0; i < count; i++) {
      this.#globals.add(readGlobalType(reader));
      this.#expression.readExpression(reader);
    }
  }

  #readTags(reader: BinaryReader): void {
    const count = reader.count(LIMITS.tags, 'tags');
    for (let i = 0; i < count; i++) this.#readTag(reader);
  }

  #readTag(reader: BinaryReader): void {
    reader.byte();
    this.#tags.add(this.#readFunctionType(reader));
  }

  #readExports(reader: BinaryReader): void {
    const count = reader.count(LIMITS.exports, 'exports');
    for (let i = 0; i < count; i++) {
      this.#exports.add({ name: reader.name(), kind: reader.byte(), index: reader.u32() });
    }
  }

  #readBodies(reader: BinaryReader): void {
    const count = reader.count(LIMITS.functions, 'bodies');
    for (let i = 0; i < count; i++) {
      const size = reader.count(LIMITS.bodyBytes, 'bytes of one function');
      this.#bodyFrom.add(reader.at);
      reader.skip(size);
      this.#bodyTo.add(reader.at);
    }
  }
}

/** Limits of a memory or table. */
export function readLimits(reader: BinaryReader): MemoryType {
  const from = reader.at;
  const flags = reader.byte();
  if (flags > (LIMIT.maximum | LIMIT.shared | LIMIT.address64)) {
    unsupported(`limits of kind ${flags}`, from);
  }
  const minimum = reader.u64();
  const maximum = flags & LIMIT.maximum ? reader.u64() : undefined;
  return {
    minimum,
    maximum,
    shared: (flags & LIMIT.shared) !== 0,
    address64: (flags & LIMIT.address64) !== 0,
    from,
    to: reader.at,
  };
}

function readGlobalType(reader: BinaryReader): GlobalType {
  const type = skipValueType(reader);
  return { type, mutable: (reader.byte() & 1) === 1 };
}

/** The type of a function by its index; each function has one. */
export function typeOf(module: WasmModule, index: number): number {
  return module.functions.at(index);
}

/** Whether a global holds an address that a program may change. */
export function isAddressGlobal({ type, mutable }: GlobalType): boolean {
  return type === TYPE.i32 && mutable;
}

/** The last defined function whose body begins at or before a byte; −1 for none. */
export function definedFunctionAt({ bodyFrom }: WasmModule, at: number): number {
  let low = 0;
  let high = bodyFrom.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bodyFrom.at(middle) <= at) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
