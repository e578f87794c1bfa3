import { deref, IntrinsicWeakRef } from '../base/intrinsics.ts';
import { observeCompilations } from '../hooks/wasm-compilations.ts';
import type { Micros, Seq } from '../shared/units.ts';
import type { Observation } from './observation.ts';

/** A module that was compiled. `source` is undefined where it came as a stream, or is gone by now. */
export interface Compilation {
  readonly source: object | undefined;
  readonly sync: boolean;
  readonly stack: string;
  readonly seq: Seq;
  readonly at: Micros;
}

/** The late part looks into modules; it sets `heard`. */
export interface Compilations {
  heard: ((compilation: Compilation) => void) | undefined;
}

/** Tells of the WebAssembly modules of a page that can share memory, once there is anything to tell of it. */
export function observeCompilation({ realm, recorder, patches }: Observation): Compilations {
  const compilations: Compilations = { heard: undefined };
  if (!realm.isolated) return compilations;
  observeCompilations(patches, (source, sync) =>
    recorder.guard(() => {
      const ref = source && new IntrinsicWeakRef(source);
      const made = { sync, stack: recorder.stack(), seq: recorder.next(), at: recorder.now() };
      recorder.later(() => compilations.heard?.({ source: ref && deref(ref), ...made }));
    }),
  );
  return compilations;
}
