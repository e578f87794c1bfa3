/**
 * Forges the hand-shake in a document that is already observed, and lies in wait in windows that have
 * not been yet: a frame's window outlives its first, empty document, so the parent can be there first.
 *
 *   stolen     the port that such a frame's document hands to the content script
 *   heard      what our script says to the content script
 *   commands   what it is told
 */
const FROM_PAGE = 'worklet-lifeline:page';
const FROM_CONTENT = 'worklet-lifeline:content';
const result = { answers: 0, said: 0, there: {} };
globalThis.stolen = [];
globalThis.heard = [];
globalThis.commands = [];

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const loaded = (iframe) =>
  new Promise((done) => iframe.addEventListener('load', done, { once: true }));

async function forgeHandshake() {
  addEventListener(FROM_CONTENT, () => result.answers++);
  for (let i = 0; i < 20; i++) {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => result.said++;
    const targets = [window, document, document.documentElement];
    dispatchEvent(new MessageEvent(FROM_PAGE, { source: port2 }));
    for (const target of targets)
      target.dispatchEvent(new MessageEvent(FROM_PAGE, { source: port2, bubbles: true }));
    dispatchEvent(new CustomEvent(FROM_PAGE, { detail: port2 }));
    dispatchEvent(new MessageEvent(FROM_CONTENT, { data: 'https://example.org/evil/' }));
    port2.dispatchEvent(
      new MessageEvent('message', { data: { kind: 'fault', message: 'forged' } }),
    );
    port1.postMessage({ kind: 'fault', message: 'forged' });
  }
  result.answers -= 20; // Its own.
}

/** Hears and patches what our script would use in `iframe`, before the document that it will have. */
function lieInWait(iframe) {
  const { contentWindow: win } = iframe;
  win.addEventListener(FROM_PAGE, ({ source }) => stolen.push(source));
  const Native = win.MessageChannel;
  win.MessageChannel = function () {
    const channel = new Native();
    channel.port1.addEventListener('message', ({ data }) => commands.push(data));
    channel.port2.addEventListener('message', ({ data }) => heard.push(data));
    return channel;
  };
}

(async () => {
  await forgeHandshake();
  for (const [name, change] of Object.entries({
    blank: () => {},
    about: (iframe) => {
      iframe.src = 'about:blank';
    },
    srcdoc: (iframe) => {
      iframe.srcdoc = '<p>hello';
    },
  })) {
    const iframe = document.createElement('iframe');
    change(iframe);
    document.body.append(iframe);
    result.there[name] = '__lifeline__' in iframe.contentWindow;
    if (name === 'srcdoc') await loaded(iframe);
    iframe.contentDocument.open();
    iframe.contentDocument.write('<p>written');
    iframe.contentDocument.close();
    result.there[`${name}, written`] = '__lifeline__' in iframe.contentWindow;
  }
  const victim = document.createElement('iframe');
  victim.src = 'empty.html';
  document.body.append(victim);
  lieInWait(victim);
  await loaded(victim);
  globalThis.victim = victim.contentWindow;
  await sleep(200);
  result.ports = stolen.length;
  document.getElementById('result').textContent = JSON.stringify(result);
  document.documentElement.dataset.state = 'done';
})();

/** Says `messages` to the content script of the victim, as its own script would. */
globalThis.say = (messages) => {
  for (const data of messages) stolen[0].dispatchEvent(new MessageEvent('message', { data }));
};

/** Says chunks, whose bytes come in base64, numbered on from the last real one. */
globalThis.sayChunks = (texts, thread, form) => {
  const last = Math.max(
    0,
    ...heard.filter(({ kind }) => kind === 'chunk').map(({ number }) => number),
  );
  say(
    texts.map((text, i) => {
      const bytes = Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
      return { kind: 'chunk', number: last + 1 + i, thread, form, bytes };
    }),
  );
};

/** What no content script may take for a message; how many there are. */
globalThis.sayNonsense = () => {
  const chunk = {
    kind: 'chunk',
    number: 1,
    thread: 0,
    form: 'records',
    bytes: new Uint8Array([1, 2, 3]),
  };
  const real = heard.find(({ kind }) => kind === 'chunk');
  const nonsense = [
    undefined,
    null,
    0,
    1n,
    'chunk',
    [],
    {},
    { kind: 'nothing' },
    { kind: ['chunk'] },
    new Date(),
    new Map(),
    { kind: 'hello' },
    { kind: 'hello', protocol: 1, timeOrigin: -1, isolated: true },
    { kind: 'hello', protocol: 1, timeOrigin: NaN, isolated: true },
    { kind: 'fault', message: {} },
    { kind: 'forgotten', number: -1, bytes: 0 },
    { kind: 'flushed' },
    { kind: 'flushed', id: 77 },
    chunk,
    { ...chunk, number: 0 },
    { ...chunk, number: 1.5 },
    { ...chunk, number: 2 ** 53 },
    { ...chunk, number: '1' },
    { ...chunk, thread: 1e9 },
    { ...chunk, thread: -1 },
    { ...chunk, form: 'text' },
    { ...chunk, bytes: [1, 2, 3] },
    { ...chunk, bytes: new ArrayBuffer(3) },
    { ...chunk, bytes: new Int8Array(3) },
    { ...chunk, bytes: new Uint8Array(0) },
    { ...chunk, bytes: new Uint8Array(300_000) },
    { ...chunk, bytes: { length: 3, byteLength: 3 } },
    { ...chunk, form: 'slots' },
    { ...real, bytes: real.bytes.slice(0, -1) },
    { ...real, bytes: real.bytes.slice(1) },
    { ...real, form: 'slots' },
  ];
  say(nonsense);
  const { port1 } = new MessageChannel();
  stolen[0].dispatchEvent(new Event('message'));
  stolen[0].dispatchEvent(new CustomEvent('message', { detail: chunk }));
  stolen[0].dispatchEvent(
    new MessageEvent('message', { data: chunk.bytes, source: port1, ports: [port1] }),
  );
  return nonsense.length + 3;
};

/** Renders `quanta` quanta with one processor in the window `win`. */
globalThis.render = async (win, quanta) => {
  const offline = new win.OfflineAudioContext(1, quanta * 128, 48_000);
  const module =
    'registerProcessor("p", class extends AudioWorkletProcessor { process() { return true; } })';
  await offline.audioWorklet.addModule(`data:text/javascript,${encodeURIComponent(module)}`);
  new win.AudioWorkletNode(offline, 'p').connect(offline.destination);
  await offline.startRendering();
};
