/**
 * What Emscripten's glue makes of `programs/fetches.c`: requests by XMLHttpRequest, or from IndexedDB where the file was
 * stored before. Only the first kind gives a handle an id. Nothing in here is part of any bug.
 */

/** What the functions are called in the program, a release build. */
const LETTERS = {
  fetch_url: 'c',
  fetch_new: 'd',
  fetch_data: 'e',
  fetch_loaded: 'f',
  fetch_close: 'g',
  fetch_mark: 'h',
  fetch_peak_and_close: 'i',
};
const PAGES = 2;
const FILES = 'FILES';

/** Starts the program; its functions keep their names, and `load` resolves with the handle of a request that has ended. */
export async function startFetches() {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const bytes = () => new Uint8Array(memory.buffer);
  const database = await openFiles();
  const waiting = new Map();
  const requests = [];

  const loaded = (handle, id, buffer) => {
    const data = functions.fetch_data(buffer.byteLength);
    bytes().set(new Uint8Array(buffer), data);
    functions.fetch_loaded(handle, id, data, buffer.byteLength);
    waiting.get(handle)(handle);
  };
  const urlOf = () => {
    const from = functions.fetch_url();
    return String.fromCharCode(...bytes().slice(from, bytes().indexOf(0, from)));
  };
  const startFetch = (handle, persist) => {
    if (persist) {
      const request = database.transaction(FILES).objectStore(FILES).get(urlOf());
      request.onsuccess = () => loaded(handle, 0, request.result);
      return;
    }
    const request = new XMLHttpRequest();
    const id = requests.push(request);
    request.open('GET', urlOf());
    request.responseType = 'arraybuffer';
    request.onload = () => loaded(handle, id, request.response);
    request.send();
  };
  const { instance } = await WebAssembly.instantiateStreaming(
    fetch(new URL('programs/fetches.dlmalloc.min.wasm', import.meta.url)),
    { env: { memory }, a: { c: startFetch } },
  );
  instance.exports.__wasm_call_ctors();
  const functions = {};
  for (const [full, letter] of Object.entries(LETTERS)) functions[full] = instance.exports[letter];

  return {
    ...functions,
    /** Keeps a file for later loads with `persist`. */
    store(url, buffer) {
      const request = database.transaction(FILES, 'readwrite').objectStore(FILES).put(buffer, url);
      return new Promise((resolve) => {
        request.onsuccess = resolve;
      });
    },
    load(url, { persist = false } = {}) {
      bytes().set(
        [...url, '\0'].map((letter) => letter.charCodeAt(0)),
        functions.fetch_url(),
      );
      return new Promise((resolve) => {
        const handle = functions.fetch_new(Number(persist));
        waiting.set(handle, resolve);
      });
    },
  };
}

function openFiles() {
  const request = indexedDB.open('emscripten_filesystem', 1);
  request.onupgradeneeded = () => request.result.createObjectStore(FILES);
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
