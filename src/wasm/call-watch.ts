import { IntrinsicMap, mapGet, mapSet } from '../base/intrinsics.ts';
import { CodeFacts } from './code-facts.ts';
import type { CodeWriter } from './code-writer.ts';
import { List } from './list.ts';
import { OP } from './opcodes.ts';
import { typeOf, type WasmModule } from './read-module.ts';
import type { Rewriting } from './rewriting.ts';
import { TYPE } from './value-type.ts';

/** What a module whose calls are watched imports; all numbers are i32. */
export const WATCH_IMPORT = {
  /**
   * `(function, argument, result) → deaf`: it returned; or, where it gives nothing, it is called, and the result is −1.
   * Where that gives anything but 0, calls of the function are told no more.
   */
  called: 'called',
} as const;

/** Functions that are watched at most: those that most others call. */
const MOST_WATCHED = 400;
const FEWEST_CALLERS = 2;

/** How functions look that may hand out blocks, or take them back. */
const ALLOCATING = 'i:i';
const FREEING = 'i:';

/** The functions whose behaviour may show that they are an allocator's. */
export function watchable(module: WasmModule): List<number> {
  const { callers } = new CodeFacts(module);
  const { importedFunctions, bodyFrom } = module;
  let fewest = FEWEST_CALLERS;
  for (;;) {
    const watched = new List<number>();
    for (let defined = 0; defined < bodyFrom.length; defined++) {
      const index = importedFunctions + defined;
      const signature = module.types.signature(typeOf(module, index));
      const looksAlike = signature === ALLOCATING || signature === FREEING;
      if (looksAlike && (callers[defined] as number) >= fewest) watched.add(index);
    }
    if (watched.length <= MOST_WATCHED) return watched;
    fewest *= 2;
  }
}

/** Puts a wrapper in the place of each function that is watched, which tells of its calls. */
export class CallWatch {
  readonly #called: number;
  readonly #watched = new IntrinsicMap<number, true>();
  readonly #rewriting: Rewriting;

  constructor(rewriting: Rewriting, watched: List<number>) {
    this.#rewriting = rewriting;
    this.#called = rewriting.importFunction(WATCH_IMPORT.called, 'iii:i');
    for (let i = 0; i < watched.length; i++) mapSet(this.#watched, watched.at(i), true);
  }

  watches(index: number): boolean {
    return mapGet(this.#watched, index) === true;
  }

  /** Writes the body of the wrapper, without its size; `own` is where the function's own body is now. */
  write(index: number, own: number, out: CodeWriter): void {
    const { module } = this.#rewriting;
    const gives = module.types.results(typeOf(module, index)) === 1;
    const result = 1;
    const deaf = this.#rewriting.addGlobal(TYPE.i32);
    out.u32(1);
    out.u32(1);
    out.byte(TYPE.i32);
    if (gives) {
      out.localGet(0);
      out.call(own);
      out.localSet(result);
    }
    out.globalGet(deaf);
    out.op(OP.i32Eqz);
    out.open(OP.if);
    out.i32Const(index);
    out.localGet(0);
    if (gives) out.localGet(result);
    else out.i32Const(-1);
    out.call(this.#called);
    out.globalSet(deaf);
    out.end();
    if (gives) out.localGet(result);
    else {
      out.localGet(0);
      out.call(own);
    }
    out.end();
  }
}
