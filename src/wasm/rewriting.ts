import { IntrinsicMap, mapGet, mapSet } from '../base/intrinsics.ts';
import { BinaryWriter } from './binary-writer.ts';
import type { CodeBody } from './code-body.ts';
import type { CodeMap } from './code-map.ts';
import { Ints, List } from './list.ts';
import { OP, opcode } from './opcodes.ts';
import type { MemoryType, WasmModule } from './read-module.ts';
import { typeOfLetter } from './value-type.ts';

/** A memory that the new module imports. */
export interface MemoryImport {
  readonly name: string;
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly shared: boolean;
}

interface FunctionImport {
  readonly name: string;
  readonly type: number;
}

interface AddedGlobal {
  readonly type: number;
  readonly initial: number;
}

/**
 * What becomes of a module. New imports stand behind its own, so that the functions it defines move by `shift`; all else
 * that is added stands behind what is there, and nothing else moves. First everything is imported, then code is written.
 */
export class Rewriting {
  readonly module: WasmModule;
  /** The module's name for everything that is imported here. */
  readonly from: string;
  readonly newTypes = new BinaryWriter();
  readonly newImports = new List<FunctionImport>();
  readonly newMemories = new List<MemoryImport>();
  readonly newGlobals = new List<AddedGlobal>();
  /** Types of the functions behind the module's own, and their bodies, each behind its size. */
  readonly newFunctions = new Ints();
  readonly newBodies = new BinaryWriter(4096);
  /** Of the new functions the original that each stands for; −1 for those that are ours alone. */
  readonly copies = new Ints();
  /** The bodies of the module's own functions, each behind its size; undefined: as they were. */
  bodies: BinaryWriter | undefined;
  #newTypeCount = 0;
  /** Notes where copied instructions are, if somebody wants to know. */
  codeMap: CodeMap | undefined;
  /** Gives the function that is called in the place of an instruction with an offset, or −1. */
  standIn: ((op: number, offset: number) => number) | undefined;
  /** Whether the one memory that the module defines is imported instead. */
  importsOwnMemory = false;
  readonly #typesBySignature = new IntrinsicMap<string, number>();

  constructor(module: WasmModule, from: string) {
    this.module = module;
    this.from = from;
  }

  get newTypeCount(): number {
    return this.#newTypeCount;
  }

  /** By so much the functions that the module defines move. */
  get shift(): number {
    return this.newImports.length;
  }

  /** Whether any index in the module's code has changed. */
  get moves(): boolean {
    return this.newImports.length > 0;
  }

  /** Where a function of the original is now. */
  functionIndex(original: number): number {
    return original < this.module.importedFunctions ? original : original + this.shift;
  }

  /** The number of a type such as `ii:i`. */
  type(signature: string): number {
    const known = mapGet(this.#typesBySignature, signature);
    if (known !== undefined) return known;
    const out = this.newTypes;
    let params = 0;
    while (signature[params] !== ':') params++;
    out.byte(0x60);
    out.u32(params);
    for (let i = 0; i < params; i++) out.byte(letterAt(signature, i));
    out.u32(signature.length - params - 1);
    for (let i = params + 1; i < signature.length; i++) out.byte(letterAt(signature, i));
    const type = this.module.types.length + this.#newTypeCount++;
    mapSet(this.#typesBySignature, signature, type);
    return type;
  }

  /** Gives the index of the import. */
  importFunction(name: string, signature: string): number {
    this.newImports.add({ name, type: this.type(signature) });
    return this.module.importedFunctions + this.newImports.length - 1;
  }

  /** Lets whoever instantiates the module supply the memory that it defines. */
  importOwnMemory(name: string, memory: MemoryType): void {
    const { minimum, maximum, shared } = memory;
    this.newMemories.add({ name, minimum, maximum, shared });
    this.importsOwnMemory = true;
  }

  /** Gives the index of the global, an i32 or i64 that changes. */
  addGlobal(type: number, initial = 0): number {
    this.newGlobals.add({ type, initial });
    return this.module.globals.length + this.newGlobals.length - 1;
  }

  /** The index that the next new function will have. */
  get nextFunction(): number {
    return this.module.functions.length + this.shift + this.newFunctions.length;
  }

  /** Gives the index of a new function; `body` is without its size. */
  addFunction(type: number, body: BinaryWriter, original = -1): number {
    const index = this.nextFunction;
    this.newFunctions.add(type);
    this.newBodies.sized(body);
    this.copies.add(original);
    if (original >= 0) this.codeMap?.finish(index);
    return index;
  }

  /** Writes the instructions `from` to `to` (not included), with the functions where they are now. */
  copyInstructions(body: CodeBody, from: number, to: number, out: BinaryWriter): void {
    const { bytes } = this.module;
    const { at, op, first } = body;
    let copied = at[from] as number;
    this.codeMap?.note(out.length, copied);
    for (let i = this.moves ? from : to; i < to; i++) {
      const code = op[i] as number;
      if (code === OP.call || code === OP.returnCall || code === OP.refFunc) {
        out.copy(bytes, copied, (at[i] as number) + 1);
        out.u32(this.functionIndex((first[i] as number) >>> 0));
      } else {
        const instead = this.standIn && code >= FIRST_ATOMIC ? this.#standInFor(body, i) : -1;
        if (instead < 0) continue;
        out.copy(bytes, copied, at[i] as number);
        out.byte(OP.call);
        out.u32(instead);
      }
      copied = at[i + 1] as number;
      this.codeMap?.note(out.length, copied);
    }
    out.copy(bytes, copied, at[to] as number);
    this.codeMap?.end(out.length);
  }

  #standInFor({ op, first }: CodeBody, i: number): number {
    return this.standIn?.(op[i] as number, (first[i] as number) >>> 0) ?? -1;
  }
}

const FIRST_ATOMIC = opcode(0xfe, 0);

function letterAt(signature: string, index: number): number {
  return typeOfLetter(signature[index] as string);
}
