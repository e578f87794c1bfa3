import { atomicsAdd } from '../base/intrinsics.ts';
import { ORDER } from '../shared/slots.ts';

/**
 * Counts the messages that carry ports, of all threads of the document, in a cell that they share: while it is zero,
 * nobody looks for ports in what comes. A message that may yet turn out to carry none is counted while it is posted.
 */
export interface PortCount {
  add(change: 1 | -1): void;
  readonly isZero: boolean;
}

/** Where nothing can be shared, or what is shared is not known yet. */
export const UNKNOWN_PORT_COUNT: PortCount = { add: () => undefined, isZero: false };

/** `words` are those of `ORDER`, shared. */
export function portCountIn(words: Int32Array): PortCount {
  return {
    add(change) {
      atomicsAdd(words, ORDER.ports, change);
    },
    get isZero() {
      return words[ORDER.ports] === 0;
    },
  };
}
