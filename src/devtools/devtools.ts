import browser from 'webextension-polyfill';

browser.devtools.panels
  .create('Lifeline', '/icons/icon-32.png', '/panel/panel.html')
  .catch((error: unknown) => console.error('Worklet Lifeline: no panel', error));
