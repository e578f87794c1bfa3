import { apply, getOwnPropertyDescriptor, uncurryThis } from '../../base/intrinsics.ts';
import { ownMember, ownNative } from '../../base/own-natives.ts';
import type { Native } from '../../base/patch.ts';
import type { WasmDoors } from './wasm-compilations.ts';

/** The engine's own functions that see into modules and instances. */
export interface WasmNatives {
  /** `WebAssembly.Module.imports`, `.exports` and `.customSections`. */
  readonly importsOf: (module: object) => readonly WasmDescriptor[];
  readonly exportsOf: (module: object) => readonly WasmDescriptor[];
  readonly sectionsOf: (module: object, name: string) => readonly ArrayBuffer[];
  /** The `exports` of an instance. */
  readonly membersOf: (instance: object) => object;
  /** The bytes of a `Response`, which stays as it is; throws for what is none, or was read. Undefined in scopes without. */
  readonly bodyOf: ((response: unknown) => Promise<ArrayBuffer>) | undefined;
}

export interface WasmDescriptor {
  readonly module?: string;
  readonly name: string;
  readonly kind: string;
}

/** The engine's functions of the scope whose global object is `global`; undefined where the page has replaced any of them by now. */
export function takeWasmNatives(
  { Module, Instance }: WasmDoors,
  global: object,
): WasmNatives | undefined {
  const prototype: unknown = getOwnPropertyDescriptor(Instance.native, 'prototype')?.value;
  const importsOf = ownNative(Module.native, 'imports');
  const exportsOf = ownNative(Module.native, 'exports');
  const sectionsOf = ownNative(Module.native, 'customSections');
  const membersOf = ownNative(prototype as object, 'exports', 'get');
  if (!importsOf || !exportsOf || !sectionsOf || !membersOf) return undefined;
  const told =
    <T>(native: Native) =>
    (...args: readonly unknown[]): T =>
      apply(native, undefined, args) as T;
  return {
    importsOf: told(importsOf),
    exportsOf: told(exportsOf),
    sectionsOf: told(sectionsOf),
    membersOf: uncurryThis(membersOf) as (instance: object) => object,
    bodyOf: takeBodyOf(global),
  };
}

/** Undefined in scopes without `Response`, as audio rendering threads are. */
function takeBodyOf(global: object): WasmNatives['bodyOf'] {
  const clone = ownMember(global, 'Response', 'clone', 'value');
  const bytes = ownMember(global, 'Response', 'arrayBuffer', 'value');
  if (!clone || !bytes) return undefined;
  return (response) => apply(bytes, apply(clone, response, []), []) as Promise<ArrayBuffer>;
}
