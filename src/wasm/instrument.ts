import type { Result } from '../base/result.ts';
import { AtomicRecorder } from './atomics.ts';
import { BinaryReader } from './binary-reader.ts';
import { CallWatch } from './call-watch.ts';
import { CheckPlan, type CheckStyle } from './check-plan.ts';
import { Checks } from './checks.ts';
import { CodeBody } from './code-body.ts';
import type { CodeMap } from './code-map.ts';
import { CodeWriter } from './code-writer.ts';
import { type HeapFunction, HeapHooks, type HeapRole } from './heap-hooks.ts';
import type { Ints, List } from './list.ts';
import { OP } from './opcodes.ts';
import { type MemoryType, readModule, typeOf, type WasmModule } from './read-module.ts';
import { attempt, type Refusal, unsupported } from './refusal.ts';
import { type MemoryImport, Rewriting } from './rewriting.ts';
import { CELL, type Shadow, shadowOf, shadowPages, turnOf } from './shadow.ts';
import { findStackPointer } from './stack-pointer.ts';
import { writeModule } from './write-module.ts';

/** What a module with checks imports; all names are in the module that `InstrumentOptions.from` says. */
export const IMPORT = {
  /** The memory that the original defines, of the limits that `Instrumented.memory` says. */
  memory: 'memory',
  /** The memory of the shadow. */
  shadow: 'shadow',
  /** `(site, address)`: the instruction at the byte `site` of the original touches what is freed. */
  report: 'report',
} as const;

export interface CheckOptions extends CheckStyle {
  /**
   * `one`: functions always check. `two`: each has a second body, and checks when the cell `CELL.armed` is above its
   * turn as it is entered.
   */
  readonly bodies: 'one' | 'two';
  /** Where the shadow lies, unless in a memory of its own. */
  readonly shadow?: Shadow;
  /** Whether other threads poison it too. */
  readonly shared: boolean;
}

export interface InstrumentOptions {
  /** The module name of all that is imported: one that no page knows. */
  readonly from: string;
  /** Accesses are checked against a shadow. Imports `IMPORT`. */
  readonly checks?: CheckOptions;
  /** These functions of the allocator are told of. Imports `HEAP_IMPORT`. */
  readonly heap?: List<HeapFunction>;
  /** Calls of these functions are told of. Imports `WATCH_IMPORT`. */
  readonly watch?: List<number>;
  /** Atomic instructions on memory that threads share are told of. Imports `ATOMIC_IMPORT`, where there are any. */
  readonly atomics?: boolean;
}

export interface Instrumented {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The memory that the original defined, and that must be supplied now. */
  readonly memory: MemoryType | undefined;
  readonly shadow: Shadow | undefined;
  /** Names of custom sections that were left out, because their offsets would lie. */
  readonly dropped: List<string>;
  /** Functions that the original defines have indices higher by so much, from `importedFunctions` on. */
  readonly shift: number;
  readonly importedFunctions: number;
  /** Functions of the original. */
  readonly functions: number;
  /** Of the functions behind the original's, which of those each is a copy of; −1 for what is ours. */
  readonly copies: Ints;
  /** Accesses with a check. */
  readonly checks: number;
  /** Functions without checks, because engines would not take them with theirs. */
  readonly unchecked: number;
  /** Whether atomic instructions are told of: they were asked for, and the memory is shared. */
  readonly recordsAtomics: boolean;
}

/**
 * Gives a module that does what the original does, and tells. Whatever is not understood is refused. The same bytes and
 * options give the same module; `codeMap` then notes what became of its code.
 */
export function instrument(
  bytes: Uint8Array,
  options: InstrumentOptions,
  codeMap?: CodeMap,
): Result<Instrumented, Refusal> {
  const read = readModule(bytes);
  if (!read.ok) return read;
  return attempt(() => new Instrumenter(read.value, options, codeMap).run());
}

class Instrumenter {
  readonly #module: WasmModule;
  readonly #options: InstrumentOptions;
  readonly #rewriting: Rewriting;
  readonly #body = new CodeBody();
  readonly #code = new CodeWriter(4096);
  #bodies = new CodeWriter();
  #shadow: Shadow | undefined;
  #heap: HeapHooks | undefined;
  #watch: CallWatch | undefined;
  #checks = 0;
  #unchecked = 0;

  constructor(module: WasmModule, options: InstrumentOptions, codeMap: CodeMap | undefined) {
    this.#module = module;
    this.#options = options;
    this.#rewriting = new Rewriting(module, options.from);
    this.#rewriting.codeMap = codeMap;
  }

