import { apply, getOwnPropertyDescriptor } from '../base/intrinsics.ts';
import { type ApplyTrap, constructAs, type Patches } from '../base/patch.ts';

/** A module was compiled from the bytes of `source`; undefined: of a stream, which is the page's to read. */
export type CompilationHeard = (source: object | undefined, sync: boolean) => void;

/** Tells of the modules that this thread compiles, for which the natives see what they would see. */
export function observeCompilations(patches: Patches, heard: CompilationHeard): void {
  const wasm = getOwnPropertyDescriptor(globalThis, 'WebAssembly')?.value as object | undefined;
  if (!wasm) return;

  const seen = (source: unknown, sync: boolean): void => {
    if (typeof source === 'object' && source !== null) heard(source, sync);
  };
  const compiling: ApplyTrap = (native, self, args) => {
    const promise = apply(native, self, args);
    if (args.length > 0) seen(args[0], false);
    return promise;
  };
  const streaming: ApplyTrap = (native, self, args) => {
    const promise = apply(native, self, args);
    heard(undefined, false);
    return promise;
  };

  patches.constructible(wasm, 'Module', (native, args, newTarget) => {
    const module = constructAs(native, args, newTarget);
    seen(args[0], true);
    return module;
  });
  patches.method(wasm, 'compile', compiling);
  patches.method(wasm, 'instantiate', compiling);
  patches.method(wasm, 'compileStreaming', streaming);
  patches.method(wasm, 'instantiateStreaming', streaming);
}
