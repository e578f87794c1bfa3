import {
  apply,
  defineProperty,
  IntrinsicPromise,
  IntrinsicProxy,
  IntrinsicWeakMap,
  indexOf,
  lengthOf,
  ownData,
  promiseThen,
  slice,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import { type ApplyTrap, type ConstructTrap, constructAs, type Native } from '../base/patch.ts';
import type { Heap } from './heap.ts';
import type { HeapBlocks } from './heap-blocks.ts';
import type { ShadowMemories } from './shadow-memories.ts';
import { DEAF, type WasmAtomics } from './wasm-atomic-imports.ts';
import { copyOfBytes, scanModule } from './wasm-atomics.ts';
import type { WasmDoors } from './wasm-compilations.ts';
import {
  type CheckLayout,
  type FunctionLayout,
  type Rewrite,
  readTag,
  tagModule,
} from './wasm-tag.ts';

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

interface WasmDescriptor {
  readonly module?: string;
  readonly name: string;
  readonly kind: string;
}

export interface DoorHost {
  readonly doors: WasmDoors;
  readonly natives: WasmNatives;
  readonly heaps: HeapBlocks;
  /** Undefined where no accesses are checked. */
  readonly shadows: ShadowMemories | undefined;
  /** Undefined where atomic operations are not recorded. */
  readonly atomics: WasmAtomics | undefined;
  /** The name of our section in modules, and of what they import from us: one that no page knows. */
  readonly name: string;
  /** The instrumented form of a module that the engine has compiled; undefined: it stays as it is, and was said why. */
  readonly rewrite: ((bytes: Uint8Array) => Rewrite | undefined) | undefined;
  /** An instrumented module could not be used, so the original runs. */
  refused(error: unknown): void;
  /** Of the module compiled from so many bytes, 0 for a stream: what may be atomic instructions is told of, or is none. */
  covered(bytes: number, how: 'recorded' | 'none'): void;
  /** A module of which that was said runs here all the same without being heard. */
  missed(): void;
}

/** The instrumented form of a module of the page's. */
interface Hooked {
  readonly module: object;
  readonly layout: FunctionLayout;
  /** See `HeapBlocks`. */
  readonly key: number;
  readonly hearsHeap: boolean;
  readonly recordsAtomics: boolean;
  readonly checks: CheckLayout | undefined;
}

/** A module whose instrumented form cannot be had here. */
type Unhooked = 'none' | 'unheard';

/**
 * Lets modules run in their instrumented form. The page keeps modules that are the originals in every way, the engine's
 * own compilation of the same bytes first having said what is wrong with them; wherever such a one is instantiated in a
 * realm that is entered, its instrumented form runs in its stead, with imports that the page does not see.
 */
export function hookDoors(host: DoorHost): void {
  const { doors, natives, heaps, name, rewrite, shadows } = host;
  const hooked = new IntrinsicWeakMap<object, Hooked | Unhooked>();
  const compile = (bytes: Uint8Array): Promise<object> =>
    apply(doors.compile.native, undefined, [bytes]) as Promise<object>;

  const hookedBy = (module: object, rewrite: Rewrite): Hooked => ({
    module,
    layout: rewrite.layout,
    key: heaps.keyOf(rewrite),
    hearsHeap: rewrite.hearsHeap,
    recordsAtomics: rewrite.recordsAtomics,
    checks: rewrite.checks,
  });

  const attempt = <T>(run: () => T): T | undefined => {
    try {
      return run();
    } catch (error) {
      host.refused(error);
      return undefined;
    }
  };

  /** What is compiled in the place of `module`, now. */
  const compiled = (module: object, source: unknown, newTarget: Native): object =>
    attempt(() => {
      const bytes = rewrite && copyOfBytes(source);
      const made = bytes && rewrite(bytes);
      if (!made) return module;
      const { native } = doors.Module;
      const own = constructAs(native, [made.bytes], native);
      const tagged = constructAs(native, [tagModule(bytes, name, made)], newTarget);
      weakMapSet(hooked, tagged, hookedBy(own, made));
      tell(bytes, made, false);
      return tagged;
    }) ?? module;

  /** Says what is known of the atomic instructions of a module; `made` is its instrumented form. */
  const tell = (bytes: Uint8Array, made: Rewrite | undefined, isStream: boolean): void => {
    const length = lengthOf(bytes);
    if (made?.recordsAtomics) host.covered(isStream ? 0 : length, 'recorded');
    // What came as a stream nobody else has looked into.
    else if (isStream && scanModule(bytes, length) === 'none') host.covered(0, 'none');
  };

  /** The same, by and by. Settles well always. */
  const compiling = (
    module: object,
    bytes: Uint8Array | undefined,
    isStream = false,
  ): Promise<object> =>
    new IntrinsicPromise((resolve) => {
      const made = attempt(() => bytes && rewrite?.(bytes));
      if (!bytes || !made) {
        if (bytes) attempt(() => tell(bytes, undefined, isStream));
        resolve(module);
        return;
      }
      const failed = (error: unknown): void => {
        host.refused(error);
        resolve(module);
      };
      void promiseThen(
        compile(made.bytes),
        (own) =>
          void promiseThen(
            compile(tagModule(bytes, name, made)),
            (tagged) => {
              weakMapSet(hooked, tagged, hookedBy(own, made));
              attempt(() => tell(bytes, made, isStream));
              resolve(tagged);
            },
            failed,
          ),
        failed,
      );
    });

  const hookedOf = (module: unknown): Hooked | Unhooked => {
    if (typeof module !== 'object' || module === null) return 'none';
    const known = weakMapGet(hooked, module);
    if (known) return known;
    const section = sectionOf(module);
    if (section === 'no module') return 'none';
    const tag = section && readTag(section);
    const found = tag && attempt(() => hookedBy(moduleOf(tag.bytes), tag));
    const made = found ?? (tag?.recordsAtomics ? 'unheard' : 'none');
    weakMapSet(hooked, module, made);
    return made;
  };
  const moduleOf = (bytes: Uint8Array): object =>
    constructAs(doors.Module.native, [bytes], doors.Module.native);
  const sectionOf = (module: object): ArrayBuffer | 'no module' | undefined => {
    try {
      return natives.sectionsOf(module, name)[0];
    } catch {
      return 'no module';
    }
  };

  /** Where the memory of an instance is found whose module allocates in it. */
  const memoryIn = (original: object, imports: unknown): object | undefined => {
    const list = natives.importsOf(original);
    for (let i = 0; i < list.length; i++) {
      const { module = '', name, kind } = list[i] as WasmDescriptor;
      if (kind !== 'memory') continue;
      const from = objectIn(imports, module);
      return from && objectIn(from, name);
    }
    return undefined;
  };
  const exportedMemory = (original: object, instance: object): object | undefined => {
    const list = natives.exportsOf(original);
    for (let i = 0; i < list.length; i++) {
      const { name, kind } = list[i] as WasmDescriptor;
      if (kind === 'memory') return objectIn(natives.membersOf(instance), name);
    }
    return undefined;
  };

  /**
   * Runs `make` with the instrumented module and completed imports, or with what the page has given, where the
   * engine will complain of it.
   */
  const instantiating = <T>(
    module: unknown,
    imports: unknown,
    make: (module: unknown, imports: unknown, made: (instance: object) => void) => T,
  ): T => {
    const found = attempt(() => hookedOf(module)) ?? 'none';
    const missed = (): void => {
      attempt(() => host.missed());
    };
    const original = module as object;
    if (typeof found === 'string' || !found.hearsHeap) isUnheard(module, imports);
    if (typeof found === 'string') {
      return make(module, imports, found === 'none' ? () => undefined : missed);
    }
    const completed = attempt(() => complete(original, imports, found));
    if (!completed) {
      isUnheard(module, imports);
      return make(module, imports, found.recordsAtomics ? missed : () => undefined);
    }
    const { heap, imports: all } = completed;
    return make(found.module, all, (instance) => {
      attempt(() => {
        const memory = heap.memory ?? exportedMemory(original, instance);
        if (memory) heaps.adopt(heap, memory);
        if (found.recordsAtomics && !(memory && host.atomics)) missed();
      });
    });
  };

  /** What a module allocates and frees in its memory is not heard. */
  const isUnheard = (module: unknown, imports: unknown): void => {
    attempt(() => {
      const memory = isModule(module) && memoryIn(module as object, imports);
      if (!memory) return;
      heaps.expose(memory);
      shadows?.usedUnseen(memory, UNHEARD);
    });
  };

  const complete = (
    original: object,
    imports: unknown,
    { layout, key, recordsAtomics, checks }: Hooked,
  ): { readonly heap: Heap; readonly imports: object } | undefined => {
    const isObject = imports !== undefined;
    if (!isImports(imports) || (!isObject && natives.importsOf(original).length > 0)) {
      return undefined;
    }
    const memory = memoryIn(original, imports);
    const checked = checks && shadows?.importsFor(memory, checks, layout, key);
    if (checks && !checked) return undefined;
    const heap = heaps.heapOf(checked?.heap ?? memory, key);
    const ours = {
      __proto__: null,
      ...heaps.importsFor(heap, layout),
      ...(recordsAtomics ? (host.atomics?.importsFor(() => heap.memory) ?? DEAF) : undefined),
      ...checked?.imports,
    };
    if (!isObject) return { heap, imports: { __proto__: null, [name]: ours } };
    const get = (target: object, key: PropertyKey): unknown =>
      key === name ? ours : (target as { readonly [key: PropertyKey]: unknown })[key];
    const handler = { __proto__: null, get } as ProxyHandler<object>;
    return { heap, imports: new IntrinsicProxy(imports as object, handler) };
  };

  const instantiateModule = (module: unknown, imports: unknown): Promise<object> =>
    instantiating(module, imports, (module, imports, made) =>
      promiseThen(
        apply(doors.instantiate.native, undefined, [module, imports]) as Promise<object>,
        (instance) => {
          made(instance);
          return instance;
        },
        rethrow,
      ),
    );

  /** Of bytes or of a stream: what is resolved with holds both. */
  const instantiateCompiled = (compiled: Promise<object>, imports: unknown): Promise<object> =>
    promiseThen(
      compiled,
      (module) =>
        promiseThen(
          instantiateModule(module, imports),
          (instance) => ({ module, instance }),
          rethrow,
        ),
      rethrow,
    ) as Promise<object>;

  const compileBytes = (source: unknown, bytes: Uint8Array): Promise<object> =>
    promiseThen(
      apply(doors.compile.native, undefined, [source]) as Promise<object>,
      (module) => compiling(module, bytes),
      rethrow,
    ) as Promise<never>;

  /** The stream is the engine's; a copy of it gives the bytes. */
  const compileStream = (source: unknown): Promise<object> => {
    const given = new IntrinsicPromise<unknown>((resolve) => resolve(source));
    let body: Promise<ArrayBuffer | undefined> = nothing();
    const response = promiseThen(
      given,
      (response) => {
        // What is no response, or was read, the engine refuses in its own words.
        const copy = silently(() => natives.bodyOf?.(response));
        if (copy !== undefined) body = promiseThen(copy, (buffer) => buffer, ignore);
        return response;
      },
      rethrow,
    );
    const native = apply(doors.compileStreaming.native, undefined, [response]) as Promise<object>;
    return promiseThen(
      native,
      (module) =>
        promiseThen(body, (buffer) => compiling(module, copyOfBytes(buffer), true), ignore),
      rethrow,
    ) as Promise<never>;
  };

  const isModule = (source: unknown): boolean =>
    typeof source === 'object' &&
    source !== null &&
    (weakMapGet(hooked, source) !== undefined || sectionOf(source) !== 'no module');

  stand(doors.instantiate, (native, self, args) => {
    const source = at(args, 0);
    const imports = at(args, 1);
    if (!isPlain(args, 2)) return apply(native, self, args);
    if (isModule(source)) return instantiateModule(source, imports);
    const bytes = rewrite && isImports(imports) ? silently(() => copyOfBytes(source)) : undefined;
    if (!bytes) return apply(native, self, args);
    // What is wrong with the bytes it says in the words of the function that was called.
    const failed = (): Promise<never> => apply(native, self, [bytes, imports]) as Promise<never>;
    return instantiateCompiled(promiseThen(compileBytes(source, bytes), same, failed), imports);
  });
  if (rewrite) {
    stand(doors.compile, (native, self, args) => {
      const bytes = isPlain(args, 1) ? silently(() => copyOfBytes(at(args, 0))) : undefined;
      return bytes ? compileBytes(args[0], bytes) : apply(native, self, args);
    });
    stand(doors.compileStreaming, (native, self, args) =>
      isPlain(args, 1) ? compileStream(args[0]) : apply(native, self, args),
    );
    stand(doors.instantiateStreaming, (native, self, args) => {
      const imports = at(args, 1);
      if (!isPlain(args, 2) || !isImports(imports)) return apply(native, self, args);
      return instantiateCompiled(promiseThen(compileStream(args[0]), same, renamed), imports);
    });
    standClass(doors.Module, (native, args, newTarget) => {
      const module = constructAs(native, args, newTarget);
      return isPlain(args, 1) ? compiled(module, args[0], newTarget) : module;
    });
  }
  standClass(doors.Instance, (native, args, newTarget) =>
    instantiating(at(args, 0), at(args, 1), (module, imports, made) => {
      const instance = constructAs(native, [module, imports], newTarget);
      made(instance);
      return instance;
    }),
  );
}

/** Whether the engine takes it for imports: where there are none to be had, it may be missing. */
function isImports(imports: unknown): boolean {
  return imports === undefined || typeof imports === 'function' || isObject(imports);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** An argument; what is missing is not looked up on the page's `Array.prototype`. */
function at(args: readonly unknown[], index: number): unknown {
  return index < args.length ? args[index] : undefined;
}

/** Whether there are no options behind the first `count` arguments, which ask for what we do not know. */
function isPlain(args: readonly unknown[], count: number): boolean {
  return args.length > 0 && (args.length <= count || args[count] === undefined);
}

/** Puts `run` in the place of the native function, behind what observes it. */
function stand(door: WasmDoors['compile'], run: ApplyTrap): void {
  const { native, trap: before } = door;
  // It takes nothing from iterators, which rest parameters do not need either.
  const ours: Native = function (this: unknown, ...args: readonly unknown[]) {
    return run(native, this, args);
  };
  door.trap = (_native, self, args) =>
    before ? before(ours, self, args) : apply(ours, self, args);
}

function standClass(door: WasmDoors['Module'], make: ConstructTrap): void {
  const { native, trap: before } = door;
  const ours = function (this: unknown, ...args: readonly unknown[]): object {
    return make(native, args, new.target as unknown as Native);
  } as unknown as Native;
  door.trap = (_native, args, newTarget) => (before ?? constructAs)(ours, args, newTarget);
}

function objectIn(owner: unknown, key: string): object | undefined {
  if (typeof owner !== 'object' || owner === null) return undefined;
  const found = ownData(owner, key);
  return typeof found === 'object' && found !== null ? found : undefined;
}

const UNHEARD =
  'Memory: a module runs in a heap that does not tell of its blocks, so nothing that is freed in that heap is checked from then on.';
const COMPILE = 'WebAssembly.compileStreaming()';

/** What is wrong with a stream is said in the words of the function that was called. */
function renamed(error: unknown): never {
  const message = isObject(error) ? ownData(error, 'message') : undefined;
  if (typeof message === 'string' && indexOf(message, COMPILE) === 0) {
    const value = `WebAssembly.instantiateStreaming()${slice(message, COMPILE.length)}`;
    defineProperty(error as object, 'message', { __proto__: null, value } as PropertyDescriptor);
  }
  throw error;
}

function same<T>(value: T): T {
  return value;
}

function ignore(): undefined {
  return undefined;
}

function nothing(): Promise<undefined> {
  return new IntrinsicPromise<undefined>((resolve) => resolve(undefined));
}

function rethrow(error: unknown): never {
  throw error;
}

function silently<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
