import { apply } from '../../base/intrinsics.ts';
import {
  type ApplyTrap,
  type ConstructTrap,
  constructAs,
  type Patches,
  type Replaced,
} from '../../base/patch.ts';
import { wasm } from '../cargo-walk.ts';

/** A module was compiled from the bytes of `source`; undefined: of a stream, which is the page's to read. */
export type CompilationHeard = (source: object | undefined, sync: boolean) => void;

/** The ways into WebAssembly. */
export interface WasmDoors {
  readonly Module: Replaced<ConstructTrap>;
  readonly Instance: Replaced<ConstructTrap>;
  readonly compile: Replaced<ApplyTrap>;
  readonly instantiate: Replaced<ApplyTrap>;
  readonly compileStreaming: Replaced<ApplyTrap>;
  readonly instantiateStreaming: Replaced<ApplyTrap>;
}

type PromisingDoor = 'compile' | 'instantiate' | 'compileStreaming' | 'instantiateStreaming';
/** Gives a trap that may let callers wait, and then sends them through whatever stands at the door by then. */
export type HoldDoor = (door: PromisingDoor, trap: ApplyTrap) => ApplyTrap;

/**
 * Tells of the modules that this thread compiles, for which the natives see what they would see. `hold` is put
 * around those doors that give promises.
 */
export function observeCompilations(
  patches: Patches,
  heard: CompilationHeard,
  hold?: HoldDoor,
): WasmDoors | undefined {
  if (!wasm) return undefined;
  const owner: object = wasm;

  const seen = (source: unknown, sync: boolean): void => {
    if (typeof source === 'object' && source !== null) heard(source, sync);
  };
  const doors = { __proto__: null } as unknown as {
    -readonly [Name in keyof WasmDoors]: WasmDoors[Name];
  };
  const door = (name: PromisingDoor, isStream?: boolean): void => {
    const trap: ApplyTrap = (native, self, args) => {
      const promise = apply(native, self, args);
      if (isStream) heard(undefined, false);
      else if (args.length > 0) seen(args[0], false);
      return promise;
    };
    doors[name] = patches.method(
      owner,
      name,
      hold ? hold(name, trap) : trap,
    ) as Replaced<ApplyTrap>;
  };
  const made = (name: 'Module' | 'Instance', trap?: ConstructTrap): void => {
    doors[name] = patches.constructible(owner, name, trap) as Replaced<ConstructTrap>;
  };
  made('Module', (native, args, newTarget) => {
    const module = constructAs(native, args, newTarget);
    seen(args[0], true);
    return module;
  });
  made('Instance');
  door('compile');
  door('instantiate');
  door('compileStreaming', true);
  door('instantiateStreaming', true);
  return doors;
}
