/** Throws when `condition` does not hold. For our own mistakes only; bad input is a `Result`. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** The end of a switch over a closed vocabulary: the compiler proves that nothing arrives here. */
export function assertUnreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`);
}
