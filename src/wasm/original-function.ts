import type { Instrumented } from './instrument.ts';

/**
 * Which function of the original a function of the instrumented module is, as stacks name it; for a checked or moved body
 * that of which it is a copy. Undefined: it is ours.
 */
export function originalFunction(
  { importedFunctions, functions, shift, copies }: Instrumented,
  index: number,
): number | undefined {
  if (index < importedFunctions) return index;
  if (index < importedFunctions + shift) return undefined;
  if (index < functions + shift) return index - shift;
  const copied = index - functions - shift;
  const original = copied < copies.length ? copies.at(copied) : -1;
  return original < 0 ? undefined : original;
}
