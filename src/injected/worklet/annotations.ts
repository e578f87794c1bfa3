import { installAnnotations } from '../../shared/annotations.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import { captureStack } from '../../shared/stack.ts';
import type { Frames, NodeId } from '../../shared/units.ts';
import type { ProcessorIds } from './processors.ts';
import { currentFrame, OWN_URL, scope } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** `__lifeline__` in this scope: `destroy` takes a processor here. */
export function observeAnnotations(
  recorder: ThreadRecorder,
  processors: ProcessorIds,
  ledger: BlockLedger,
): void {
  installAnnotations(scope, {
    destroy(processor) {
      const ordinal = processors.ordinalOf(processor);
      if (ordinal === undefined) return;
      recorder.record('declaredDestroyed', {
        node: (ordinal + 1) as NodeId,
        frame: currentFrame() as Frames,
        stack: captureStack(OWN_URL),
      });
    },
    alloc(buffer, offset, length, label) {
      const given = ledger.allocate(buffer, offset);
      if (!given) return;
      const stack = captureStack(OWN_URL);
      recorder.record('blockAllocated', { ...given, offset, length, label, stack });
    },
    free(buffer, offset) {
      const given = ledger.free(buffer, offset);
      recorder.record('blockFreed', { ...given, offset, stack: captureStack(OWN_URL) });
    },
  });
}
