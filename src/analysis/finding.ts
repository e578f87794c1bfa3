import type { Micros } from '../shared/units.ts';
import type { EntityKey } from './model.ts';

export type Severity = 'error' | 'warning' | 'info';
/** Proven: from one thread, the sequence counter or edges. Likely: from clocks or a guess of intent. */
export type Certainty = 'proven' | 'likely';

export interface FindingEntity {
  readonly kind: 'context' | 'node' | 'port' | 'worker' | 'memory' | 'block' | 'thread';
  readonly id: EntityKey;
  readonly label: string;
}

export interface Evidence {
  readonly at: Micros;
  /** The thread's name. */
  readonly thread: string;
  readonly what: string;
}

/** One bug on one entity. Times are since the navigation start of the top document. */
export interface Finding {
  /** Stable while the session grows: `<rule>:<entity id>`. */
  readonly id: string;
  readonly rule: string;
  readonly severity: Severity;
  readonly certainty: Certainty;
  readonly entity: FindingEntity;
  /** How many events of this kind on this entity. */
  readonly count: number;
  readonly first: Micros;
  readonly last: Micros;
  /** What is going wrong, in plain words, with the names and numbers of this page. */
  readonly message: string;
  /** How to mend it. */
  readonly help: string;
  /** The specification's section or the issue. */
  readonly link: string;
  readonly evidence: readonly Evidence[];
  readonly stacks: { readonly [role: string]: readonly string[] };
}
