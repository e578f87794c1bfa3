import { observeAtomics } from '../../hooks/atomics.ts';
import type { Memories } from '../../hooks/memories.ts';
import { describeSource } from '../../hooks/wasm-atomics.ts';
import { observeCompilations } from '../../hooks/wasm-compilations.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** Atomic operations of this scope, where there can be memory that it shares. */
export function observeSharing(recorder: ThreadRecorder, memories: Memories): void {
  const { patches } = recorder;
  if (!recorder.isolated) return;
  const observer = observeAtomics(
    (name, make) => patches.replace(Atomics, name, make),
    memories,
    recorder.atomicsSink,
  );
  recorder.settleWith(() => observer.settle());
  observeCompilations(patches, (source, sync) => {
    const compiled = describeSource(source, sync);
    if (compiled) recorder.record('wasmCompiled', { ...compiled, stack: recorder.stack() });
  });
}
