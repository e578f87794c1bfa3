import { deref, IntrinsicPromise, IntrinsicWeakRef, promiseThen } from '../base/intrinsics.ts';
import type { ApplyTrap } from '../base/patch.ts';
import {
  type HoldDoor,
  observeCompilations,
  type WasmDoors,
} from '../hooks/wasm/wasm-compilations.ts';
import type { Micros, Seq } from '../shared/units.ts';
import type { Observation } from './observation.ts';

/** A module was compiled. `source` is undefined where it came as a stream, or is gone by now. */
export type HeardLate = (
  source: object | undefined,
  sync: boolean,
  stack: string,
  seq: Seq,
  at: Micros,
) => void;

/** The late part looks into modules; it sets `heard`, and changes the traps of `doors`. */
export interface Compilations {
  heard?: HeardLate;
  doors?: WasmDoors | undefined;
}

/** How often those who wait at a door look whether they may pass; how old a document is that lets all pass. */
const LOOK_MS = 4;
const PATIENCE_MICROS = 1e7;

/** Tells of the WebAssembly modules of a page that can share memory, once there is anything to tell of it. */
export function observeCompilation({ realm, recorder, patches, late }: Observation): Compilations {
  const compilations = { __proto__: null } as Compilations;
  if (!realm.isolated) return compilations;

  const isOpen = (): boolean | undefined => late.isDecided || recorder.now() > PATIENCE_MICROS;
  /** What can wait does so until it is known whether modules are to be rewritten. */
  const hold: HoldDoor = (door, trap) => (native, self, args) => {
    if (isOpen()) return trap(native, self, args);
    let source = args[0];
    try {
      // As the native function copies the bytes: at once.
      source = realm.clone(source);
    } catch {
      // No bytes, but a stream, or what the native one will refuse.
    }
    return new IntrinsicPromise((resolve, reject) => {
      const look = (): void => {
        if (isOpen()) {
          const now = (compilations.doors as WasmDoors)[door].trap as ApplyTrap;
          const promise = now(native, self, [source, args[1], args[2]]) as Promise<unknown>;
          void promiseThen(promise, resolve, reject);
        } else realm.after(LOOK_MS, look);
      };
      look();
    });
  };

  compilations.doors = observeCompilations(
    patches,
    (source, sync) =>
      recorder.guard(() => {
        const ref = source && new IntrinsicWeakRef(source);
        const seq = recorder.next();
        const at = recorder.now();
        const stack = recorder.stack();
        recorder.later(() => compilations.heard?.(ref && deref(ref), sync, stack, seq, at));
      }),
    hold,
  );
  return compilations;
}
