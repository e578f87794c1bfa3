import { expect, test } from 'vitest';
import { parseStackFrame, shortPlace } from '../../../src/panel/detail/stack-frame.ts';

test.each([
  [
    'at Voice.start (https://a.test/app/voice.js:88:17)',
    'Voice.start',
    'https://a.test/app/voice.js',
    88,
    17,
  ],
  [
    'Voice.start (https://a.test/app/voice.js:88:17)',
    'Voice.start',
    'https://a.test/app/voice.js',
    88,
    17,
  ],
  ['at https://a.test/x.js:1:2', '(anonymous)', 'https://a.test/x.js', 1, 2],
  [
    'at async load (http://localhost:8080/m.mjs:3:9)',
    'async load',
    'http://localhost:8080/m.mjs',
    3,
    9,
  ],
  ['start@https://a.test/voice.js:4:5', 'start', 'https://a.test/voice.js', 4, 5],
  ['at new Node (blob:https://a.test/0b5c:7:1)', 'new Node', 'blob:https://a.test/0b5c', 7, 1],
])('%s names a place', (text, fn, url, line, column) => {
  expect(parseStackFrame(text)).toMatchObject({ fn, place: { url, line, column } });
});

test.each([
  'at Array.map (<anonymous>)',
  'at native code',
  'at f (javascript:alert(1):1:1)',
  'at f (chrome://settings/x.js:1:1)',
  'at f (data:text/html,<script>:1:1)',
  '<img src=x onerror=alert(1)>',
  '',
])('%s opens nothing', (text) => {
  expect(parseStackFrame(text).place).toBeUndefined();
});

test('a frame without a place is shown as it is', () => {
  expect(parseStackFrame('at Array.map (<anonymous>)').fn).toBe('Array.map (<anonymous>)');
});

test('a line of a megabyte is cut, not searched', () => {
  const began = performance.now();
  expect(parseStackFrame(`at ${'(('.repeat(500_000)}`).text.length).toBeLessThanOrEqual(2048);
  expect(performance.now() - began).toBeLessThan(200);
});

test('the place is short but tells files apart', () => {
  expect(shortPlace({ url: 'https://a.test/app/voice.js?v=3', line: 8, column: 1 })).toBe(
    'voice.js:8:1',
  );
  expect(shortPlace({ url: 'https://a.test/', line: 8, column: 1 })).toBe('a.test:8:1');
});
