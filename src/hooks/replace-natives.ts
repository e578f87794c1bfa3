import { ownData } from '../base/intrinsics.ts';
import { ownNative } from '../base/own-natives.ts';
import type { Native, Patches } from '../base/patch.ts';
import { ATOMICS_PARAMETERS, shapeOf } from './atomics-stubs.ts';
import { getterOf, prototypeOf } from './interfaces.ts';
import type { ViewUseHost } from './view-uses.ts';

const offsetOf = getterOf<object, number>('DataView', 'byteOffset') as (view: object) => number;

/**
 * How a prelude replaces functions of the engine’s long after the page’s code has begun to run. To be called before that,
 * and after what records Atomics is in place.
 */
export function replacingNatives(
  patches: Patches,
): Pick<ViewUseHost, 'dataViews' | 'replace' | 'replaceAtomic'> {
  const owner: object = Atomics;
  const atomics = { __proto__: null } as unknown as { [name: string]: unknown };
  for (const name in ATOMICS_PARAMETERS) atomics[name] = ownData(owner, name);
  return {
    dataViews: { prototype: prototypeOf('DataView') as object, offsetOf },
    replace(owner, name, make) {
      if (ownNative(owner, name)) {
        patches.replace(owner, name, (native) => make(native)[name] as Native);
      }
    },
    replaceAtomic(name, make) {
      if (ownData(owner, name) !== atomics[name]) return;
      patches.replace(owner, name, (before) => shapeOf(name, { run: make(before) }));
    },
  };
}
