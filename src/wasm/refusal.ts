import { err, ok, type Result } from '../base/result.ts';

/** Why a module is left as it is. */
export interface Refusal {
  /**
   * `malformed`: an engine would refuse it too. `unsupported`: it may be right, but holds what this code does not
   * know. `limit`: it is larger than engines allow, or would be once rewritten.
   */
  readonly kind: 'malformed' | 'unsupported' | 'limit';
  readonly reason: string;
  /** Where in the original bytes. */
  readonly offset: number;
}

/** Carries a `Refusal` from the depth of a module to `attempt`. Not an `Error`: nobody needs its stack. */
class Refused {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    this.refusal = refusal;
  }
}

export function malformed(reason: string, offset: number): never {
  throw new Refused({ kind: 'malformed', reason, offset });
}

export function unsupported(reason: string, offset: number): never {
  throw new Refused({ kind: 'unsupported', reason, offset });
}

export function beyondLimit(reason: string, offset: number): never {
  throw new Refused({ kind: 'limit', reason, offset });
}

/** The door of everything here that reads a module: what it refuses comes back as a value. */
export function attempt<T>(work: () => T): Result<T, Refusal> {
  try {
    return ok(work());
  } catch (thrown) {
    if (thrown instanceof Refused) return err(thrown.refusal);
    throw thrown;
  }
}
