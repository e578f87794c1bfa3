import { apply, getOwnPropertyDescriptor, ownData, uncurryThis } from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';
import type { WasmDoors } from './wasm-compilations.ts';
import type { WasmNatives } from './wasm-doors.ts';

type BodyOf = WasmNatives['bodyOf'];

/** The engine's functions of a scope in which the page has not run yet. */
export function takeWasmNatives({ Module, Instance }: WasmDoors, bodyOf?: BodyOf): WasmNatives {
  const { prototype } = Instance.native as unknown as { readonly prototype: object };
  const of = <T>(key: string): ((...args: readonly unknown[]) => T) => {
    const native = ownData(Module.native, key) as Native;
    return (...args) => apply(native, undefined, args) as T;
  };
  return {
    importsOf: of('imports'),
    exportsOf: of('exports'),
    sectionsOf: of('customSections'),
    membersOf: uncurryThis(
      getOwnPropertyDescriptor(prototype, 'exports')?.get as (this: object) => object,
    ),
    bodyOf,
  };
}
