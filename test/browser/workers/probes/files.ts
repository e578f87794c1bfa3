/** What a worker says of its scope. Resolves everything relative to its own URL. */
const DESCRIBE = `
  const text = async (from) => {
    try { return await (await from()).text(); } catch (error) { return String(error); }
  };
  const attempt = (run) => {
    try { return run(); } catch (error) { return String(error); }
  };
  const xhr = (url) => new Promise((done) => {
    try {
      const request = new XMLHttpRequest();
      request.open('GET', url);
      request.onload = () => done(request.responseText);
      request.onerror = () => done('error');
      request.send();
    } catch (error) { done(String(error)); }
  });
  const shape = (value) => {
    if (typeof value !== 'function') return typeof value;
    return [value.name, value.length, Function.prototype.toString.call(value), Object.getOwnPropertyNames(value).join()];
  };
  const describe = async () => ({
    location: ['href', 'origin', 'protocol', 'host', 'hostname', 'pathname', 'search', 'hash'].map((key) => self.location[key]),
    text: String(self.location),
    json: JSON.stringify(self.location),
    sameLocation: self.location === location,
    tag: Object.prototype.toString.call(self.location),
    name: self.name,
    isolated: self.crossOriginIsolated,
    globals: Object.getOwnPropertyNames(self).filter((name) => name !== '__lifeline__').sort().join(),
    shapes: ['postMessage', 'close', 'fetch', 'importScripts', 'Worker', 'Request', 'WebSocket', 'EventSource', 'MessageChannel', 'BroadcastChannel', 'addEventListener'].map((key) => shape(self[key])),
    methods: [[XMLHttpRequest, 'open'], [MessagePort, 'postMessage'], [MessagePort, 'start'], [Worker, 'postMessage'], [Worker, 'terminate'], [EventTarget, 'addEventListener'], [Cache, 'match']].map(([owner, key]) => shape(owner.prototype[key])),
    accessors: [[WorkerLocation, 'href'], [MessagePort, 'onmessage'], [Worker, 'onmessage']].map(([owner, key]) => {
      const found = Object.getOwnPropertyDescriptor(owner.prototype, key);
      return [shape(found.get), shape(found.set), found.enumerable, found.configurable];
    }),
    constructors: [Worker, Request, WebSocket, MessageChannel].map((each) => each.prototype.constructor === each),
    fetched: await text(() => fetch('sibling.txt')),
    fetchedUp: await text(() => fetch('../sibling.txt')),
    requested: attempt(() => new Request('sibling.txt').url),
    derived: attempt(() => { class Derived extends Request {} return [new Derived('x').url, new Derived('x') instanceof Derived]; }),
    xhr: await xhr('sibling.txt'),
    socket: attempt(() => new WebSocket('socket').url),
    events: attempt(() => { const events = new EventSource('events.txt'); events.close(); return events.url; }),
    redirect: attempt(() => Response.redirect('elsewhere').headers.get('location')),
    bad: [attempt(() => new Request('http://[')), await text(() => fetch('http://[')), attempt(() => new WebSocket('http://['))],
    imported: await import(self.location.protocol === 'blob:' ? 'data:text/javascript,export default 1' : './module.js').then((module) => module.default, String),
    stack: new Error('here').stack.split('\\n').slice(0, 2).join(),
    thisless: attempt(() => (0, postMessage) === postMessage),
  });
`;

const ANSWER = `
  self.onmessage = async ({ data }) => postMessage({ greeting: data, ...(await describe()) });
`;

const CLASSIC = `
  importScripts('part.js');
  ${DESCRIBE}
  const described = describe;
  self.onmessage = async ({ data }) => {
    const inScripts = attempt(() => { importScripts('part.js', '/part.js'); return [part, attempt(() => importScripts('missing.js')), attempt(() => importScripts('syntax.js'))]; });
    postMessage({ greeting: data, inScripts, ...(await described()) });
  };
`;

const MODULE = `
  import part from './module.js';
  ${DESCRIBE}
  self.onmessage = async ({ data }) => postMessage({ greeting: data, part, meta: import.meta.url, refused: attempt(() => importScripts('part.js')), ...(await describe()) });
`;

const nest = (type: string, script: string): string => `
  const worker = new Worker('${script}', { type: '${type}', name: 'a name' });
  worker.onmessage = ({ data }) => postMessage(data);
  worker.onerror = (event) => postMessage({ error: event.message });
  self.onmessage = ({ data }) => worker.postMessage(data);
`;

export const PROBE_FILES: Readonly<Record<string, string>> = {
  '/folder/classic.js': CLASSIC,
  '/folder/module-worker.js': MODULE,
  '/folder/blob.js': DESCRIBE + ANSWER,
  '/folder/nest-classic.js': nest('classic', 'classic.js'),
  '/folder/nest-module.js': nest('module', './module-worker.js'),
  '/folder/module.js': 'export default "a module beside it";',
  '/folder/part.js': 'var part = "a script beside it";',
  '/part.js': 'var part = "a script above it";',
  '/folder/sibling.txt': 'a file beside it',
  '/sibling.txt': 'a file above it',
  '/folder/syntax.js': '\n  this is no script',
  '/folder/throws.js': '\n\n  throw new TypeError("on load");',
  '/folder/throws-later.js': 'self.onmessage = () => {\n  null.x;\n};',
  '/folder/imports-throws.js': '\nimportScripts("throws.js");',
  '/folder/imports-syntax.js': '\nimportScripts("syntax.js");',
};
