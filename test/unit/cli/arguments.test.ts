import { expect, test } from 'vitest';
import { parseInspectArguments } from '../../../src/cli/arguments.ts';

const parse = (line: string) =>
  parseInspectArguments(line.split(' ').filter((word) => word !== ''));

test('records five seconds and prints a table unless told otherwise', () => {
  expect(parse('http://localhost:8000')).toEqual({
    ok: true,
    value: { url: 'http://localhost:8000/', seconds: 5, runSeconds: 60, json: false },
  });
});

test('reads every flag, before and after the URL', () => {
  expect(
    parse(
      '--seconds 0.5 --run play() --run-seconds 120 https://a.example/x --json --out o --profile p --chrome c --stress 42 --memory heap --quarantine 64',
    ),
  ).toEqual({
    ok: true,
    value: {
      url: 'https://a.example/x',
      seconds: 0.5,
      json: true,
      run: 'play()',
      runSeconds: 120,
      out: 'o',
      profile: 'p',
      chrome: 'c',
      stress: 42,
      memory: 'heap',
      quarantine: 64,
    },
  });
});

test.each([
  '',
  'no-url',
  'javascript:alert(1)',
  'chrome://settings',
  'data:text/html,x',
  'http://a http://b',
  'http://a --seconds',
  'http://a --seconds soon',
  'http://a --seconds -1',
  'http://a --seconds 1e9',
  'http://a --run-seconds long',
  'http://a --stress',
  'http://a --stress 0',
  'http://a --stress 1.5',
  'http://a --stress 4294967296',
  'http://a --stress luck',
  'http://a --memory',
  'http://a --memory all',
  'http://a --quarantine 0',
  'http://a --quarantine 1.5',
  'http://a --frobnicate',
  'http://a --json=no',
])('says in one line what is wrong with "%s"', (line) => {
  const result = parse(line);
  expect(result.ok).toBe(false);
  if (!result.ok) expect(result.error).toMatch(/^[^\n]+$/);
});
