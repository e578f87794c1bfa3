import { expect, test } from 'vitest';
import { recogniseEmscripten } from '../../../../src/injected/late/emscripten.ts';

const NOT = { role: 'no', userData: 0, callback: 0 };
const NODE = { role: 'node', callback: 3, userData: 5248 };

test('the options of current, old and minified glue are known', () => {
  const current = { callback: 3, userData: 5248, samplesPerChannel: 128 };
  expect(recogniseEmscripten(current, false)).toEqual(NODE);
  expect(recogniseEmscripten({ cb: 3, ud: 5248 }, false)).toEqual(NODE);
  expect(recogniseEmscripten({ R: 3, S: 5248, P: 128 }, true)).toEqual(NODE);
});

test('letters alone prove nothing without a start-up', () => {
  expect(recogniseEmscripten({ R: 3, S: 5248, P: 128 }, false)).toEqual(NOT);
});

test('the bootstrap is known by what it carries', () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const module = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  expect(recogniseEmscripten({ a: module, b: memory, c: 1 }, false).role).toBe('bootstrap');
  expect(recogniseEmscripten({ b: memory }, false)).toEqual(NOT);
});

for (const [what, options] of Object.entries({
  nothing: undefined,
  text: 'callback',
  halves: { callback: 3 },
  fractions: { callback: 3.5, userData: 10 },
  texts: { callback: '3', userData: '10' },
  'more letters': { a: 1, b: 2, c: 3, d: 4 },
  'long names': { gain: 1, detune: 2 },
  'a single number': { a: 1 },
})) {
  test(`${what} is nobody’s glue`, () => {
    expect(recogniseEmscripten(options, true)).toEqual(NOT);
  });
}

test('a getter is not asked', () => {
  const options = Object.defineProperty({ userData: 1 }, 'callback', {
    get: () => expect.unreachable(),
  });
  expect(recogniseEmscripten(options, true)).toEqual(NOT);
});
