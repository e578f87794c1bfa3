import { apply, getOwnPropertyDescriptor, uncurryThis } from '../base/intrinsics.ts';
import { ownMember, ownNative } from '../base/own-natives.ts';
import type { Native } from '../base/patch.ts';
import type { WasmDoors } from './wasm-compilations.ts';
import type { WasmNatives } from './wasm-doors.ts';

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
