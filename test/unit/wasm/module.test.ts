import { describe, expect, test } from 'vitest';
import { type InstrumentOptions, instrument } from '../../../src/wasm/instrument.ts';
import { List } from '../../../src/wasm/list.ts';
import { readModule, type WasmModule } from '../../../src/wasm/read-module.ts';
import { EXTERNAL } from '../../../src/wasm/section.ts';
import { Random } from '../../support/random.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM, TWO_BODIES } from '../../support/wasm-differential.ts';
import { generateModule } from '../../support/wasm-generator.ts';
import { publishedModule } from '../../support/wasm-modules.ts';
import '../../support/wasm-engine.ts';
import { rounds } from '../../support/seeds.ts';

/** All that can be asked for at once, where the engine knows but one memory. */
const EVERYTHING: InstrumentOptions = {
  from: FROM,
  checks: TWO_BODIES,
  heap: List.of([]),
  atomics: true,
};

function parsed(bytes: Uint8Array): WasmModule {
  const result = readModule(bytes);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.offset}`);
  return result.value;
}

function refusal(bytes: Uint8Array, options: InstrumentOptions = { from: FROM }): string {
  const result = instrument(bytes, options);
  return result.ok
    ? 'none'
    : `${result.error.kind}: ${result.error.reason} at ${result.error.offset}`;
}

const hex = (...bytes: readonly string[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(`0061736d01000000${bytes.join('')}`.replaceAll(' ', ''), 'hex'));

describe('where nothing is changed', () => {
  test.each(['faust', 'webp'] as const)('%s comes out byte by byte as it went in', (name) => {
    const bytes = publishedModule(name);
    const result = instrument(bytes, { from: FROM });
    expect(result.ok && Buffer.compare(result.value.bytes, bytes)).toBe(0);
    expect(result.ok && result.value.dropped.length).toBe(0);
  });

  test('so do generated modules', () => {
    for (let seed = 0; seed < 20; seed++) {
      const text = generateModule(seed, { shared: seed % 2 === 0, simd: true, exceptions: true });
      const bytes = assemble(text);
      const result = instrument(bytes, { from: FROM });
      expect(result.ok && result.value.bytes).toEqual(bytes);
    }
  });
});

test.each(['faust', 'webp'] as const)('%s with all its functions moved is valid', (name) => {
  const result = instrument(publishedModule(name), { from: FROM, heap: List.of([]) });
  expect(result.ok && WebAssembly.validate(result.value.bytes)).toBe(true);
});

describe('what moves', () => {
  /** Module `m`; functions `l`, `o`, `tw`; the local `a` of the second. */
  const names = `0002016d 010d03 00016c 0101 6f 0202 7477 020601 0101 00 01 61`.replaceAll(' ', '');
  const text = `
    import func env.log i:
    table 3
    elem 1 2 0
    global i 3
    start 2
    export one func 1
    export table table 0
    memory 1
    export memory memory 0
    func i:i
      local.get 0
      call 0
      local.get 0
      i32.const 1
      i32.add
    end
    func :
      i32.const 5
      call 1
      drop
      i32.const 1
      call_indirect :
      ref.func 1
      drop
    end
    custom producers 00
    custom name ${names}
    custom .debug_info 00
    custom sourceMappingURL 0161
    custom metadata.code.branch_hint 00`;

  test('calls, tables, exports, the start function and names follow', () => {
    const recursive = assemble(text.replace('i32.const 1\n      call_indirect :', 'nop'));
    const result = instrument(recursive, { from: FROM, heap: List.of([]) });
    if (!result.ok) throw new Error(result.error.reason);
    const heard: number[] = [];
    const imports = new Proxy({}, { get: () => () => 0 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(result.value.bytes), {
      env: { log: (value: number) => heard.push(value) },
      [FROM]: imports,
    });
    expect(heard).toEqual([5]);
    const table = exports['table'] as WebAssembly.Table;
    expect((exports['one'] as (value: number) => number)(7)).toBe(8);
    expect(table.get(0)(9)).toBe(10);
    expect(heard).toEqual([5, 7, 9]);
  });

  test('names are kept, offsets that would lie are dropped, and said to be', () => {
    const result = instrument(assemble(text), EVERYTHING);
    if (!result.ok) throw new Error(result.error.reason);
    const { bytes, dropped } = result.value;
    const module = new WebAssembly.Module(bytes);
    expect(WebAssembly.Module.customSections(module, 'producers')).toHaveLength(1);
    expect(WebAssembly.Module.customSections(module, 'name')).toHaveLength(1);
    expect(Array.from({ length: dropped.length }, (_, i) => dropped.at(i))).toEqual([
      '.debug_info',
      'sourceMappingURL',
      'metadata.code.branch_hint',
    ]);
  });

  test('a name section that makes no sense is dropped, and the module is not', () => {
    const result = instrument(assemble(text.replace(names, '01ff')), EVERYTHING);
    expect(result.ok && result.value.dropped.at(0)).toBe('name');
  });
});

test.each([
  'memory 1',
  'memory 1 1 shared\ndata 0 00',
  'import memory env.m 1',
  'memory 1\nglobal i 3\nexport g global 0',
  'memory 1\ntag i:',
  'memory 1\ncustom x 00',
  'import func env.f :\nmemory 1\nstart 0\ntable 1\nelem 0',
])('sections that are missing are made, in their places: %s', (text) => {
  const result = instrument(assemble(text), EVERYTHING);
  expect(result.ok && WebAssembly.validate(result.value.bytes)).toBe(true);
});

describe('a module is known', () => {
  test('by its imports, exports and counts', () => {
    const module = parsed(
      assemble(`
        import func env.f il:d
        import memory env.m 2 9 shared
        import global env.g l const
        global i 5
        export g global 1
        func v:
        end`),
    );
    expect(module.imports.length).toBe(3);
    expect(module.imports.at(1)).toEqual({ module: 'env', name: 'm', kind: EXTERNAL.memory });
    expect(module.memories.at(0)).toMatchObject({ minimum: 2, maximum: 9, shared: true });
    expect(module.types.signature(module.functions.at(0))).toBe('il:d');
    expect(module.exports.at(0)).toEqual({ name: 'g', kind: EXTERNAL.global, index: 1 });
    expect([module.importedFunctions, module.functions.length, module.globals.length]).toEqual([
      1, 2, 2,
    ]);
  });

  test('with types that only garbage collection has', () => {
    // A recursion of a final struct with a packed field and a reference to an array, the array, and a function.
    const module = parsed(
      hex(
        '01 18',
        '02',
        '4e 02',
        '50 00 5f 02 78 01 64 01 00',
        '4f 01 00 5e 7f 01',
        '60 01 63 00 01 7f',
      ),
    );
    expect(module.types.length).toBe(3);
    expect(module.types.isFunction(0)).toBe(false);
    expect(module.types.signature(2)).toBe('?:i');
  });
});

describe('what is refused is refused with its place', () => {
  test.each([
    ['malformed: unexpected end at 4', new Uint8Array([0, 0x61, 0x73, 0x6d])],
    [
      'malformed: not a module of version 1 at 4',
      new Uint8Array([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]),
    ],
    ['unsupported: section 14 at 8', hex('0e00')],
    ['malformed: section 1 out of place at 11', hex('030100', '010100')],
    ['malformed: unexpected end at 10', hex('01ff')],
    ['malformed: section 1 is not as long as it says at 11', hex('01020000')],
    ['unsupported: type form 92 at 11', hex('0102015c')],
    ['malformed: no type 0 of a function at 11', hex('03020100')],
    ['limit: 1000001 types at 10', hex('0103c1843d')],
    ['malformed: 1 functions with 0 bodies at 18', hex('01040160 0000', '03020100')],
  ] as const)('%s', (reason, bytes) => {
    expect(refusal(bytes)).toBe(reason);
  });

  const body = (...code: readonly string[]): Uint8Array<ArrayBuffer> => {
    const bytes = code.join('').replaceAll(' ', '');
    const size = (bytes.length / 2).toString(16).padStart(2, '0');
    const section = (bytes.length / 2 + 2).toString(16).padStart(2, '0');
    return hex('01040160 0000', '03020100', `0a${section}01${size}`, bytes);
  };

  test.each([
    ['unsupported: instruction 0xe0 at 23', body('00 e0 0b')],
    ['unsupported: instruction 0xfd8006 at 23', body('00 fd8006 0b')],
    ['unsupported: instruction 0xff at 23', body('00 ff 0b')],
    ['malformed: instructions after the end of a function at 24', body('00 0b 0b')],
    ['malformed: unexpected end at 24', body('00 01')],
    ['malformed: outside of a block at 23', body('00 05 0b')],
    ['limit: 50001 locals at 23', body('01 d18603 7f 0b')],
  ] as const)('%s', (reason, bytes) => {
    expect(refusal(bytes)).toBe(reason);
  });
});

/** Milliseconds of processor time that it takes to instrument a module. */
function time(bytes: Uint8Array): number {
  const begin = process.cpuUsage();
  instrument(bytes, EVERYTHING);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}

describe('whatever the bytes', () => {
  const samples = [0, 1, 2].map((seed) =>
    assemble(generateModule(seed, { shared: true, simd: true, exceptions: true, bounded: true })),
  );

  test('a module that is cut off is refused, or is another module', () => {
    for (const bytes of samples) {
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.slice(0, length);
        const result = instrument(cut, EVERYTHING);
        if (result.ok)
          expect(WebAssembly.validate(result.value.bytes)).toBe(WebAssembly.validate(cut));
      }
    }
  });

  test('noise never makes it throw, nor a module valid that was not', () => {
    const random = new Random(7);
    let taken = 0;
    for (let round = 0; round < rounds(300); round++) {
      const bytes = random.pick(samples).slice();
      for (let hits = 1 + random.below(3); hits > 0; hits--) {
        bytes[random.below(bytes.length)] = random.below(256);
      }
      const result = instrument(bytes, EVERYTHING);
      if (!result.ok) continue;
      taken++;
      const was = WebAssembly.validate(bytes);
      if (was) expect(WebAssembly.validate(result.value.bytes), `round ${round}`).toBe(true);
    }
    expect(taken).toBeGreaterThan(50);
  });

  test('a nest of blocks, of calls and of locals takes time in line with its size', () => {
    const nest = (depth: number): Uint8Array<ArrayBuffer> =>
      assemble(`
        memory 1
        func i: locals ${'i'.repeat(2000)}
          ${'block\nlocal.get 0\nlocal.set 1\nlocal.get 1\ni32.load\ndrop\n'.repeat(depth)}
          ${'end\n'.repeat(depth)}
        end`);
    const small = nest(1000);
    const large = nest(8000);
    time(small);
    expect(time(large)).toBeLessThan(Math.max(time(small), 10) * 60);
  });

  test('functions with all the locals there may be do not take longer than others of their size', () => {
    const functions = (locals: number): Uint8Array<ArrayBuffer> => {
      const one = `func i: locals ${'i'.repeat(locals)}\n${'block\nend\n'.repeat(60)}local.get 0\ni32.load\ndrop\nend\n`;
      return assemble(`memory 1\n${one.repeat(40)}`);
    };
    expect(time(functions(5000))).toBeLessThan(2000);
  });
});
