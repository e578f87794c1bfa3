import { IntrinsicMap, mapClear, mapForEach, mapSet } from '../base/intrinsics.ts';
import type { Patches } from '../base/patch.ts';
import type { MessageSink } from '../hooks/channels.ts';
import type { Witness } from '../hooks/witness.ts';
import type { EarlyRecord } from '../shared/messages.ts';
import type { FieldsOf, RecordName } from '../shared/records.ts';
import type { Seq } from '../shared/units.ts';
import type { Recorder } from './recorder.ts';

/** Records kept of a document in which nothing has happened yet that concerns us. */
const MAX_KEPT = 256;

/**
 * The main thread as the observers of every realm see it. Until the recorder has begun, what they say is kept
 * for then: what exists, but no stacks, and no message, though those are counted.
 */
export class MainWitness implements Witness {
  readonly patches: Patches;
  readonly isolated: boolean;
  readonly #recorder: Recorder;
  readonly #kept = new IntrinsicMap<number, EarlyRecord>();
  #keptCount = 0;

  constructor(patches: Patches, isolated: boolean, recorder: Recorder) {
    this.patches = patches;
    this.isolated = isolated;
    this.#recorder = recorder;
  }

  get isActive(): boolean {
    return this.#recorder.begunAt > 0;
  }

  next(): Seq {
    return this.#recorder.next();
  }

  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq: number = this.next()): void {
    const recorder = this.#recorder;
    if (this.isActive) recorder.record(name, fields, seq as Seq);
    else if (this.#keptCount < MAX_KEPT) {
      const kept = { name, seq: seq as Seq, at: recorder.now(), fields } as unknown as EarlyRecord;
      mapSet(this.#kept, this.#keptCount++, kept);
    }
  }

  stack(): string {
    return this.isActive ? this.#recorder.stack() : '';
  }

  fault(error: unknown): void {
    this.#recorder.fault(error);
  }

  /** The recorder has begun: what was kept is recorded. */
  begin(): void {
    mapForEach(this.#kept, ({ name, fields, seq, at }) =>
      this.#recorder.record(name, fields, seq, at),
    );
    mapClear(this.#kept);
  }
}

/** How messages are told while there is nothing yet that could show them. */
export function plainMessages(witness: MainWitness): MessageSink {
  return {
    sent({ id: end, isBroadcast }, seq, index) {
      if (!witness.isActive || isBroadcast) return;
      const fields = { end, index, bytes: 0, hash: 0, preview: '', stack: '' };
      witness.record('portSent', fields, seq);
    },
    received({ id: end, isBroadcast }, seq, index, event) {
      if (!witness.isActive || isBroadcast) return;
      const fields = { end, index, failed: !event, bytes: 0, hash: 0, preview: '' };
      witness.record('portReceived', fields, seq);
    },
    closed: () => false,
  };
}
