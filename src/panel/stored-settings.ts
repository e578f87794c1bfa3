import browser from 'webextension-polyfill';
import type { Settings } from '../shared/settings.ts';
import { parseSettings } from './parse-settings.ts';

const KEY = 'settings';

/** The settings kept in `storage.local`; the defaults where nothing or nonsense is kept. */
export async function loadSettings(): Promise<Settings> {
  const stored = (await browser.storage.local.get(KEY))[KEY];
  return parseSettings(stored);
}

/** Whether it records is not read back: a panel that opens records. */
export async function storeSettings(settings: Settings): Promise<void> {
  await browser.storage.local.set({ [KEY]: { ...settings } });
}
