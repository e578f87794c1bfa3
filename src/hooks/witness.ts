import { constructAs, type Patches } from '../base/patch.ts';
import type { FieldsOf, RecordName } from '../shared/records.ts';
import type { PortCount } from './port-count.ts';

/** What the observers of this folder need of the realm that they run in. */
export interface Witness {
  readonly patches: Patches;
  /** Whether memory can be shared with other threads. */
  readonly isolated: boolean;
  readonly ports: PortCount;
  /** False while nothing is to be recorded yet, but counted. */
  readonly isActive: boolean;
  /** The next place in the order of all records. Low 32 bits are enough. */
  next(): number;
  /** `seq` is of `next`; without it the record takes a place of its own. */
  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number): void;
  /** The stack of the page's call that is being recorded; empty where none is taken. */
  stack(): string;
  /** What went wrong in ours: never let into the page. */
  fault(error: unknown): void;
}

/** Lets `seen` have every object that the class `owner[name]` makes. */
export function observeMade(
  witness: Witness,
  owner: object,
  name: string,
  seen: (made: object) => void,
): void {
  witness.patches.constructible(owner, name, (native, args, newTarget) => {
    const made = constructAs(native, args, newTarget);
    try {
      seen(made);
    } catch (error) {
      witness.fault(error);
    }
    return made;
  });
}
