import { IntrinsicMap, mapForEach, mapGet, mapSet } from '../base/intrinsics.ts';
import type { Result } from '../base/result.ts';
import { isWholeAllocator } from './allocator-entries.ts';
import { findNames, type NameSource } from './allocator-names.ts';
import { type AllocatorKind, findShapes } from './allocator-shapes.ts';
import { CodeFacts } from './code-facts.ts';
import { followForwarders } from './forwarders.ts';
import { HEAP_ROLES, type HeapFunction, type HeapRole } from './heap-hooks.ts';
import { List } from './list.ts';
import { typeOf, type WasmModule } from './read-module.ts';
import { attempt, type Refusal } from './refusal.ts';

/** A function of the allocator, how it was found, and how sure that is. */
export interface FoundFunction extends HeapFunction {
  /** Where its name stands, or `shape` where it has none. */
  readonly how: NameSource | 'shape';
  /**
   * `certain`: it is exported or named so, and nothing speaks against it. `likely`: by its shape, or names and shape
   * differ. `guess`: not to be relied on: a wrong `free` breaks a program.
   */
  readonly sure: 'certain' | 'likely' | 'guess';
}

export interface FoundAllocator {
  /** Undefined: of a kind that is not known by its shape. */
  readonly kind: AllocatorKind | undefined;
  readonly functions: List<FoundFunction>;
  /** What is not as it should be, in words. */
  readonly doubts: List<string>;
  readonly facts: CodeFacts;
}

/** Likeness from which a shape alone is relied on. */
const LIKELY = 80;

/**
 * Finds the functions of a module's allocator: by names, in its exports, its name section and `glue`, the text of an
 * Emscripten page's script; then by shape. Of a function that only forwards, the one that does the work is meant.
 * Other allocators, and pools of a program's own, are not found: their functions can be named by hand.
 */
export function findAllocator(module: WasmModule, glue?: string): Result<FoundAllocator, Refusal> {
  return attempt(() => {
    const functions = new List<FoundFunction>();
    const doubts = new List<string>();
    const named = namedFunctions(module, glue, doubts);
    const facts = new CodeFacts(module);
    const shapes = findShapes(module, facts);
    const shaped = new IntrinsicMap<HeapRole, FoundFunction>();
    for (let i = 0; shapes && i < shapes.functions.length; i++) {
      const { role, index, likeness } = shapes.functions.at(i);
      const sure = likeness >= LIKELY ? 'likely' : 'guess';
      mapSet(shaped, role, { role, index, how: 'shape', sure });
    }
    mapForEach(named, (found, role) => {
      const alike = mapGet(shaped, role);
      if (alike && shapes?.worksBy(found.index, alike.index)) {
        // The one does the work of the other, and may be called by itself: both are hooked, and one is heard.
        functions.add(found);
        functions.add(alike);
      } else if (alike && alike.index !== found.index && alike.sure === 'likely') {
        doubts.add(`${role} is named ${found.index}, and looks like ${alike.index}`);
        functions.add(withSureness(found, 'likely'));
      } else functions.add(alike ? withSureness(found, 'certain') : found);
    });
    mapForEach(shaped, (found, role) => {
      if (mapGet(named, role) === undefined) functions.add(found);
    });
    return { kind: shapes?.kind, functions, doubts, facts };
  });
}

/** Those that may be hooked without asking. */
export function hookable({ functions }: FoundAllocator): List<HeapFunction> {
  const hooked = new List<HeapFunction>();
  for (let i = 0; i < functions.length; i++) {
    const found = functions.at(i);
    if (found.sure !== 'guess') hooked.add(found);
  }
  return hooked;
}

/** Whether `hooked` are all functions by which blocks come and go, as far as that can be seen. */
export function isWhole(
  module: WasmModule,
  { facts }: FoundAllocator,
  hooked: List<HeapFunction>,
): boolean {
  const found = attempt(() => isWholeAllocator(module, facts, hooked));
  return found.ok && found.value;
}

function withSureness(
  { role, index, how }: FoundFunction,
  sure: FoundFunction['sure'],
): FoundFunction {
  return { role, index, how, sure };
}

function namedFunctions(
  module: WasmModule,
  glue: string | undefined,
  doubts: List<string>,
): Map<HeapRole, FoundFunction> {
  const named = new IntrinsicMap<HeapRole, FoundFunction>();
  findNames(module, glue, (role, outer, how) => {
    const signature = module.types.signature(typeOf(module, outer));
    if (signature !== HEAP_ROLES[role].signature) {
      doubts.add(`${role} of type ${signature}`);
      return;
    }
    const index = followForwarders(module, outer);
    if (index < module.importedFunctions) {
      doubts.add(`${role} is imported`);
      return;
    }
    const known = mapGet(named, role);
    if (known === undefined) {
      mapSet(named, role, { role, index, how, sure: how === 'glue' ? 'likely' : 'certain' });
    } else if (known.index !== index) {
      doubts.add(`${role} is named ${known.index} and ${index}`);
    }
  });
  return named;
}
