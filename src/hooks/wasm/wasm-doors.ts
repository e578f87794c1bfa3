import {
  apply,
  defineProperty,
  IntrinsicPromise,
  indexOf,
  ownData,
  promiseThen,
  slice,
} from '../../base/intrinsics.ts';
import { type ApplyTrap, type ConstructTrap, constructAs, type Native } from '../../base/patch.ts';
import { chain } from '../chain.ts';
import { HookedModules } from './hooked-modules.ts';
import { copyOfBytes } from './wasm-atomics.ts';
import type { WasmDoors } from './wasm-compilations.ts';
import { type InstancesHost, isImports, WasmInstances } from './wasm-instances.ts';

export interface DoorHost extends InstancesHost {
  /** Runs what the page would have to wait for without us, too: what a thread measures its synchronous work by. */
  readonly theirs?: <T>(run: () => T) => T;
}

/**
 * Lets modules run in their instrumented form. The page keeps modules that are the originals in every way, the engine's
 * own compilation of the same bytes first having said what is wrong with them; wherever such a one is instantiated in a
 * realm that is entered, its instrumented form runs in its stead, with imports that the page does not see. Gives what rewrites
 * modules for other threads.
 */
export function hookDoors(host: DoorHost): (bytes: Uint8Array) => Promise<object | undefined> {
  const { doors, natives, rewrite, theirs } = host;
  const modules = new HookedModules(host);
  const instances = new WasmInstances(host, modules);

  const instantiateModule = (module: unknown, imports: unknown): Promise<object> =>
    instances.make(module, imports, (module, imports, made) =>
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
    chain(compiled, (module) =>
      promiseThen(
        instantiateModule(module, imports),
        (instance) => ({ module, instance }),
        rethrow,
      ),
    );

  const compileBytes = (source: unknown, bytes: Uint8Array<ArrayBuffer>): Promise<object> =>
    chain(apply(doors.compile.native, undefined, [source]) as Promise<object>, (module) =>
      modules.compiling(module, bytes),
    );

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
    return chain(native, (module) =>
      chain(body, (buffer) => modules.compiling(module, copyOfBytes(buffer), true)),
    );
  };

  stand(doors.instantiate, (native, self, args) => {
    const source = at(args, 0);
    const imports = at(args, 1);
    if (!isPlain(args, 2)) return apply(native, self, args);
    if (modules.isModule(source)) return instantiateModule(source, imports);
    const bytes = rewrite && isImports(imports) ? silently(() => copyOfBytes(source)) : undefined;
    if (!bytes) return apply(native, self, args);
    // What is wrong with the bytes it says in the words of the function that was called.
    const failed = (): Promise<object> => apply(native, self, [bytes, imports]) as Promise<object>;
    const given = (module: object): Promise<object> =>
      new IntrinsicPromise((resolve) => resolve(module));
    return instantiateCompiled(chain(compileBytes(source, bytes), given, failed), imports);
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
      const run = (): object => constructAs(native, args, newTarget);
      const module = theirs ? theirs(run) : run();
      return isPlain(args, 1) ? modules.compiled(module, args[0], newTarget) : module;
    });
  }
  standClass(doors.Instance, (native, args, newTarget) =>
    instances.make(at(args, 0), at(args, 1), (module, imports, made) => {
      const run = (): object => constructAs(native, [module, imports], newTarget);
      const instance = theirs ? theirs(run) : run();
      made(instance);
      return instance;
    }),
  );
  return (bytes) => modules.rewriting(bytes);
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

const COMPILE = 'WebAssembly.compileStreaming()';

/** What is wrong with a stream is said in the words of the function that was called. */
function renamed(error: unknown): never {
  const isObject = typeof error === 'object' && error !== null;
  const message = isObject ? ownData(error, 'message') : undefined;
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
