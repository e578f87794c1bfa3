import { expect, test } from 'vitest';
import { findHeldView } from '../../../src/hooks/held-views.ts';

const isFloat = (view: ArrayBufferView): boolean => view instanceof Float32Array;

test('a view is found among the properties of an object, and of what it holds', () => {
  const view = new Float32Array(1);
  expect(findHeldView({ bytes: new Uint8Array(1), view }, isFloat)).toBe('this.view');
  expect(findHeldView({ list: [undefined, view] }, isFloat)).toBe('this.list[1]');
  expect(findHeldView({ input: { channels: [view] } }, isFloat)).toBe('this.input.channels[0]');
});

test('what lies deeper, is inherited, or stands behind a getter is not looked at', () => {
  const view = new Float32Array(1);
  const fail = (): never => {
    throw new Error('asked');
  };
  expect(findHeldView({ a: { b: { c: [view] } } }, isFloat)).toBeUndefined();
  expect(findHeldView(Object.create({ view }) as object, isFloat)).toBeUndefined();
  expect(findHeldView(Object.defineProperty({}, 'view', { get: fail }), isFloat)).toBeUndefined();
});

test('a processor that holds itself, or very much, is looked through for a while', () => {
  const round: { self?: object; list?: object[] } = {};
  round.self = round;
  round.list = Array.from({ length: 1000 }, () => ({ more: [{}, {}] }));
  expect(findHeldView(round, isFloat)).toBeUndefined();
});
