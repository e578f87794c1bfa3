/**
 * Breaks every built-in before, or after, the first audio (`?when=`), or freezes them all, then does all that a page can do
 * with audio. What our code called of the page's is in the result, and how often processors ran.
 */
const when = new URLSearchParams(location.search).get('when');
const names = decodeURIComponent(location.hash.slice(1)).split(',');
const QUANTA = 400;

/** Else the browser itself would read the attributes it knows from `Object.prototype`. */
const bare = (object) => ({ __proto__: null, ...object });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const next = (port) =>
  new Promise((done) => {
    port.addEventListener('message', ({ data }) => done(data), bare({ once: true }));
    port.start();
  });

/** As a page does that locks itself down: nothing that the global object leads to can be changed. */
function freezeAll() {
  const seen = new Set([globalThis]);
  for (const object of seen) {
    for (const { value, get, set } of Object.values(Object.getOwnPropertyDescriptors(object))) {
      for (const part of [value, get, set]) {
        if (
          typeof part === 'function' ||
          (typeof part === 'object' && part !== null && object !== globalThis)
        )
          seen.add(part);
      }
    }
  }
  seen.delete(globalThis);
  let frozen = 0;
  for (const object of seen) {
    try {
      Object.freeze(object);
      frozen++;
    } catch {}
  }
  return frozen;
}

async function workout(label, watchScope) {
  const offline = new OfflineAudioContext(2, QUANTA * 128, 48_000);
  await offline.audioWorklet.addModule('worklet-workout.js');
  const make = (name, Class = AudioWorkletNode, processor = 'answering') =>
    new Class(offline, processor, bare({ processorOptions: bare({ name: `${label}/${name}` }) }));
  class Own extends AudioWorkletNode {}
  const first = make('first');
  if (watchScope) {
    first.port.postMessage({ watch: names });
    first.port.postMessage('echo');
    await next(first.port);
  }
  const second = make('second', Own);
  const third = make('third', AudioWorkletNode, 'getting');
  first.connect(second).connect(third).connect(offline.destination);
  const gain = new GainNode(offline, bare({}));
  second.connect(gain, 0, 0);
  gain.connect(third);
  second.disconnect(gain);
  const bad = new AudioWorkletNode(offline, 'throwing');
  const failed = new Promise((done) =>
    bad.addEventListener('error', () => done('processor error')),
  );
  bad.connect(offline.destination);
  const refused = new AudioWorkletNode(offline, 'refusing');
  refused.onprocessorerror = () => {};
  try {
    new AudioWorkletNode(offline, 'nobody registered this');
    throw 'made a node of nothing';
  } catch (error) {
    if (error.name !== 'InvalidStateError') throw error;
  }
  for (const value of [
    1,
    'text',
    null,
    [1, [2]],
    { a: { b: new Map([[1, 2]]) } },
    new Float32Array(8),
  ]) {
    second.port.postMessage(value);
    await next(second.port);
  }
  performance.mark('lifeline:workout');
  const memory = new ArrayBuffer(1024);
  __lifeline__.alloc(memory, 16, 64, 'block');
  __lifeline__.free(memory, 16);
  const buffer = await offline.startRendering();
  if (buffer.length !== QUANTA * 128) throw 'a short buffer';
  await failed;
  first.port.postMessage('seen?');
  const scope = await next(first.port);

  const live = new AudioContext();
  await live.audioWorklet.addModule('worklet-workout.js');
  await live.audioWorklet.addModule('no-such-module.js').then(
    () => Promise.reject('a module out of nothing'),
    (error) => error.name,
  );
  const node = new AudioWorkletNode(
    live,
    'answering',
    bare({ processorOptions: bare({ name: `${label}/live` }) }),
  );
  node.connect(live.destination);
  if (live.state !== 'running') await live.resume();
  node.port.postMessage('echo');
  await next(node.port);
  await sleep(100);
  await live.suspend();
  await live.resume();
  __lifeline__.destroy(node);
  node.disconnect();
  node.port.postMessage('seen?');
  const answer = await next(node.port);
  node.port.close();
  await live.close();
  try {
    new AudioWorkletNode(live, 'answering');
  } catch (error) {
    if (error.name !== 'InvalidStateError') throw error;
  }
  return { scope, live: answer };
}

(async () => {
  const result = { page: [], scopes: [], errors, replaced: 0 };
  try {
    if (when === 'frozen') result.replaced = freezeAll();
    if (when === 'before') result.replaced = sentry.watch(names);
    if (when === 'after') await workout('early', false);
    if (when === 'after') result.replaced = sentry.watch(names);
    result.scopes.push((await workout('late', true)).scope);
    globalThis.gc?.();
    await sleep(50);
    globalThis.gc?.();
    await sleep(300);
  } catch (error) {
    errors.push(String(error?.stack ?? error));
  }
  result.page = sentry.seen;
  finish(result);
})();
