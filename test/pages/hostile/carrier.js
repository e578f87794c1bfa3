/**
 * Reads the name of our own processor in the stack of a call, makes nodes of it with a passage of the
 * page's, and looks for it among the resources that the page may see.
 */
const QUANTA = 200;
const module = `
registerProcessor('spy', class extends AudioWorkletProcessor {
  calls = 0;
  process() {
    this.calls++;
    if (this.calls === 1) this.port.postMessage(new Error('where am I').stack);
    if (this.calls === ${QUANTA}) this.port.postMessage(this.calls);
    return true;
  }
});
registerProcessor('tamper', class extends AudioWorkletProcessor {
  constructor() {
    super();
    const inherited = Object.getPrototypeOf(AudioWorkletProcessor.prototype);
    for (const key of ['process', 'port', 'constructor', 'join']) {
      Object.defineProperty(inherited, key, { configurable: true, get() { hits.push(key); }, set() { hits.push(key); } });
    }
    this.port.onmessage = () => this.port.postMessage(hits);
  }
  process() {
    return true;
  }
});
const hits = [];
`;

(async () => {
  const result = { leaks: [], forged: 0, heard: 0, calls: 0 };
  const url = `data:text/javascript,${encodeURIComponent(module)}`;
  const make = async () => {
    const offline = new OfflineAudioContext(1, QUANTA * 128, 48_000);
    await offline.audioWorklet.addModule(url);
    return offline;
  };
  const first = await make();
  const spy = new AudioWorkletNode(first, 'spy');
  spy.connect(first.destination);
  const stack = new Promise((done) => (spy.port.onmessage = ({ data }) => done(data)));
  await first.startRendering();
  const name = /name=([^:&\s)]+)/.exec(await stack)?.[1];
  result.named = name !== undefined;
  for (const entry of performance.getEntries()) {
    if (entry.name.startsWith('chrome-extension')) result.leaks.push(entry.entryType);
  }

  // The stolen name serves neither in the scope that it was made for, nor in another.
  const second = await make();
  const shared = globalThis.SharedArrayBuffer
    ? {
        order: new SharedArrayBuffer(4),
        control: new SharedArrayBuffer(256),
        ring: new SharedArrayBuffer(2 ** 20),
      }
    : undefined;
  const passage = { thread: 1, kind: 'offline', originMs: 0, fineClock: true, shared };
  for (const context of [first, second]) {
    for (let i = 0; i < 3; i++) {
      try {
        const node = new AudioWorkletNode(context, name, { processorOptions: passage });
        result.forged++;
        node.port.onmessage = () => result.heard++;
        node.port.postMessage({ kind: 'flush', id: 1 });
        node.port.postMessage({ kind: 'configure', fineClock: true });
      } catch (error) {
        result.refused = error.name;
      }
    }
  }
  const third = new AudioWorkletNode(second, 'spy');
  third.connect(second.destination);
  const tamper = new AudioWorkletNode(second, 'tamper');
  tamper.connect(second.destination);
  third.port.onmessage = ({ data }) => typeof data === 'number' && (result.calls = data);
  await second.startRendering();
  const hits = new Promise((done) => (tamper.port.onmessage = ({ data }) => done(data)));
  tamper.port.postMessage('hits?');
  result.hits = await hits;
  if (shared) result.written = new Int32Array(shared.control).some((word) => word !== 0);
  document.getElementById('result').textContent = JSON.stringify(result);
  document.documentElement.dataset.state = 'done';
})();
