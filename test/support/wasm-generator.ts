import { IMMEDIATE, OPCODE, opcode } from '../../src/wasm/opcodes.ts';
import { Random } from './random.ts';

export interface GeneratedOptions {
  /** Memory that threads share, and atomic instructions. */
  readonly shared?: boolean;
  /** All addresses lie in the first `HEAP_BYTES`, and the memory, imported, keeps its size. */
  readonly bounded?: boolean;
  readonly simd?: boolean;
  readonly exceptions?: boolean;
}

/** Addresses of a bounded module lie below. */
export const HEAP_BYTES = 0x2_0000;
/** Pages of a bounded module's memory: the heap, and one for whatever else is put there. */
export const BOUNDED_PAGES = 3;

type Letter = 'i' | 'l' | 'f' | 'd' | 'v';

const PARAMS = 'iilfd';
const POINTER_MASK = 0xfff0;
const FUEL = 300;
/** Globals by type; the first is the fuel, the second looks like a stack pointer. */
const GLOBALS = ['i', 'i', 'i', 'l', 'f', 'd'] as const;
const STACK_POINTER = 1;

const ALL = Object.keys(OPCODE.name).map(Number);
const PLAIN = ALL.filter((op) => {
  const { [op]: immediate } = OPCODE.immediate;
  const signature = OPCODE.signature[op] ?? '';
  const plain =
    immediate === IMMEDIATE.none || immediate === IMMEDIATE.lanes || immediate === IMMEDIATE.lane;
  return OPCODE.fixed[op] === 1 && plain && /^[ilfdv]+:[ilfdv]$/.test(signature);
});
const ACCESSES = ALL.filter((op) => OPCODE.bytes[op] !== 0);

/**
 * The text of a valid module with every form of memory access in random control flow: `main` (`iilfd:i`) ends after a
 * while, its globals and its memory are exported, and what it calls of `env.log` tells what it did.
 */
export function generateModule(seed: number, options: GeneratedOptions = {}): string {
  return new Generator(seed, options).module();
}

class Generator {
  readonly #random: Random;
  readonly #options: GeneratedOptions;
  readonly #plain: readonly number[];
  readonly #accesses: readonly number[];
  readonly #lines: string[] = [];
  readonly #functions: string[] = [];
  #locals = '';
  #results = '';
  /** Labels of open blocks, outermost first: the types that a branch to them carries. */
  #labels: string[] = [];
  #budget = 0;

  constructor(seed: number, options: GeneratedOptions) {
    this.#random = new Random(seed);
    this.#options = options;
    const allowed = (op: number): boolean => {
      const signature = OPCODE.signature[op] ?? '';
      if (signature.includes('v') && !options.simd) return false;
      if (op >= opcode(0xfd, 0x100) && op < opcode(0xfe, 0)) return false;
      return op < opcode(0xfe, 0) || options.shared === true;
    };
    this.#plain = PLAIN.filter(allowed);
    this.#accesses = ACCESSES.filter(allowed);
  }

  module(): string {
    const { shared = false, bounded = false, simd = false } = this.#options;
    const random = this.#random;
    const count = 2 + random.below(4);
    this.#functions.push(`${PARAMS}:i`);
    for (let i = 1; i < count; i++) {
      const params = Array.from({ length: random.below(4) }, () => this.#letter()).join('');
      this.#functions.push(`${params}:${random.pick(['', 'i', 'l', 'd', simd ? 'v' : 'f'])}`);
    }
    const pages = bounded ? `${BOUNDED_PAGES} ${BOUNDED_PAGES}` : '2 4';
    const limits = `${pages}${shared ? ' shared' : ''}`;
    const lines = this.#lines;
    lines.push('import func env.log il:i');
    if (bounded || random.chance(0.5)) lines.push(`import memory env.memory ${limits}`);
    else lines.push(`memory ${limits}`);
    lines.push(`table ${count}`, `elem ${this.#functions.map((_, i) => i + 1).join(' ')}`);
    GLOBALS.forEach((letter, i) => {
      lines.push(
        `global ${letter} ${i === 0 ? FUEL : i === STACK_POINTER ? 4096 : random.below(99)}`,
      );
    });
    lines.push(...GLOBALS.map((_, i) => `export g${i} global ${i}`));
    lines.push('export memory memory 0', 'export main func 1', 'data 64 0102030405060708');
    lines.push('data passive a1a2a3a4a5a6a7a8b1b2b3b4');
    if (this.#options.exceptions) lines.push('tag i:');
    for (const signature of this.#functions) this.#function(signature);
    return lines.join('\n');
  }

  #emit(line: string): void {
    this.#lines.push(line);
  }

  #letter(): Letter {
    return this.#random.pick(this.#options.simd ? [...'iilfdv'] : [...'iilfd']) as Letter;
  }

  #function(signature: string): void {
    const [params = '', results = ''] = signature.split(':');
    const extra = Array.from({ length: 2 + this.#random.below(4) }, () => this.#letter()).join('');
    // Two locals that only ever hold addresses, and one that counts.
    this.#locals = `${params}${extra}`;
    this.#results = results;
    this.#labels = [results];
    this.#budget = 25 + this.#random.below(60);
    this.#emit(`func ${signature} locals ${extra}iii`);
    if (this.#random.chance(0.3)) {
      this.#emit(
        `global.get ${STACK_POINTER}\ni32.const 32\ni32.sub\nlocal.tee ${this.#pointer(0)}`,
      );
      this.#emit(`i32.const 77\ni32.store offset=${this.#random.below(32)}`);
    } else this.#setPointer();
    this.#burn();
    this.#statements(4);
    for (const letter of results) this.#expression(letter as Letter, 3);
    this.#emit('end');
  }

  #pointer(which: number): number {
    return this.#locals.length + which;
  }

