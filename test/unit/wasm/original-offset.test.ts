import { describe, expect, test } from 'vitest';
import { BinaryReader } from '../../../src/wasm/binary-reader.ts';
import { CodeBody } from '../../../src/wasm/code-body.ts';
import { type InstrumentOptions, instrument } from '../../../src/wasm/instrument.ts';
import { List } from '../../../src/wasm/list.ts';
import { OPCODE } from '../../../src/wasm/opcodes.ts';
import { mapOffsets } from '../../../src/wasm/original-offset.ts';
import { readModule, type WasmModule } from '../../../src/wasm/read-module.ts';
import { assemble } from '../../support/wasm-assembler.ts';
import { FROM, INNER_SHADOW, TWO_BODIES } from '../../support/wasm-differential.ts';
import { generateModule } from '../../support/wasm-generator.ts';
import '../../support/wasm-engine.ts';

const OPTIONS: { readonly [name: string]: InstrumentOptions } = {
  'two bodies': {
    from: FROM,
    checks: TWO_BODIES,
  },
  'one body': {
    from: FROM,
    checks: {
      accesses: 'all',
      precision: 'exact',
      bodies: 'one',
      shared: true,
      shadow: INNER_SHADOW,
    },
  },
  'a hooked function': { from: FROM, heap: List.of([{ role: 'malloc', index: 1 }]) },
};

function parsed(bytes: Uint8Array): WasmModule {
  const read = readModule(bytes);
  if (!read.ok) throw new Error(read.error.reason);
  return read.value;
}

/** The instructions of a function: where they are, and what they are called. */
function instructions(module: WasmModule, defined: number): Map<number, string> {
  const body = new CodeBody();
  const [from, to] = [module.bodyFrom.at(defined), module.bodyTo.at(defined)];
  body.read(new BinaryReader(module.bytes, from, to), to);
  return new Map(
    Array.from({ length: body.length }, (_, i) => [
      body.at[i] ?? 0,
      OPCODE.name[body.op[i] ?? 0] ?? '',
    ]),
  );
}

const SAMPLE = `
  import memory env.memory 3 3
  import func env.log il:i
  func i:i
    local.get 0
    i32.load
    i64.const 3
    call 0
    local.get 0
    i32.load offset=100
    drop
  end`;

describe.each(Object.entries(OPTIONS))('with %s', (_, options) => {
  test('every instruction of the original is found where it went, in order', () => {
    const samples = [
      SAMPLE,
      ...[1, 2, 3].map((seed) => generateModule(seed, { bounded: true, simd: true })),
    ];
    for (const text of options.heap ? [SAMPLE] : samples) {
      const bytes = assemble(text);
      const original = parsed(bytes);
      const made = instrument(bytes, options);
      const map = mapOffsets(bytes, options);
      if (!made.ok || !map.ok) throw new Error('refused');
      const instrumented = parsed(made.value.bytes);
      const before = new Map<number, string>();
      for (let defined = 0; defined < original.bodyFrom.length; defined++) {
        for (const [at, name] of instructions(original, defined)) before.set(at, name);
      }
      const reached = new Set<number>();
      for (let defined = 0; defined < instrumented.bodyFrom.length; defined++) {
        let last = 0;
        for (const [at, name] of instructions(instrumented, defined)) {
          const place = map.value(at);
          if (place === undefined) continue;
          // What is ours stands for what comes behind it.
          if (!before.has(place) || place < last) expect.fail(`${at} is ${place}, after ${last}`);
          last = place;
          if (before.get(place) === name) reached.add(place);
        }
      }
      expect([...before.keys()].filter((at) => !reached.has(at))).toEqual([]);
    }
  });
});

test('the places that an engine names in a stack are those of the original', () => {
  const bytes = assemble(SAMPLE.replace('func i:i', 'export f func 1\nfunc i:i'));
  const places = (code: Uint8Array<ArrayBuffer>): number[] => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(code), {
      env: {
        memory: new WebAssembly.Memory({ initial: 3, maximum: 3 }),
        log() {
          throw new Error('stack');
        },
      },
      [FROM]: new Proxy({}, { get: () => () => 0 }),
    });
    try {
      (instance.exports['f'] as (address: number) => number)(8);
    } catch (error) {
      const stack = String((error as Error).stack);
      return Array.from(stack.matchAll(/:0x([0-9a-f]+)/g), (match) =>
        Number.parseInt(match[1] ?? '', 16),
      );
    }
    return [];
  };
  const [place] = places(bytes);
  expect(place).toBeDefined();
  for (const options of Object.values(OPTIONS)) {
    const made = instrument(bytes, options);
    const map = mapOffsets(bytes, options);
    if (!made.ok || !map.ok) throw new Error('refused');
    const [moved = 0] = places(made.value.bytes);
    expect(moved).not.toBe(place);
    expect(map.value(moved)).toBe(place);
  }
});

test('what is in no code is nowhere', () => {
  const map = mapOffsets(assemble(SAMPLE), OPTIONS['one body'] ?? { from: FROM });
  if (!map.ok) throw new Error(map.error.reason);
  expect(map.value(3)).toBeUndefined();
  expect(map.value(1e6)).toBeUndefined();
});
