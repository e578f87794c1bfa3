import { loudest } from './worker-part.js';

/** Says where it is and what it could load from there, to be compared with what the page knows. */
onmessage = async ({ data }) => {
  const { quietest } = await import('./worker-part.js');
  const part = await fetch('worker-part.js');
  postMessage({
    loudest: loudest(data),
    quietest: quietest(data),
    location: location.href,
    module: import.meta.url,
    fetched: new URL(part.url).pathname,
    name,
  });
};
