import type { Patches } from '../base/patch.ts';
import type { Entities } from './entities.ts';
import type { LatePart } from './late-part.ts';
import type { PageRealm } from './page-realm.ts';
import type { Recorder } from './recorder.ts';

/** What every early `observe…` function of this realm works with. */
export interface Observation {
  readonly realm: PageRealm;
  readonly patches: Patches;
  readonly entities: Entities;
  readonly recorder: Recorder;
  readonly late: LatePart;
}
