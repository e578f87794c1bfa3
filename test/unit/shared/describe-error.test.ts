import { expect, test } from 'vitest';
import { describeError } from '../../../src/shared/describe-error.ts';
import { stackOfError } from '../../../src/shared/error-stack.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { captureStack, framesOf } from '../../../src/shared/stack.ts';

test('what was thrown is said in a line, whatever it was', () => {
  expect(describeError(new RangeError('too far'))).toBe('RangeError: too far');
  expect(describeError('a text')).toBe('a text');
  expect(describeError(7)).toBe('7');
  expect(describeError(undefined)).toBe('undefined');
  expect(describeError(Symbol('s'))).toBe('a symbol');
  expect(describeError({})).toBe('an object');
});

test('no getter and no proxy of the page runs for it', () => {
  let ran = false;
  const trap = {
    get message() {
      ran = true;
      return 'trapped';
    },
    get stack() {
      ran = true;
      return 'trapped';
    },
  };
  expect(describeError(trap)).toBe('an object');
  expect(stackOfError(trap, 'own')).toBe('');
  expect(ran).toBe(false);
});

test('a stack keeps the page’s frames, without a header and without ours', () => {
  const text = 'Error: x\n    at page (a.js:1:2)\n    at own (ours.js:3:4)\nnoise\n    at b.js:5:6';
  expect(framesOf(text, 'ours.js')).toBe('at page (a.js:1:2)\nat b.js:5:6');
  const deep = `Error\n${'    at f (a.js:1:1)\n'.repeat(500)}`;
  expect(framesOf(deep, 'ours.js').split('\n').length).toBe(LIMITS.stackFrames);
  expect(framesOf(`    at ${'x'.repeat(1e6)}`, 'ours.js').length).toBeLessThanOrEqual(
    LIMITS.stackUnits,
  );
});

test('a captured stack runs no code of the page and puts its settings back', () => {
  const hostile = () => {
    throw new Error('ran');
  };
  Object.assign(Error, { prepareStackTrace: hostile, stackTraceLimit: 0 });
  try {
    expect(captureStack('nowhere')).toContain('describe-error.test');
    expect(Reflect.get(Error, 'prepareStackTrace')).toBe(hostile);
    expect(Error.stackTraceLimit).toBe(0);
  } finally {
    Reflect.deleteProperty(Error, 'prepareStackTrace');
    Error.stackTraceLimit = 10;
  }
});
