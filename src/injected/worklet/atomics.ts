import { observeAtomics } from '../../hooks/atomics.ts';
import type { Memories } from '../../hooks/memories.ts';
import { describeSource } from '../../hooks/wasm-atomics.ts';
import { observeCompilations, type WasmDoors } from '../../hooks/wasm-compilations.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** Atomic operations and modules of this scope, where there can be memory that it shares; gives its doors of WebAssembly. */
export function observeSharing(
  recorder: ThreadRecorder,
  memories: Memories,
): WasmDoors | undefined {
  const { patches } = recorder;
  if (!recorder.isolated) return observeCompilations(patches, () => undefined);
  const observer = observeAtomics(
    (name, make) => patches.replace(Atomics, name, make),
    memories,
    recorder.atomicsSink,
  );
  recorder.settleWith(() => observer.settle());
  return observeCompilations(patches, (source, sync) => {
    const compiled = describeSource(source, sync);
    if (compiled) recorder.record('wasmCompiled', { ...compiled, stack: recorder.stack() });
  });
}
