import type { Browser } from 'webextension-polyfill';

declare global {
  var browser: Browser | undefined;
  var chrome: Browser;
}

/**
 * The extension API as this browser names it. Both give promises where this realm needs them, so the
 * polyfill stays out of a script that runs in every frame of every page.
 */
export const extension: Browser = globalThis.browser ?? globalThis.chrome;