  run(): Instrumented {
    const module = this.#module;
    const rewriting = this.#rewriting;
    const { checks: asked } = this.#options;
    const shadow = asked && this.#importShadow(asked);
    this.#shadow = shadow;
    const report = asked ? rewriting.importFunction(IMPORT.report, 'ii:') : 0;
    if (this.#options.heap) this.#heap = new HeapHooks(rewriting, this.#options.heap);
    if (this.#options.watch) this.#watch = new CallWatch(rewriting, this.#options.watch);
    const memory = module.memories.length === 1 ? module.memories.at(0) : undefined;
    if (this.#options.atomics && memory?.shared && !memory.address64) {
      const recorder = new AtomicRecorder(rewriting);
      rewriting.standIn = (op, offset) => recorder.functionFor(op, offset);
    }
    const plan = asked && new CheckPlan(module, asked, findStackPointer(module));
    const checks = asked && shadow && new Checks(rewriting, shadow, asked, report);

    this.#bodies = new CodeWriter(module.length * 2);
    const reader = new BinaryReader(module.bytes, 0, 0);
    for (let i = 0; i < module.bodyFrom.length; i++) {
      reader.at = module.bodyFrom.at(i);
      reader.end = module.bodyTo.at(i);
      this.#body.read(reader, reader.end);
      this.#writeFunction(module.importedFunctions + i, plan, checks);
    }
    // What is as it was stays as it was written.
    if (plan || this.#heap || this.#watch || rewriting.standIn) rewriting.bodies = this.#bodies;
    const { bytes, dropped } = writeModule(rewriting);
    return {
      bytes,
      memory: rewriting.importsOwnMemory ? module.memories.at(0) : undefined,
      shadow,
      dropped,
      shift: rewriting.shift,
      importedFunctions: module.importedFunctions,
      functions: module.functions.length,
      copies: rewriting.copies,
      checks: this.#checks,
      unchecked: this.#unchecked,
      recordsAtomics: rewriting.standIn !== undefined,
    };
  }

  /** Gives the place of the shadow, whose memory is imported behind the only one that there is. */
  #importShadow({ shadow: given, shared }: CheckOptions): Shadow {
    const { memories, importedMemories, length } = this.#module;
    if (memories.length !== 1) unsupported(`${memories.length} memories`, length);
    const heap = memories.at(0);
    if (heap.address64) unsupported('a memory of 64-bit addresses', heap.from);
    const shadow = given ?? shadowOf(heap);
    if (shadow.memory === 0) return shadow;
    if (importedMemories === 0) this.#rewriting.importOwnMemory(IMPORT.memory, heap);
    const pages = shadowPages(shadow);
    const memory: MemoryImport = {
      name: IMPORT.shadow,
      minimum: pages,
      maximum: shared ? pages : undefined,
      shared,
    };
    this.#rewriting.newMemories.add(memory);
    return shadow;
  }

  #writeFunction(index: number, plan: CheckPlan | undefined, checks: Checks | undefined): void {
    const { types } = this.#module;
    const type = typeOf(this.#module, index);
    const params = types.params(type);
    const role = this.#heap?.roleOf(index);
    if (role !== undefined || this.#watch?.watches(index)) {
      this.#writeWrapper(role, index, type);
      return;
    }
    plan?.make(this.#body, params);
    if (!plan || !checks || plan.checks === 0) {
      this.#writePlain(index);
      return;
    }
    const code = this.#code;
    code.reset();
    if (!checks.write(this.#body, plan, params, code)) {
      this.#unchecked++;
      this.#rewriting.codeMap?.forget();
      this.#writePlain(index);
      return;
    }
    this.#checks += plan.checks;
    if (this.#options.checks?.bodies === 'two') {
      this.#writePlain(index, params, this.#rewriting.addFunction(type, code, index));
    } else this.#finishBody(index);
  }

  /** The body moves to the end. An allocator's own are not checked, since what they touch is theirs; nor are watched ones. */
  #writeWrapper(role: HeapRole | undefined, index: number, type: number): void {
    const code = this.#code;
    code.reset();
    this.#copyBody();
    const own = this.#rewriting.addFunction(type, code, index);
    code.reset();
    if (role !== undefined) this.#heap?.write(role, own, code);
    else this.#watch?.write(index, own, code);
    this.#bodies.sized(code);
  }

  /** The body as it was; before it, the way to one that checks, if there is one. */
  #writePlain(index: number, params = 0, checked = -1): void {
    this.#code.reset();
    this.#copyBody(params, checked, turnOf(index));
    this.#finishBody(index);
  }

  #finishBody(index: number): void {
    this.#bodies.sized(this.#code);
    this.#rewriting.codeMap?.finish(this.#rewriting.functionIndex(index));
  }

  #copyBody(params = 0, checked = -1, turn = 0): void {
    const body = this.#body;
    const code = this.#code;
    code.u32(body.localGroups);
    code.copy(this.#module.bytes, body.localsAt, body.codeAt);
    if (checked >= 0) this.#writeBranch(params, checked, turn);
    this.#rewriting.copyInstructions(body, 0, body.length, code);
  }

  #writeBranch(params: number, checked: number, turn: number): void {
    const code = this.#code;
    const shadow = this.#shadow as Shadow;
    code.i32Const(0);
    code.access(OP.i32Load, 2, shadow.memory, shadow.cells + CELL.armed);
    code.i32Const(turn);
    code.op(OP.i32GtU);
    code.open(OP.if);
    for (let i = 0; i < params; i++) code.localGet(i);
    code.call(checked);
    code.byte(OP.return);
    code.end();
  }
}
