import { IntrinsicMap, mapClear, mapForEach, mapSet } from '../../base/intrinsics.ts';
import { installAnnotations } from '../../shared/annotations.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { WorkerRecorder } from './worker-recorder.ts';

/** `__lifeline__` in a worker, whose blocks get their numbers once this thread has its own. */
export interface WorkerAnnotations {
  numbered(blocks: BlockLedger): void;
}

export function observeAnnotations(recorder: WorkerRecorder): WorkerAnnotations {
  const waiting = new IntrinsicMap<number, (ledger: BlockLedger) => void>();
  let waitingCount = 0;
  let ledger: BlockLedger | undefined;

  const say = (run: (ledger: BlockLedger) => void): void => {
    try {
      if (ledger) run(ledger);
      else if (waitingCount < LIMITS.earlyRecords) mapSet(waiting, waitingCount++, run);
    } catch (error) {
      recorder.fault(error);
    }
  };

  installAnnotations(globalThis, {
    destroy: () => undefined,
    alloc(buffer, offset, length, label) {
      const seq = recorder.outlet?.next();
      const stack = recorder.stack();
      say((blocks) => {
        const block = blocks.allocate(buffer, offset);
        const fields = { offset, length, label, stack };
        if (block) recorder.record('blockAllocated', { ...block, ...fields }, seq);
      });
    },
    free(buffer, offset) {
      const seq = recorder.outlet?.next();
      const stack = recorder.stack();
      say((blocks) => {
        const block = blocks.free(buffer, offset);
        recorder.record('blockFreed', { ...block, offset, stack }, seq);
      });
    },
  });

  return {
    numbered(blocks) {
      ledger = blocks;
      mapForEach(waiting, (run) => run(blocks));
      mapClear(waiting);
    },
  };
}
