import { expect, test } from 'vitest';
import { parseStack } from '../../../src/export/stack.ts';

const frames = (stack: string) =>
  parseStack(stack).map(({ name, url, line, column }) => `${name} | ${url} | ${line}:${column}`);

test('reads the stacks of V8', () => {
  expect(
    frames(`Error: it broke
    at GainProcessor.process (https://example.org/gain.js:12:5)
    at new Gain (https://example.org/gain.js:3:1)
    at async https://example.org/main.js:40:7
    at eval (eval at make (https://example.org/a.js:1:2), <anonymous>:3:4)
    at Array.map (<anonymous>)`),
  ).toEqual([
    'GainProcessor.process | https://example.org/gain.js | 12:5',
    'new Gain | https://example.org/gain.js | 3:1',
    '(anonymous) | https://example.org/main.js | 40:7',
    'eval | eval at make (https://example.org/a.js:1:2), <anonymous> | 3:4',
    'Array.map | <anonymous> | 0:0',
  ]);
});

test('reads the stacks of SpiderMonkey', () => {
  expect(
    frames('process@https://example.org/gain.js:12:5\n@https://example.org/main.js:40:7\n'),
  ).toEqual([
    'process | https://example.org/gain.js | 12:5',
    '(anonymous) | https://example.org/main.js | 40:7',
  ]);
});

test('finds nothing in an empty stack or in a message', () => {
  expect(frames('')).toEqual([]);
  expect(frames('Error: mail me@example.org\nno frames here')).toEqual([]);
});
