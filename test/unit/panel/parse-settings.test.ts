import { expect, test } from 'vitest';
import { parseOrigins, parseSettings } from '../../../src/panel/parse-settings.ts';
import { DEFAULT_SETTINGS } from '../../../src/shared/settings.ts';

test('nonsense in storage gives the defaults', () => {
  for (const value of [undefined, null, 7, 'x', {}, { fineClock: 'yes', origins: {} }]) {
    expect(parseSettings(value)).toEqual(DEFAULT_SETTINGS);
  }
});

test('what was stored comes back, but a panel that opens records', () => {
  const stored = { recording: false, fineClock: true, origins: ['https://a.test', 3] };
  expect(parseSettings(stored)).toEqual({
    recording: true,
    fineClock: true,
    origins: ['https://a.test'],
  });
});

test('origins are read as people type them', () => {
  expect(parseOrigins('https://a.test/path\n b.test, http://c.test:8080 https://a.test')).toEqual({
    origins: ['https://a.test', 'https://b.test', 'http://c.test:8080'],
    bad: [],
  });
});

test('what is no origin is named', () => {
  expect(parseOrigins('https:// data://x a.test').bad).toEqual(['https://', 'data://x']);
});
