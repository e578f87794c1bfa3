import {
  deref,
  IntrinsicMap,
  IntrinsicWeakRef,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
} from '../../base/intrinsics.ts';
import { wasm } from '../../hooks/cargo-walk.ts';
import { findHeldView } from '../../hooks/held-views.ts';
import type { Memories } from '../../hooks/memories.ts';
import type { GrowingMemory, GrowthHost } from '../../hooks/memory-growth.ts';
import { observeMemoryGrowth } from '../../hooks/observe-growth.ts';
import { replacingNatives } from '../../hooks/replace-natives.ts';
import type { ViewUseHost } from '../../hooks/view-uses.ts';
import { observeMade } from '../../hooks/witness.ts';
import type { Micros, NodeId } from '../../shared/units.ts';
import { currentFrame, SAMPLE_RATE } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** Who must be told what of the processors of a scope, that stale views are found. */
export interface GrowthObserver {
  /** A memory is there, of which this scope may not have heard otherwise. */
  saw(memory: object): void;
  constructed(processor: object, ordinal: number): void;
  /** Its `process()` threw. */
  threw(ordinal: number): void;
}

/** Processors that are looked through after a growth. */
const MOST_PROCESSORS = 1024;
/** Seconds of rendering after a growth in which a processor may still renew what it holds. */
const RENEWAL_SECONDS = 0.1;

/** Follows the memories of this scope: how they grow, and who goes on using what was made of them before. */
export function observeGrowth(
  recorder: ThreadRecorder,
  memories: Memories,
  given: Pick<GrowthHost, 'numbers' | 'numberOf' | 'running'>,
): GrowthObserver | undefined {
  const { patches } = recorder;
  if (!wasm?.Memory) return undefined;
  const { prototype } = wasm.Memory;
  const processors = new IntrinsicMap<number, WeakRef<object>>();
  let count = 0;
  let lookAt = Number.POSITIVE_INFINITY;

  const host: ViewUseHost = {
    ...given,
    patches,
    memories,
    next: () => recorder.next(),
    now: () => recorder.now() as Micros,
    stack: () => recorder.stack(),
    record: (name, fields, seq, at) => recorder.record(name, fields, seq, at),
    fault: (error) => recorder.fault(error),
    ...replacingNatives(patches),
  };
  const growth = observeMemoryGrowth(host, prototype, ({ isShared }) => {
    if (!isShared) lookAt = currentFrame() + SAMPLE_RATE * RENEWAL_SECONDS;
  });
  observeMade(recorder, wasm, 'Memory', (memory) => growth.saw(memory));

  const tellHeld = (ordinal: number, threw: boolean): void => {
    const ref = mapGet(processors, ordinal);
    const processor = ref && deref(ref);
    if (!processor) {
      mapDelete(processors, ordinal);
      return;
    }
    let memory: GrowingMemory | undefined;
    const property = findHeldView(processor, (view) => {
      const found = growth.outgrown(memories.bufferIn(view));
      // One of a shared memory is right as far as it reaches.
      if (found && !found.isShared) memory = found;
      return memory !== undefined;
    });
    if (property === undefined || !memory) return;
    const { id } = memory as GrowingMemory;
    const held = { memory: id, node: (ordinal + 1) as NodeId, what: 'held', property } as const;
    recorder.record('staleView', { ...held, method: '', bytes: 0, reach: 0, threw, stack: '' });
  };

  recorder.eachClock((frame) => {
    growth.lookAtAll();
    if (frame < lookAt) return;
    lookAt = Number.POSITIVE_INFINITY;
    mapForEach(processors, (_ref, ordinal) => tellHeld(ordinal, false));
  });

  return {
    saw: (memory) => growth.saw(memory),
    constructed(processor, ordinal) {
      if (count++ < MOST_PROCESSORS) mapSet(processors, ordinal, new IntrinsicWeakRef(processor));
    },
    threw(ordinal) {
      growth.lookAtAll();
      if (growth.hasGrown) tellHeld(ordinal, true);
    },
  };
}
