import { expect, test } from 'vitest';
import { parseOrigins } from '../../../src/panel/parse-origins.ts';

test('origins are read as people type them', () => {
  expect(parseOrigins('https://a.test/path\n b.test, http://c.test:8080 https://a.test')).toEqual({
    origins: ['https://a.test', 'https://b.test', 'http://c.test:8080'],
    bad: [],
  });
});

test('what is no origin is named', () => {
  expect(parseOrigins('https:// data://x a.test').bad).toEqual(['https://', 'data://x']);
});
