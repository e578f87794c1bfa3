import { observeWasm } from '../hooks/wasm-atomics.ts';
import type { Observation } from './observation.ts';

/** Tells of the WebAssembly modules of a page that can share memory, once there is anything to tell of it. */
export function observeCompilation({ realm, recorder, patches }: Observation): void {
  if (!realm.isolated) return;
  observeWasm(patches, (compiled) =>
    recorder.guard(() => {
      const fields = { ...compiled, stack: recorder.stack() };
      const seq = recorder.next();
      const at = recorder.now();
      recorder.later(() => recorder.record('wasmCompiled', fields, seq, at));
    }),
  );
}
