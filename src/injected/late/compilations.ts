import { describeSource } from '../../hooks/wasm/wasm-atomics.ts';
import type { LateObservation } from './late-observation.ts';

/** Records what modules a page compiles, and whether they may hold atomic instructions. */
export function hearCompilations({ compilations, heaps, recorder }: LateObservation): void {
  compilations.heard = (source, sync, stack, seq, at) => {
    const compiled = describeSource(source, sync);
    if (!compiled) return;
    // Promises wait for what rewrites modules.
    if (sync && !heaps.blocks) heaps.hasOriginals = true;
    recorder.record('wasmCompiled', { ...compiled, stack }, seq, at);
  };
}
