import { wasm } from '../../hooks/cargo-walk.ts';
import type { Memories } from '../../hooks/memories.ts';
import type { MemoryNumbers } from '../../hooks/memory-numbers.ts';
import { observeMemoryGrowth } from '../../hooks/observe-growth.ts';
import { replacingNatives } from '../../hooks/replace-natives.ts';
import { observeMade } from '../../hooks/witness.ts';
import type { Micros, NodeId } from '../../shared/units.ts';
import type { WorkerRecorder } from './worker-recorder.ts';

/** Follows the memories of this worker: how they grow, and who goes on using what was made of them before. */
export function observeGrowth(
  recorder: WorkerRecorder,
  memories: Memories,
  numbered: MemoryNumbers,
): void {
  if (!wasm?.Memory) return;
  const { patches } = recorder;
  const growth = observeMemoryGrowth(
    {
      ...numbered,
      ...replacingNatives(patches),
      patches,
      memories,
      next: () => recorder.next(),
      // What was read before is told as the memory grows: this thread’s records say no other time than their own.
      now: () => 0 as Micros,
      running: () => 0 as NodeId,
      stack: () => recorder.stack(),
      // There are no places yet while the passage is awaited.
      record: (name, fields, seq) => recorder.record(name, fields, seq || undefined),
      fault: (error) => recorder.fault(error),
    },
    wasm.Memory.prototype,
    () => undefined,
  );
  observeMade(recorder, wasm, 'Memory', (memory) => growth.saw(memory));
}
