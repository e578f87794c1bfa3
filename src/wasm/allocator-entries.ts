import { IntrinsicMap, mapForEach, mapGet, mapSet, mapSize, min } from '../base/intrinsics.ts';
import { type CodeFacts, SHARED_STATICS } from './code-facts.ts';
import type { HeapFunction } from './heap-hooks.ts';
import { Ints, type List } from './list.ts';
import type { WasmModule } from './read-module.ts';
import { EXTERNAL } from './section.ts';
import { findStackPointer } from './stack-pointer.ts';

/** Functions that serve an allocator from inside; more are a program. */
const MOST_INSIDE = 64;

/**
 * Whether blocks are handed out and taken back by the `hooked` functions alone. What an allocator keeps are the statics, or
 * the globals, that its `malloc` and its `free` have in common; whoever touches them has to be hooked, or to be called,
 * by however many steps, only by those who are. False where that cannot be seen.
 */
export function isWholeAllocator(
  module: WasmModule,
  facts: CodeFacts,
  hooked: List<HeapFunction>,
): boolean {
  const { importedFunctions } = module;
  const hookedHere = new IntrinsicMap<number, true>();
  const kept = {
    handing: new IntrinsicMap<number, true>(),
    taking: new IntrinsicMap<number, true>(),
  };
  const stackPointer = findStackPointer(module);
  for (let i = 0; i < hooked.length; i++) {
    const { role, index } = hooked.at(i);
    const defined = index - importedFunctions;
    mapSet(hookedHere, defined, true);
    const names = role === 'free' ? kept.taking : kept.handing;
    mapForEach(facts.keeps(defined, stackPointer), (_, each) => mapSet(names, each, true));
  }
  const common = new IntrinsicMap<number, true>();
  mapForEach(kept.taking, (_, each) => {
    if (mapGet(kept.handing, each)) mapSet(common, each, true);
  });
  const enough = min(mapSize(common), SHARED_STATICS);
  if (enough === 0) return false;

  const inside = new IntrinsicMap<number, true>();
  const open = new Ints();
  const enter = (defined: number): void => {
    if (mapGet(hookedHere, defined) || mapGet(inside, defined)) return;
    mapSet(inside, defined, true);
    open.add(defined);
  };
  for (let defined = 0; defined < module.bodyFrom.length; defined++) {
    if (touches(facts, defined, common, enough, stackPointer)) enter(defined);
  }
  for (let next = 0; next < open.length; next++) {
    const defined = open.at(next);
    let isCalled = false;
    facts.eachCaller(defined, (caller) => {
      isCalled = true;
      enter(caller);
    });
    // Who is called by nobody is called by a table, or from outside.
    if (!isCalled || next >= MOST_INSIDE) return false;
    if (isExported(module, defined + importedFunctions)) return false;
  }
  return true;
}

/** Whether a function names so many of them. */
function touches(
  facts: CodeFacts,
  defined: number,
  common: Map<number, true>,
  enough: number,
  stackPointer: number,
): boolean {
  let count = 0;
  mapForEach(common, (_, each) => {
    if (facts.mayKeep(defined, each)) count++;
  });
  if (count < enough) return false;
  count = 0;
  mapForEach(facts.keeps(defined, stackPointer), (_, each) => {
    if (mapGet(common, each)) count++;
  });
  return count >= enough;
}

function isExported({ exports }: WasmModule, index: number): boolean {
  for (let i = 0; i < exports.length; i++) {
    const each = exports.at(i);
    if (each.kind === EXTERNAL.function && each.index === index) return true;
  }
  return false;
}
