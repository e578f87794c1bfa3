import browser from 'webextension-polyfill';
import { FRAME_PORT, PANEL_PORT, WAKE } from '../shared/messages.ts';
import { Switchboard } from './switchboard.ts';

const switchboard = new Switchboard((tabId) => {
  browser.tabs.sendMessage(tabId, WAKE).catch((error: unknown) => {
    // A tab without our scripts (a browser page, or one older than the extension) hears nobody.
    console.debug('nobody to wake in tab', tabId, error);
  });
});

browser.runtime.onConnect.addListener((port) => {
  const fromOurPages = port.sender?.url?.startsWith(browser.runtime.getURL('')) === true;
  if (port.name === FRAME_PORT && !fromOurPages) switchboard.addFrame(port);
  else if (port.name === PANEL_PORT && fromOurPages) switchboard.addPanel(port);
  else port.disconnect();
});
