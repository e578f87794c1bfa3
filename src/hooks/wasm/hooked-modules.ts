import {
  apply,
  IntrinsicPromise,
  IntrinsicUint8Array,
  IntrinsicWeakMap,
  lengthOf,
  promiseThen,
  weakMapGet,
  weakMapSet,
} from '../../base/intrinsics.ts';
import { constructAs, type Native } from '../../base/patch.ts';
import type { HeapBlocks } from '../heap/heap-blocks.ts';
import type { FormsAhead, NumberedForms } from './forms-ahead.ts';
import { copyOfBytes, scanModule } from './wasm-atomics.ts';
import type { WasmDoors } from './wasm-compilations.ts';
import type { WasmNatives } from './wasm-natives.ts';
import { bytesName, type Form, type Rewrite, readTag, tagModule } from './wasm-tag.ts';

export interface ModulesHost {
  readonly doors: WasmDoors;
  readonly natives: WasmNatives;
  readonly heaps: HeapBlocks;
  /** The name of our section in modules, and of what they import from us: one that no page knows. */
  readonly name: string;
  /** The instrumented form of a module that the engine has compiled; undefined: it stays as it is, and was said why. */
  readonly rewrite: ((bytes: Uint8Array) => Rewrite | undefined) | undefined;
  /** The same by another thread, which gives the module with its form behind it, so that this one is not held up. */
  readonly elsewhere: ((bytes: Uint8Array<ArrayBuffer>) => Promise<object | undefined>) | undefined;
  /**
   * Whether what this thread compiles at once runs in its form here only, which saves compiling it a third time. Not so where
   * a thread that gets it has to know that its atomic instructions are recorded elsewhere.
   */
  readonly staysHere: boolean;
  /** Forms that the page has sent ahead. */
  readonly forms: NumberedForms;
  /** Sends a form ahead; undefined where it is not the page's. */
  readonly ahead: FormsAhead | undefined;
  /** Runs what compiles a form once more, since it has not come ahead. */
  again(compile: () => object): object;
  /** An instrumented module could not be used, so the original runs. */
  refused(error: unknown): void;
  /** Of the module compiled from so many bytes, 0 for a stream: what may be atomic instructions is told of, or is none. */
  covered(bytes: number, how: 'recorded' | 'none'): void;
}

/** The instrumented form of a module of the page's. */
export interface Hooked extends Form {
  readonly module: object;
  /** See `HeapBlocks`. */
  readonly key: number;
}

/** A module whose instrumented form cannot be had here. */
export type Unhooked = 'none' | 'unheard';

/** The modules of one thread that are the page's originals in every way, and the instrumented form of each. */
export class HookedModules {
  readonly #host: ModulesHost;
  readonly #known = new IntrinsicWeakMap<object, Hooked | Unhooked>();

  constructor(host: ModulesHost) {
    this.#host = host;
  }

