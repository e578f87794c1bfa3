import { expect, test } from 'vitest';
import {
  DEFAULT_SETTINGS,
  MAX_QUARANTINE,
  parseSettings,
  settingsFor,
} from '../../../src/shared/settings.ts';
import { MAX_SEED } from '../../../src/shared/stress-schedule.ts';

test('what storage does not hold, or holds wrongly, takes its default', () => {
  for (const stored of [
    undefined,
    null,
    1,
    'x',
    {},
    { recording: 1, origins: {}, stress: '7', memory: 'all', quarantine: '4' },
  ]) {
    expect(parseSettings(stored)).toEqual(DEFAULT_SETTINGS);
  }
});

test('a seed is a whole number of 32 bits', () => {
  for (const stress of [1, 42, MAX_SEED]) expect(parseSettings({ stress }).stress).toBe(stress);
  for (const stress of [-1, 0, 1.5, MAX_SEED + 1, Number.NaN, Number.POSITIVE_INFINITY, '1']) {
    expect(parseSettings({ stress }).stress).toBe(0);
  }
});

test('a page that is not recorded keeps its modules as they are', () => {
  const settings = parseSettings({ memory: 'heap', origins: ['https://a.example'] });
  expect(settingsFor('https://a.example', settings).memory).toBe('heap');
  expect(settingsFor('https://b.example', settings).memory).toBe('ledger');
});

test('a page that is not recorded is not stressed either', () => {
  const settings = { ...DEFAULT_SETTINGS, origins: ['https://a.example'], stress: 7 };
  expect(settingsFor('https://a.example', settings)).toMatchObject({ recording: true, stress: 7 });
  expect(settingsFor('https://b.example', settings)).toMatchObject({ recording: false, stress: 0 });
  const paused = { ...settings, recording: false };
  expect(settingsFor('https://a.example', paused)).toMatchObject({ recording: false, stress: 0 });
});

test('a quarantine is a whole number of megabytes', () => {
  const quarantineOf = (quarantine: unknown) => parseSettings({ quarantine }).quarantine;
  for (const megabytes of [1, 64, MAX_QUARANTINE]) expect(quarantineOf(megabytes)).toBe(megabytes);
  for (const bad of [0, -1, 1.5, MAX_QUARANTINE + 1, Number.NaN, '4']) {
    expect(quarantineOf(bad)).toBe(DEFAULT_SETTINGS.quarantine);
  }
});
