import browser from 'webextension-polyfill';
import { parseSettings, SETTINGS_KEY, type Settings } from '../shared/settings.ts';

/** The settings kept in `storage.local`. Whether it records is not kept: a panel that opens records. */
export async function loadSettings(): Promise<Settings> {
  const stored = await browser.storage.local.get(SETTINGS_KEY);
  return { ...parseSettings(stored[SETTINGS_KEY]), recording: true };
}

export async function storeSettings(settings: Settings): Promise<void> {
  await browser.storage.local.set({ [SETTINGS_KEY]: { ...settings, recording: true } });
}
