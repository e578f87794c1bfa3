import { ATOMIC_IMPORT } from '../../src/wasm/atomics.ts';
import { findAllocator, hookable } from '../../src/wasm/find-allocator.ts';
import { HEAP_IMPORT } from '../../src/wasm/heap-hooks.ts';
import {
  IMPORT,
  type Instrumented,
  type InstrumentOptions,
  instrument,
} from '../../src/wasm/instrument.ts';
import { type MemoryType, readModule, type WasmModule } from '../../src/wasm/read-module.ts';
import { EXTERNAL } from '../../src/wasm/section.ts';
import { CELL, shadowPages, TURNS } from '../../src/wasm/shadow.ts';
import { Random } from './random.ts';

const FROM = '#outputs';
const ROUNDS = 3;
/** Calls out of the module that one call into it may make: a program that waits for something it never gets asks for ever. */
const MOST_CALLS_OUT = 10_000;
const WASI_BADF = 8;
/** Of these a program makes sizes and flags; what its functions give is added, for many give blocks. */
const NUMBERS = [0, 1, 2, 7, 64, 480, 48_000, -1] as const;
const MOST_NUMBERS = 64;
const MOST_PAGES = 65_536;

/** How a module runs. With `freed memory` all of its memory counts as freed, so that every check finds something. */
export const FORMS = ['original', 'heap hooks', 'full', 'full, freed memory'] as const;
export type Form = (typeof FORMS)[number];

/** What a module did when each of its functions was called a few times. */
export interface Output {
  /** Calls that came back, and calls that trapped. */
  readonly returned: number;
  readonly trapped: number;
  /** What checks reported. */
  readonly reports: number;
  /** By round: results, traps, calls out of the module, and its memory. */
  readonly digests: readonly number[];
}

interface Runnable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly made: Instrumented | undefined;
}

/**
 * Runs a module as well as can be done without knowing it: imports give nothing, exported functions are called in order
 * with numbers that stand for sizes or are what others gave. The same form does the same each time. `begin` hears which
 * call begins; calls in `skipped` are left out, such as those that never end.
 */
export function outputOf(
  bytes: Uint8Array<ArrayBuffer>,
  form: Form,
  skipped: readonly number[],
  begin: (call: number) => void,
): Output {
  const read = readModule(bytes);
  if (!read.ok) throw new Error(read.error.reason);
  return new Run(read.value, formOf(read.value, bytes, form), form).all(skipped, begin);
}

function formOf(module: WasmModule, bytes: Uint8Array<ArrayBuffer>, form: Form): Runnable {
  if (form === 'original') return { bytes, made: undefined };
  const found = findAllocator(module);
  if (!found.ok) throw new Error(found.error.reason);
  const heap: InstrumentOptions = { from: FROM, atomics: true, heap: hookable(found.value) };
  const checks = {
    accesses: 'all',
    precision: 'accumulated',
    bodies: 'two',
    shared: true,
  } as const;
  const made = instrument(bytes, form === 'heap hooks' ? heap : { ...heap, checks });
  if (!made.ok) throw new Error(made.error.reason);
  return { bytes: made.value.bytes, made: made.value };
}

class Run {
  readonly #module: WasmModule;
  readonly #instance: WebAssembly.Instance;
  readonly #digest = new Digest();
  readonly #numbers: number[] = [...NUMBERS];
  #memory: WebAssembly.Memory | undefined;
  #callsOut = 0;
  #reports = 0;

