import { type AtomicsObserver, observeAtomics } from '../../hooks/atomics.ts';
import type { Memories } from '../../hooks/memories.ts';
import { describeSource } from '../../hooks/wasm/wasm-atomics.ts';
import { observeCompilations, type WasmDoors } from '../../hooks/wasm/wasm-compilations.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** What a scope does with WebAssembly, and with memory that it shares. */
export interface Sharing {
  /** Undefined where it shares no memory. */
  readonly atomics: AtomicsObserver | undefined;
  /** Undefined where there is no WebAssembly. */
  readonly doors: WasmDoors | undefined;
}

/** Atomic operations of this scope, and what it compiles; `heard` is told of that. */
export function observeSharing(
  recorder: ThreadRecorder,
  memories: Memories,
  heard: () => void,
): Sharing {
  const { patches } = recorder;
  if (!recorder.isolated) {
    return { atomics: undefined, doors: observeCompilations(patches, () => undefined) };
  }
  const atomics = observeAtomics(
    (name, make) => patches.replace(Atomics, name, make),
    memories,
    recorder.atomicsSink,
  );
  recorder.settleWith(() => atomics.settle());
  const doors = observeCompilations(patches, (source, sync) => {
    const compiled = describeSource(source, sync);
    if (!compiled) return;
    recorder.record('wasmCompiled', { ...compiled, stack: recorder.stack() });
    heard();
  });
  return { atomics, doors };
}
