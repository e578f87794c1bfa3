import { IntrinsicMap, mapForEach, mapGet, mapSet } from '../base/intrinsics.ts';
import { CodeFacts, hasSeen, SHARED_STATICS, type TELLING } from './code-facts.ts';
import type { HeapRole } from './heap-hooks.ts';
import { List } from './list.ts';
import { typeOf, type WasmModule } from './read-module.ts';

export type AllocatorKind = 'dlmalloc' | 'emmalloc';

/** A function that looks like one of an allocator. */
export interface ShapedFunction {
  readonly role: HeapRole;
  /** Index in the module, imported functions counted. */
  readonly index: number;
  /** How much of what that function is known by was found; 0 to 100. */
  readonly likeness: number;
}

export interface Shapes {
  readonly kind: AllocatorKind;
  readonly functions: List<ShapedFunction>;
  /** Whether one function of the module works by another: calls it, by way of a wrapper or two. */
  worksBy(caller: number, callee: number): boolean;
}

/** What a constant counts for in the likeness of a function. */
type Weights = readonly (readonly [constant: (typeof TELLING)[number], weight: number])[];

/** From the function down to what grows the memory. */
const STEPS_TO_GROWTH = 4;
/** From an exported function (which may end the program behind each call, as linkers make it), by one that locks, and a forwarder. */
const STEPS_TO_WORKER = 3;
const ENOUGH = 60;

/**
 * dlmalloc (as of Emscripten, wasi-libc, Rust): the largest small request (244), the padding (11), the mask and the last
 * of the tree bins, the largest request, the magic of `mparams`.
 */
const DLMALLOC: Weights = [
  [244, 22],
  [245, 22],
  [11, 16],
  [16_777_215, 18],
  [31, 8],
  [-65, 10],
  [-64, 10],
  [504, 4],
  [255, 6],
  [1_431_655_768, 6],
];
const DLFREE: Weights = [
  [16_777_215, 22],
  [31, 12],
  [255, 12],
];
/** emmalloc: how its 64 buckets are counted. */
const EMMALLOC: Weights = [
  [63, 20],
  [127, 20],
  [110, 20],
  [71, 20],
];

/**
 * Finds an allocator by the shape of its functions, for builds without names. `malloc` is found by its constants and by
 * leading to the growth of the memory, `free` by the header that it reads before its block and by the statics that it
 * shares with `malloc`; the rest by what they call. Undefined where nothing is alike enough.
 */
export function findShapes(
  module: WasmModule,
  facts: CodeFacts = new CodeFacts(module),
): Shapes | undefined {
  return new ShapeFinder(module, facts).find();
}

class ShapeFinder {
  readonly #module: WasmModule;
  readonly #facts: CodeFacts;

  constructor(module: WasmModule, facts: CodeFacts) {
    this.#module = module;
    this.#facts = facts;
  }

