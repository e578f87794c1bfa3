import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import { CodeMap } from './code-map.ts';
import { type InstrumentOptions, instrument } from './instrument.ts';
import { definedFunctionAt, readModule } from './read-module.ts';
import type { Refusal } from './refusal.ts';

/** The byte of the original for a byte of the instrumented module; undefined: it is in no code of the original. */
export type OriginalOffset = (offset: number) => number | undefined;

/**
 * Finds the places that stacks name in the original module, to which its DWARF and source map apply. The module is
 * instrumented again, with the options that it was instrumented with: this is for who shows a stack, not for the page.
 */
export function mapOffsets(
  original: Uint8Array,
  options: InstrumentOptions,
): Result<OriginalOffset, Refusal> {
  const codeMap = new CodeMap();
  const made = instrument(original, options, codeMap);
  if (!made.ok) return made;
  const read = readModule(made.value.bytes);
  if (!read.ok) return read;
  const module = read.value;
  return ok((offset) => {
    const defined = definedFunctionAt(module, offset);
    if (defined < 0 || offset >= module.bodyTo.at(defined)) return undefined;
    return codeMap.originalOf(
      module.importedFunctions + defined,
      offset - module.bodyFrom.at(defined),
    );
  });
}