  constructor(module: WasmModule, { bytes, made }: Runnable, form: Form) {
    this.#module = module;
    const imports = this.#imports();
    if (made) imports[FROM] = this.#ours(made, form);
    this.#instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports);
    this.#memory ??= Object.values(this.#instance.exports).find(
      (each) => each instanceof WebAssembly.Memory,
    );
  }

  all(skipped: readonly number[], begin: (call: number) => void): Output {
    const { exports } = this.#module;
    const random = new Random(1);
    const digests: number[] = [];
    let [returned, trapped, call] = [0, 0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      for (let i = 0; i < exports.length; i++) {
        const { name, kind, index } = exports.at(i);
        if (kind !== EXTERNAL.function) continue;
        const signature = this.#signature(index);
        const args = [...signature.slice(0, signature.indexOf(':'))].map((letter) =>
          this.#argument(letter, random),
        );
        if (skipped.includes(call++)) continue;
        begin(call - 1);
        if (this.#call(name, args)) returned++;
        else trapped++;
      }
      if (this.#memory) this.#digest.bytes(this.#memory.buffer);
      digests.push(this.#digest.value);
    }
    return { returned, trapped, reports: this.#reports, digests };
  }

  /** Whether it came back. */
  #call(name: string, args: readonly unknown[]): boolean {
    const run = this.#instance.exports[name] as (...args: readonly unknown[]) => unknown;
    this.#callsOut = 0;
    try {
      const result = run(...args);
      this.#digest.add(result);
      const isNumber = typeof result === 'number' && Number.isInteger(result);
      const hasRoom = this.#numbers.length < MOST_NUMBERS;
      if (isNumber && hasRoom && !this.#numbers.includes(result)) this.#numbers.push(result);
      return true;
    } catch (error) {
      const message = error instanceof Error ? error.message : 'exception';
      // How deep it came depends on the size of frames: so does what it left behind.
      if (error instanceof RangeError) throw new Error(`stack: ${message}`);
      this.#digest.text(message);
      return false;
    }
  }

  #argument(letter: string, random: Random): unknown {
    const number = this.#numbers[random.below(this.#numbers.length)] ?? 0;
    return letter === 'l' ? BigInt(number) : number;
  }

  #signature(functionIndex: number): string {
    return this.#module.types.signature(this.#module.functions.at(functionIndex));
  }

  /** What the original imports, as far as modules without their script can have it. */
  #imports(): Record<string, Record<string, WebAssembly.ImportValue>> {
    const { imports, memories, globals, tags, types } = this.#module;
    const given: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    const counts = { functions: 0, memories: 0, globals: 0, tags: 0 };
    for (let i = 0; i < imports.length; i++) {
      const { module, name, kind } = imports.at(i);
      given[module] ??= {};
      const into = given[module];
      if (kind === EXTERNAL.function) {
        into[name] = this.#stub(`${module}.${name}`, this.#signature(counts.functions++));
      } else if (kind === EXTERNAL.memory) {
        this.#memory = memoryOf(memories.at(counts.memories++));
        into[name] = this.#memory;
      } else if (kind === EXTERNAL.global) {
        const { type, mutable } = globals.at(counts.globals++);
        into[name] = new WebAssembly.Global({ value: VALUE_TYPES[type] ?? 'i32', mutable });
      } else if (kind === EXTERNAL.table) {
        into[name] = new WebAssembly.Table({ initial: 20_000, element: 'anyfunc' });
      } else {
        throw new Error(`imports ${tags.length} tags of ${types.length} types`);
      }
    }
    return given;
  }

  #stub(name: string, signature: string): () => unknown {
    const failed = name.startsWith('wasi_') ? WASI_BADF : 0;
    const result = signature.endsWith('l') ? 0n : failed;
    return (...args: readonly unknown[]) => {
      if (++this.#callsOut > MOST_CALLS_OUT) throw new Error('enough');
      this.#digest.text(name);
      for (const arg of args) this.#digest.add(arg);
      return result;
    };
  }

  #ours({ memory, shadow }: Instrumented, form: Form): Record<string, WebAssembly.ImportValue> {
    const ours: Record<string, WebAssembly.ImportValue> = {
      [IMPORT.report]: () => {
        this.#reports++;
      },
      [HEAP_IMPORT.allocated]: () => undefined,
      [HEAP_IMPORT.freeing]: (address: number) => address,
      [HEAP_IMPORT.evicted]: () => 0,
      [HEAP_IMPORT.reallocating]: () => -1,
      [HEAP_IMPORT.reallocated]: () => undefined,
      [ATOMIC_IMPORT.place]: () => 1,
      [ATOMIC_IMPORT.number]: () => 2,
      [ATOMIC_IMPORT.told]: () => 3,
    };
    if (memory) {
      this.#memory = memoryOf(memory);
      ours[IMPORT.memory] = this.#memory;
    }
    if (shadow) {
      const pages = shadowPages(shadow);
      const cells = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      new DataView(cells.buffer).setUint32(shadow.cells + CELL.armed, TURNS, true);
      const size = (this.#memory ?? cells).buffer.byteLength;
      if (form === 'full, freed memory')
        new Uint8Array(cells.buffer, shadow.base, size / 8).fill(1);
      ours[IMPORT.shadow] = cells;
    }
    return ours;
  }
}

const VALUE_TYPES: { readonly [type: number]: WebAssembly.ValueType } = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
};

function memoryOf({ minimum, maximum, shared }: MemoryType): WebAssembly.Memory {
  return new WebAssembly.Memory({
    initial: minimum,
    ...(maximum === undefined && !shared ? {} : { maximum: maximum ?? MOST_PAGES }),
    shared,
  });
}

/** Of all that was put in, in order. */
class Digest {
  readonly #double = new DataView(new ArrayBuffer(8));
  value = 1;

  add(value: unknown): void {
    if (typeof value !== 'number') {
      this.text(typeof value === 'bigint' ? `${value}` : typeof value);
      return;
    }
    this.#double.setFloat64(0, value);
    this.#put(this.#double.getInt32(0));
    this.#put(this.#double.getInt32(4));
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#put(text.charCodeAt(i));
  }

  bytes(buffer: ArrayBufferLike): void {
    this.#put(buffer.byteLength);
    const words = new Int32Array(buffer);
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? 0;
      if (word !== 0) this.#put(word ^ i);
    }
  }

  #put(word: number): void {
    this.value = (Math.imul(this.value ^ word, 0x01000193) + (this.value >>> 15)) | 0;
  }
}