  find(): Shapes | undefined {
    const dlmalloc = this.#best('i:i', (each) => this.#mallocLikeness(each, DLMALLOC));
    const emmalloc = this.#best('i:i', (each) => this.#emmallocLikeness(each));
    // Mostly the alignment is a parameter of what does the work.
    const aligned = this.#best('ii:i', (each) => this.#emmallocLikeness(each));
    const isAligned = aligned.likeness > emmalloc.likeness;
    const best = isAligned ? aligned : emmalloc;
    const isDlmalloc = dlmalloc.likeness >= best.likeness;
    const malloc = isDlmalloc ? dlmalloc : best;
    if (malloc.likeness < ENOUGH) return undefined;
    const functions = new List<ShapedFunction>();
    const add = (role: HeapRole, { defined, likeness }: Candidate): void => {
      if (likeness < ENOUGH) return;
      functions.add({ role, index: defined + this.#module.importedFunctions, likeness });
    };
    add(isDlmalloc || !isAligned ? 'malloc' : 'memalign', malloc);
    const statics = this.#facts.statics(malloc.defined);
    const weights = isDlmalloc ? DLFREE : EMMALLOC;
    const free = this.#best('i:', (each) => this.#freeLikeness(each, weights, statics));
    add('free', free);
    if (isDlmalloc) {
      add(
        'realloc',
        this.#best('ii:i', (each) => this.#reallocLikeness(each, malloc.defined)),
      );
      add(
        'calloc',
        this.#best('ii:i', (each) => this.#callocLikeness(each, malloc.defined)),
      );
      add(
        'memalign',
        this.#best('ii:i', (each) => this.#memalignLikeness(each, malloc.defined)),
      );
    }
    const { importedFunctions } = this.#module;
    return {
      kind: isDlmalloc ? 'dlmalloc' : 'emmalloc',
      functions,
      worksBy: (caller, callee) =>
        caller !== callee &&
        caller >= importedFunctions &&
        this.#facts.leadsTo(
          caller - importedFunctions,
          callee - importedFunctions,
          STEPS_TO_WORKER,
        ),
    };
  }

  /** The defined function of a signature that is most alike; of two, the one that more call. */
  #best(signature: string, likenessOf: (defined: number) => number): Candidate {
    const { bodyFrom, importedFunctions, types } = this.#module;
    let best: Candidate = { defined: -1, likeness: 0 };
    const { callers } = this.#facts;
    const alike = new IntrinsicMap<number, boolean>();
    for (let defined = 0; defined < bodyFrom.length; defined++) {
      const type = typeOf(this.#module, importedFunctions + defined);
      const known = mapGet(alike, type);
      const isAlike = known ?? types.signature(type) === signature;
      if (known === undefined) mapSet(alike, type, isAlike);
      if (!isAlike) continue;
      const likeness = likenessOf(defined);
      const more =
        likeness > best.likeness ||
        (likeness === best.likeness &&
          likeness > 0 &&
          (callers[defined] as number) > (callers[best.defined] as number));
      if (more) best = { defined, likeness };
    }
    return best;
  }

  #weigh(defined: number, weights: Weights): number {
    const seen = this.#facts.seen[defined] as number;
    let sum = 0;
    for (let i = 0; i < weights.length; i++) {
      const pair = weights[i] as Weights[number];
      if (hasSeen(seen, pair[0])) sum += pair[1];
    }
    return sum;
  }

  #mallocLikeness(defined: number, weights: Weights): number {
    const sum = this.#weigh(defined, weights);
    if (sum < ENOUGH / 2) return 0;
    return sum + (this.#facts.leadsToGrowth(defined, STEPS_TO_GROWTH) ? 20 : 0);
  }

  #emmallocLikeness(defined: number): number {
    const likeness = this.#mallocLikeness(defined, EMMALLOC);
    return likeness > 0 && this.#facts.asksForMore(defined) ? 0 : likeness;
  }

  #freeLikeness(defined: number, weights: Weights, statics: Map<number, true>): number {
    if (this.#facts.readsHeader[defined] === 0) return 0;
    const sum = this.#weigh(defined, weights);
    if (sum < 20) return 0;
    let shared = 0;
    mapForEach(this.#facts.statics(defined), (_, address) => {
      if (mapGet(statics, address)) shared++;
    });
    return shared < SHARED_STATICS ? 0 : 30 + sum + shared;
  }

  #reallocLikeness(defined: number, malloc: number): number {
    const seen = this.#facts.seen[defined] as number;
    if (!this.#facts.calls(defined, malloc)) return 0;
    if (this.#facts.asksForAlignment(defined, malloc)) return 0;
    const padded = hasSeen(seen, 11) && (hasSeen(seen, -64) || hasSeen(seen, -65));
    return padded && this.#facts.readsHeader[defined] === 1 ? 80 : 0;
  }

  /** It looks whether the product of its parameters may be too large. */
  #callocLikeness(defined: number, malloc: number): number {
    const seen = this.#facts.seen[defined] as number;
    const multiplies = hasSeen(seen, 65_535) || hasSeen(seen, 65_536);
    return multiplies && !hasSeen(seen, 11) && this.#facts.calls(defined, malloc) ? 70 : 0;
  }

  /** Small alignments are those of `malloc` itself. */
  #memalignLikeness(defined: number, malloc: number): number {
    const calls = this.#facts.calls(defined, malloc);
    return calls && this.#facts.asksForAlignment(defined, malloc) ? 90 : 0;
  }
}

interface Candidate {
  readonly defined: number;
  readonly likeness: number;
}