  /** Gives nothing where it throws, and says that the original runs. */
  attempt<T>(run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      this.#host.refused(error);
      return undefined;
    }
  }

  isModule(source: unknown): boolean {
    return (
      typeof source === 'object' &&
      source !== null &&
      (weakMapGet(this.#known, source) !== undefined || this.#tagIn(source) !== 'no module')
    );
  }

  of(module: unknown): Hooked | Unhooked {
    if (typeof module !== 'object' || module === null) return 'none';
    const known = weakMapGet(this.#known, module);
    if (known) return known;
    const section = this.#tagIn(module);
    if (section === 'no module') return 'none';
    const tag = section && readTag(section);
    const found =
      tag && this.attempt((): Hooked => ({ ...tag, module: this.#formOf(module, tag.ahead) }));
    const made = found ?? (tag?.recordsAtomics ? 'unheard' : 'none');
    weakMapSet(this.#known, module, made);
    return made;
  }

  /** What is compiled in the place of `module`, now. */
  compiled(module: object, source: unknown, newTarget: Native): object {
    const { doors, heaps, rewrite, staysHere } = this.#host;
    const made = this.attempt(() => {
      const bytes = rewrite && copyOfBytes(source);
      const form = bytes && rewrite(bytes);
      if (!form) return module;
      const { native } = doors.Module;
      const own = constructAs(native, [form.bytes], native);
      let given = module;
      let key: number;
      if (staysHere && !form.recordsAtomics) key = heaps.keyOf(form);
      else {
        const made = this.#tagged(bytes, form, own);
        given = constructAs(native, [made.tagged], newTarget);
        key = made.key;
      }
      weakMapSet(this.#known, given, { ...form, module: own, key });
      this.#tell(bytes, lengthOf(bytes), form.recordsAtomics, false);
      return given;
    });
    return made ?? module;
  }

  /** The same, by and by. Settles well always. */
  compiling(
    module: object,
    bytes: Uint8Array<ArrayBuffer> | undefined,
    isStream = false,
  ): Promise<object> {
    const { elsewhere } = this.#host;
    if (!bytes) return new IntrinsicPromise((resolve) => resolve(module));
    const length = lengthOf(bytes);
    const made = elsewhere ? elsewhere(bytes) : this.rewriting(bytes);
    return promiseThen(
      made,
      (given) => {
        const found = given && this.of(given);
        const isRecorded = typeof found === 'object' && found.recordsAtomics;
        this.attempt(() => this.#tell(bytes, length, isRecorded, isStream));
        return given ?? module;
      },
      () => module,
    ) as Promise<object>;
  }

  /** The module of these bytes with its form behind it; undefined where it stays as it is. Settles well always. */
  rewriting(bytes: Uint8Array): Promise<object | undefined> {
    const { doors, refused, rewrite } = this.#host;
    const compile = (bytes: Uint8Array): Promise<object> =>
      apply(doors.compile.native, undefined, [bytes]) as Promise<object>;
    return new IntrinsicPromise((resolve) => {
      const form = this.attempt(() => rewrite?.(bytes));
      if (!form) {
        resolve(undefined);
        return;
      }
      const failed = (error: unknown): void => {
        refused(error);
        resolve(undefined);
      };
      const finish = (own: object): void => {
        const made = this.attempt(() => this.#tagged(bytes, form, own));
        if (!made) resolve(undefined);
        else {
          void promiseThen(
            compile(made.tagged),
            (given) => {
              weakMapSet(this.#known, given, { ...form, module: own, key: made.key });
              resolve(given);
            },
            failed,
          );
        }
      };
      void promiseThen(compile(form.bytes), finish, failed);
    });
  }

  /** The original with its form behind it, which other threads get at once. */
  #tagged(
    original: Uint8Array,
    form: Rewrite,
    own: object,
  ): { readonly tagged: Uint8Array; readonly key: number } {
    const { ahead, heaps, name } = this.#host;
    const key = heaps.keyOf(form);
    return { tagged: tagModule(original, name, form, key, ahead?.add(own) ?? 0), key };
  }

  #formOf(module: object, ahead: number): object {
    const { doors, forms, name, natives } = this.#host;
    const { native } = doors.Module;
    return (
      (ahead === 0 ? undefined : forms.find(ahead)) ??
      this.#host.again(() => {
        const bytes = natives.sectionsOf(module, bytesName(name))[0];
        return constructAs(native, [new IntrinsicUint8Array(bytes as ArrayBuffer)], native);
      })
    );
  }

  #tagIn(module: object): ArrayBuffer | 'no module' | undefined {
    const { name, natives } = this.#host;
    try {
      return natives.sectionsOf(module, name)[0];
    } catch {
      return 'no module';
    }
  }

  /** Says what is known of the atomic instructions of a module, and whether they are recorded. */
  #tell(bytes: Uint8Array, length: number, isRecorded: boolean, isStream: boolean): void {
    const { covered } = this.#host;
    if (isRecorded) covered(isStream ? 0 : length, 'recorded');
    // What came as a stream nobody else has looked into.
    else if (isStream && scanModule(bytes, length) === 'none') covered(0, 'none');
  }
}