  /** Ends what would go on for ever. */
  #burn(): void {
    this.#emit('global.get 0\ni32.eqz\nif\nunreachable\nend');
    this.#emit('global.get 0\ni32.const 1\ni32.sub\nglobal.set 0');
  }

  #setPointer(): void {
    const which = this.#random.below(2);
    this.#expression('i', 2);
    this.#emit(`i32.const ${POINTER_MASK}\ni32.and\nlocal.set ${this.#pointer(which)}`);
  }

  #statements(depth: number): void {
    for (let left = 1 + this.#random.below(5); left > 0 && this.#budget > 0; left--) {
      this.#statement(depth);
    }
  }

  #statement(depth: number): void {
    this.#budget--;
    const random = this.#random;
    const deep = depth > 0;
    switch (random.below(20)) {
      case 0:
        this.#setPointer();
        break;
      case 1: {
        const local = random.below(this.#locals.length);
        this.#expression(this.#locals[local] as Letter, 3);
        this.#emit(`local.set ${local}`);
        break;
      }
      case 2: {
        const global = 1 + random.below(GLOBALS.length - 1);
        if (global === STACK_POINTER) break;
        this.#expression(GLOBALS[global] as Letter, 3);
        this.#emit(`global.set ${global}`);
        break;
      }
      case 3:
        if (deep) this.#block(depth);
        break;
      case 4:
        if (deep) this.#loop(depth);
        break;
      case 5:
        if (deep) this.#if(depth);
        break;
      case 6:
        this.#branch();
        break;
      case 7:
        this.#call();
        break;
      case 8:
        this.#bulk();
        break;
      case 9:
        this.#expression(this.#letter(), 3);
        this.#emit('drop');
        break;
      case 10:
        if (random.chance(0.1)) this.#leave();
        break;
      case 11:
        if (deep && this.#options.exceptions) this.#try(depth);
        break;
      case 12:
      case 13:
        if (deep) this.#sweep();
        break;
      default:
        this.#access();
    }
  }

  /** A loop that goes through memory step by step, and holds nothing that keeps it from being a plain one. */
  #sweep(): void {
    const random = this.#random;
    const index = this.#pointer(0);
    const rounds = this.#pointer(2);
    const scale = random.below(4);
    const stride = random.pick([1, 1, 2, 4, -1, -2, 8]);
    const count = 1 + random.below(12);
    this.#emit(`i32.const ${(16 + random.below(64)) * 8}\nlocal.set ${index}`);
    this.#emit(`i32.const ${count}\nlocal.set ${rounds}`);
    const address = (): void => {
      this.#emit(`local.get ${index}`);
      if (random.chance(0.2)) this.#emit(`i32.const ${random.below(4)}\ni32.or`);
      if (random.chance(0.5)) this.#emit(`i32.const ${scale}\ni32.shl`);
      if (random.chance(0.6)) this.#emit(`local.get ${this.#pointer(1)}\ni32.add`);
    };
    const tail = random.chance(0.3);
    if (tail) this.#emit('block');
    this.#emit('loop');
    const access = (): void => {
      const op = this.#pickAccess();
      this.#accessOf(op, address);
      if (op < 0x36) this.#emit('drop');
    };
    for (let left = 1 + random.below(3); left > 0; left--) access();
    this.#emit(`local.get ${index}\ni32.const ${stride}\ni32.add\nlocal.set ${index}`);
    if (random.chance(0.3)) access();
    this.#emit(`local.get ${rounds}\ni32.const 1\ni32.sub\nlocal.tee ${rounds}\nbr_if 0`);
    this.#emit(tail ? 'br 1\nend\nend' : 'end');
  }

  /** One without a result. */
  #pickAccess(): number {
    return this.#random.pick(
      this.#accesses.filter((op) => (OPCODE.signature[op] ?? '').endsWith(':') || op < 0x36),
    );
  }

  #access(): void {
    const op = this.#random.pick(this.#accesses);
    const [, gives = ''] = (OPCODE.signature[op] ?? '').split(':');
    this.#accessOf(op);
    if (gives !== '') this.#emit('drop');
  }

  #accessOf(op: number, address = (): void => this.#address()): void {
    const random = this.#random;
    const name = OPCODE.name[op] ?? '';
    const [takes = ''] = (OPCODE.signature[op] ?? '').split(':');
    address();
    for (const letter of takes.slice(1)) {
      // A wait must not last.
      if (name.includes('wait') && letter === 'l') this.#emit('i64.const 0');
      else this.#expression(letter as Letter, 2);
    }
    const natural = Math.log2(OPCODE.bytes[op] ?? 1);
    const align = name.includes('atomic') ? natural : random.below(natural + 1);
    const offset = random.chance(0.1) ? random.below(0x8000) : random.below(16) * 8;
    this.#emit(`${name} offset=${offset} align=${align} 0`);
  }

  #address(): void {
    const random = this.#random;
    const kind = random.below(10);
    if (kind < 6) this.#emit(`local.get ${this.#pointer(random.below(2))}`);
    else if (kind === 6) {
      this.#emit(`local.get ${this.#pointer(0)}\ni32.const ${random.below(64)}\ni32.add`);
    } else if (kind === 7) this.#emit(`i32.const ${random.below(1024) * 8}`);
    else if (kind === 8 && !this.#options.bounded) this.#expression('i', 2);
    else {
      this.#expression('i', 1);
      this.#emit(`i32.const ${POINTER_MASK}\ni32.and`);
      if (random.chance(0.5)) this.#emit(`local.tee ${this.#pointer(random.below(2))}`);
    }
  }

  #bulk(): void {
    const random = this.#random;
    const length = (): void =>
      this.#emit(`i32.const ${random.below(random.chance(0.2) ? 3000 : 40)}`);
    this.#address();
    switch (random.below(4)) {
      case 0:
        this.#address();
        length();
        this.#emit('memory.copy 0 0');
        break;
      case 1:
        this.#expression('i', 1);
        length();
        this.#emit('memory.fill 0');
        break;
      case 2:
        this.#emit(`i32.const ${random.below(6)}\ni32.const ${random.below(8)}\nmemory.init 1 0`);
        break;
      default:
        this.#emit(this.#options.bounded ? 'drop' : 'drop\ni32.const 1\nmemory.grow 0\ndrop');
        if (random.chance(0.05)) this.#emit('data.drop 1');
    }
  }

  #block(depth: number): void {
    const result = this.#random.chance(0.3) ? this.#letter() : '';
    this.#emit(`block ${result}`);
    this.#labels.push(result);
    this.#statements(depth - 1);
    if (result !== '') this.#expression(result as Letter, 2);
    this.#labels.pop();
    this.#emit(result === '' ? 'end' : 'end\ndrop');
  }

  #loop(depth: number): void {
    this.#emit('loop');
    this.#labels.push('');
    this.#burn();
    this.#statements(depth - 1);
    this.#expression('i', 1);
    this.#emit('i32.const 3\ni32.and\nbr_if 0');
    this.#labels.pop();
    this.#emit('end');
  }

  #if(depth: number): void {
    this.#expression('i', 2);
    this.#emit('if');
    this.#labels.push('');
    this.#statements(depth - 1);
    if (this.#random.chance(0.6)) {
      this.#emit('else');
      this.#statements(depth - 1);
    }
    this.#labels.pop();
    this.#emit('end');
  }

  #try(depth: number): void {
    this.#emit('try');
    this.#labels.push('');
    this.#statements(depth - 1);
    if (this.#random.chance(0.5)) {
      this.#expression('i', 1);
      this.#emit('throw 0');
    }
    this.#emit('catch 0');
    this.#emit(`i32.const ${POINTER_MASK}\ni32.and\nlocal.set ${this.#pointer(0)}`);
    this.#statements(depth - 1);
    if (this.#random.chance(0.5)) {
      this.#emit('catch_all');
      this.#statements(depth - 1);
    }
    this.#labels.pop();
    this.#emit('end');
  }

  #branch(): void {
    const random = this.#random;
    const at = random.below(this.#labels.length);
    const types = this.#labels[at] ?? '';
    const label = this.#labels.length - 1 - at;
    for (const letter of types) this.#expression(letter as Letter, 2);
    this.#expression('i', 2);
    if (types === '' && random.chance(0.2)) {
      // All labels of a table carry the same.
      this.#emit(`i32.const 1\ni32.and\nif\ni32.const 0\nbr_table ${label + 1} ${label + 1}\nend`);
    } else {
      this.#emit(`i32.const 7\ni32.and\ni32.eqz\nbr_if ${label}`);
      if (types !== '') this.#emit([...types].map(() => 'drop').join('\n'));
    }
  }

  #leave(): void {
    this.#expression('i', 1);
    this.#emit('i32.const 7\ni32.and\ni32.eqz\nif');
    for (const letter of this.#results) this.#expression(letter as Letter, 1);
    this.#emit(this.#random.chance(0.8) ? 'return' : 'unreachable');
    this.#emit('end');
  }

  #call(): void {
    const random = this.#random;
    if (random.chance(0.4)) {
      this.#expression('i', 2);
      this.#expression('l', 2);
      this.#emit('call 0\ndrop');
      return;
    }
    const target = random.below(this.#functions.length);
    const signature = this.#functions[target] ?? ':';
    const [params = '', results = ''] = signature.split(':');
    for (const letter of params) this.#expression(letter as Letter, 1);
    if (random.chance(0.3)) this.#emit(`i32.const ${target}\ncall_indirect ${signature}`);
    else this.#emit(`call ${target + 1}`);
    if (results !== '') this.#emit('drop');
  }

  #expression(letter: Letter, depth: number): void {
    const random = this.#random;
    this.#budget--;
    if (depth <= 0 || this.#budget <= 0 || random.chance(0.25)) {
      this.#leaf(letter);
      return;
    }
    const kind = random.below(10);
    if (kind < 3) {
      const ops = this.#accesses.filter((op) =>
        (OPCODE.signature[op] ?? '').endsWith(`:${letter}`),
      );
      if (ops.length > 0) this.#accessOf(random.pick(ops));
      else this.#leaf(letter);
    } else if (kind < 4) {
      this.#expression(letter, depth - 1);
      this.#expression(letter, depth - 1);
      this.#expression('i', depth - 1);
      this.#emit(letter === 'v' || random.chance(0.3) ? `select_typed ${letter}` : 'select');
    } else if (kind < 5) {
      const locals = [...this.#locals].flatMap((of, i) => (of === letter ? [i] : []));
      this.#expression(letter, depth - 1);
      if (locals.length > 0) this.#emit(`local.tee ${random.pick(locals)}`);
    } else if (kind < 6) {
      this.#expression('i', depth - 1);
      this.#emit(`if ${letter}`);
      this.#labels.push(letter);
      this.#expression(letter, depth - 1);
      this.#emit('else');
      this.#expression(letter, depth - 1);
      this.#labels.pop();
      this.#emit('end');
    } else {
      const ops = this.#plain.filter((op) => (OPCODE.signature[op] ?? '').endsWith(`:${letter}`));
      const op = random.pick(ops);
      const [takes = ''] = (OPCODE.signature[op] ?? '').split(':');
      for (const operand of takes) this.#expression(operand as Letter, depth - 1);
      this.#emit(`${OPCODE.name[op]} 0`);
    }
  }

  #leaf(letter: Letter): void {
    const random = this.#random;
    const locals = [...this.#locals].flatMap((of, i) => (of === letter ? [i] : []));
    const globals = GLOBALS.flatMap((of, i) => (of === letter && i > 0 ? [i] : []));
    const kind = random.below(4);
    if (kind < 2 && locals.length > 0) this.#emit(`local.get ${random.pick(locals)}`);
    else if (kind === 2 && globals.length > 0) this.#emit(`global.get ${random.pick(globals)}`);
    else if (letter === 'i' && !this.#options.bounded && random.chance(0.1))
      this.#emit('memory.size 0');
    else
      this.#emit(
        constant(letter, random.chance(0.5) ? random.below(256) : random.below(2 ** 31) - 2 ** 30),
      );
  }
}

function constant(letter: Letter, value: number): string {
  const names = { i: 'i32', l: 'i64', f: 'f32', d: 'f64', v: 'v128' } as const;
  return `${names[letter]}.const ${value}`;
}
