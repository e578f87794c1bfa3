/**
 * What engines accept (WebAssembly JavaScript Interface, "Implementation-defined Limits"), and what we take on. One
 * file, so that all can be seen.
 */

/** Bytes of a module. */
export const moduleBytes = 1_073_741_824;
export const sections = 100_000;
export const types = 1_000_000;
export const functions = 1_000_000;
export const imports = 1_000_000;
export const exports = 1_000_000;
export const globals = 1_000_000;
export const tags = 1_000_000;
export const memories = 100;
/** Entries of one element segment, or initial entries of a table. */
export const segmentEntries = 10_000_000;
export const parameters = 1000;
export const results = 1000;
export const structFields = 10_000;
export const recursiveTypes = 1_000_000;
/** Bytes of one function. */
export const bodyBytes = 7_654_321;
export const locals = 50_000;
/** Labels of one `br_table`. */
export const tableLabels = 65_520;
/** Bytes of a name. */
export const nameBytes = 100_000;
/** Names of one name map that are carried over. */
export const names = 1_000_000;
/** Nested blocks in one function that redundant checks are looked for in; deeper ones are checked throughout. */
export const followedDepth = 1000;
