import { expect, test } from 'vitest';
import { digestValue } from '../../../src/hooks/value-digest.ts';

const preview = (value: unknown): string => digestValue(value).preview;

test('values read as they are written', () => {
  expect(preview({ type: 'stop', id: 7, on: true, of: null })).toBe(
    '{type: "stop", id: 7, on: true, of: null}',
  );
  expect(preview([1, [2n, undefined], 'a'])).toBe('[1, [2, undefined], "a"]');
  expect(preview(new Map([[1, 2]]))).toBe('Map(1)');
  expect(preview(new Float32Array(4))).toBe('Float32Array(16)');
  expect(preview(new ArrayBuffer(8))).toBe('ArrayBuffer(8)');
});

test('sizes are estimated', () => {
  expect(digestValue(new Uint8Array(1000)).bytes).toBe(1000);
  expect(digestValue('four').bytes).toBe(4);
  expect(digestValue(Array.from({ length: 10_000 }, () => 1)).bytes).toBe(80_000);
});

test('memory is found wherever it is, the strongest kind', () => {
  const shared = new SharedArrayBuffer(8);
  const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
  expect(digestValue({ a: [1, 'b'] }).memory).toBe('none');
  expect(digestValue({ a: [new Int32Array(shared)] }).memory).toBe('shared');
  expect(digestValue([shared, { bytes }]).memory).toBe('wasm');
  expect(digestValue({ m: new WebAssembly.Memory({ initial: 1 }) }).memory).toBe('wasm');
  expect(digestValue({ m: new WebAssembly.Module(bytes) }).memory).toBe('wasm');
});

test('it is bounded for deep, wide, long and cyclic values', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { deep };
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i]));
  for (const value of [cyclic, deep, wide, 'x'.repeat(1e6), Array(1e6).fill({})]) {
    expect(preview(value).length).toBeLessThanOrEqual(240);
  }
});

test('it asks no getter', () => {
  const value = {
    plain: 1,
    get asked(): number {
      return expect.unreachable();
    },
  };
  expect(preview(value)).toBe('{plain: 1}');
});

test('it looks at nothing that a clone leaves out', () => {
  const trapped = new Proxy([], {
    get() {
      throw new Error('must not run');
    },
  });
  const value = Object.create({ own: false }, { hidden: { value: trapped } });
  expect(preview(value)).toBe('{}');
});
