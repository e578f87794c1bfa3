import {
  apply,
  deref,
  IntrinsicMap,
  IntrinsicWeakRef,
  mapClear,
  mapForEach,
  mapSet,
} from '../../base/intrinsics.ts';
import { constructAs } from '../../base/patch.ts';
import type { WasmDoors } from '../../hooks/wasm/wasm-compilations.ts';
import type { WasmNatives } from '../../hooks/wasm/wasm-natives.ts';
import * as LIMITS from '../../shared/limits.ts';

export interface EarlyInstances {
  /** Whether any of the modules has a section of that name. None is remembered from then on. */
  some(natives: WasmNatives, name: string): boolean;
}

/** Remembers of which modules instances are made, until it is known what to look for in them. */
export function rememberInstances({ Instance, instantiate }: WasmDoors): EarlyInstances {
  const modules = new IntrinsicMap<number, WeakRef<object>>();
  let left = LIMITS.mentionedRecords;
  const seen = (module: unknown): void => {
    if (left <= 0 || typeof module !== 'object' || module === null) return;
    mapSet(modules, left--, new IntrinsicWeakRef(module));
  };
  const { trap: instance } = Instance;
  const { trap: instantiated } = instantiate;
  Instance.trap = (native, args, newTarget) => {
    if (args.length > 0) seen(args[0]);
    return (instance ?? constructAs)(native, args, newTarget);
  };
  instantiate.trap = (native, self, args) => {
    if (args.length > 0) seen(args[0]);
    return (instantiated ?? apply)(native, self, args);
  };
  return {
    some(natives, name) {
      let found = false;
      mapForEach(modules, (ref) => {
        const module = deref(ref);
        found ||= module !== undefined && hasSection(natives, module, name);
      });
      mapClear(modules);
      left = 0;
      return found;
    },
  };
}

function hasSection(natives: WasmNatives, module: object, name: string): boolean {
  try {
    return natives.sectionsOf(module, name)[0] !== undefined;
  } catch {
    // Bytes.
    return false;
  }
}
