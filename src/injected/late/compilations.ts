import { describeSource } from '../../hooks/wasm-atomics.ts';
import type { HandOver } from '../hand-over.ts';

/** Records what modules a page compiles, and whether they may hold atomic instructions. */
export function hearCompilations({ compilations, recorder }: HandOver): void {
  compilations.heard = (source, sync, stack, seq, at) => {
    const compiled = describeSource(source, sync);
    if (compiled) recorder.record('wasmCompiled', { ...compiled, stack }, seq, at);
  };
}
