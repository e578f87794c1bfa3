import { IntrinsicProxy, ownData } from '../../base/intrinsics.ts';
import type { Heap } from '../heap/heap.ts';
import type { ShadowMemories } from '../heap/shadow-memories.ts';
import type { Hooked, HookedModules, ModulesHost } from './hooked-modules.ts';
import { DEAF, type WasmAtomics } from './wasm-atomic-imports.ts';
import type { WasmDescriptor, WasmNatives } from './wasm-natives.ts';

export interface InstancesHost extends ModulesHost {
  /** Undefined where no accesses are checked. */
  readonly shadows: ShadowMemories | undefined;
  /** Undefined where atomic operations are not recorded. */
  readonly atomics: WasmAtomics | undefined;
  /** A module of which `covered` was said runs here all the same without being heard. */
  missed(): void;
}

interface Completed {
  readonly heap: Heap;
  readonly imports: object;
}

const UNHEARD =
  'Memory: a module runs in a heap that does not tell of its blocks, so nothing that is freed in that heap is checked from then on.';

const UNCHECKED =
  'Memory: a module whose accesses cannot be checked runs in a heap, so nothing that is freed in that heap is checked from then on.';

/** Instances of modules: of the instrumented form of each, where there is one, with imports that the page does not see. */
export class WasmInstances {
  readonly #host: InstancesHost;
  readonly #modules: HookedModules;

  constructor(host: InstancesHost, modules: HookedModules) {
    this.#host = host;
    this.#modules = modules;
  }

  /**
   * Runs `make` with the instrumented module and completed imports, or with what the page has given, where the
   * engine will complain of it.
   */
  make<T>(
    module: unknown,
    imports: unknown,
    make: (module: unknown, imports: unknown, made: (instance: object) => void) => T,
  ): T {
    const modules = this.#modules;
    const { atomics, heaps, natives } = this.#host;
    const found = modules.attempt(() => modules.of(module)) ?? 'none';
    const missed = (): void => {
      modules.attempt(() => this.#host.missed());
    };
    const original = module as object;
    if (typeof found === 'string' || !found.hearsHeap) this.#isUnheard(module, imports);
    if (typeof found === 'string') {
      return make(module, imports, found === 'none' ? () => undefined : missed);
    }
    const completed = modules.attempt(() => this.#complete(original, imports, found));
    if (!completed) {
      this.#isUnheard(module, imports);
      return make(module, imports, found.recordsAtomics ? missed : () => undefined);
    }
    const { heap, imports: all } = completed;
    return make(found.module, all, (instance) => {
      modules.attempt(() => {
        const memory = heap.memory ?? exportedMemory(natives, original, instance);
        if (memory) heaps.adopt(heap, memory);
        if (found.recordsAtomics && !(memory && atomics)) missed();
      });
    });
  }

  /** What a module allocates and frees in its memory is not heard. */
  #isUnheard(module: unknown, imports: unknown): void {
    const { heaps, natives, shadows } = this.#host;
    this.#modules.attempt(() => {
      const memory =
        this.#modules.isModule(module) && importedMemory(natives, module as object, imports);
      if (!memory) return;
      heaps.expose(memory);
      shadows?.usedUnseen(memory, UNHEARD);
    });
  }

  #complete(
    original: object,
    imports: unknown,
    { layout, key, hearsHeap, hearsCalls, recordsAtomics, checks }: Hooked,
  ): Completed | undefined {
    const { atomics, heaps, name, natives, shadows } = this.#host;
    const hasImports = imports !== undefined;
    if (!isImports(imports) || (!hasImports && natives.importsOf(original).length > 0)) {
      return undefined;
    }
    const memory = checks?.defines ? undefined : importedMemory(natives, original, imports);
    if (hearsHeap && !checks && memory) shadows?.usedUnseen(memory, UNCHECKED);
    const checked = checks && shadows?.importsFor(memory, checks, layout, key);
    if (checks && !checked) return undefined;
    const heap = heaps.heapOf(checked?.heap ?? memory, key);
    const ours = {
      __proto__: null,
      ...heaps.importsFor(heap, layout, hearsCalls ? key : undefined),
      ...(recordsAtomics ? (atomics?.importsFor(() => heap.memory) ?? DEAF) : undefined),
      ...checked?.imports,
    };
    if (!hasImports) return { heap, imports: { __proto__: null, [name]: ours } };
    const get = (target: object, key: PropertyKey): unknown =>
      key === name ? ours : (target as { readonly [key: PropertyKey]: unknown })[key];
    const handler = { __proto__: null, get } as ProxyHandler<object>;
    return { heap, imports: new IntrinsicProxy(imports as object, handler) };
  }
}

/** Whether the engine takes it for imports: where there are none to be had, it may be missing. */
export function isImports(imports: unknown): boolean {
  return imports === undefined || typeof imports === 'function' || isObject(imports);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Where the memory of an instance is found whose module allocates in it. */
function importedMemory(
  natives: WasmNatives,
  original: object,
  imports: unknown,
): object | undefined {
  const list = natives.importsOf(original);
  for (let i = 0; i < list.length; i++) {
    const { module = '', name, kind } = list[i] as WasmDescriptor;
    if (kind !== 'memory') continue;
    const from = objectIn(imports, module);
    return from && objectIn(from, name);
  }
  return undefined;
}

function exportedMemory(
  natives: WasmNatives,
  original: object,
  instance: object,
): object | undefined {
  const list = natives.exportsOf(original);
  for (let i = 0; i < list.length; i++) {
    const { name, kind } = list[i] as WasmDescriptor;
    if (kind === 'memory') return objectIn(natives.membersOf(instance), name);
  }
  return undefined;
}

function objectIn(owner: unknown, key: string): object | undefined {
  if (!isObject(owner)) return undefined;
  const found = ownData(owner, key);
  return isObject(found) ? found : undefined;
}
