/** Floods by honest means: `?what=refused|messages|frames|contexts|nodes|records` and `count`. */
const query = new URLSearchParams(location.search);
const count = Number(query.get('count'));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const module = `data:text/javascript,${encodeURIComponent(`
registerProcessor('p', class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.port.onmessage = ({ data }) => data.post && this.flood(data.post);
  }
  flood(count) {
    for (let i = 0; i < count; i++) this.port.postMessage(i);
  }
  process() {
    return false;
  }
});`)}`;

async function offline(quanta = 1) {
  const context = new OfflineAudioContext(1, quanta * 128, 48_000);
  await context.audioWorklet.addModule(module);
  return context;
}

const floods = {
  async refused() {
    const context = await offline();
    for (let i = 0; i < count; i++) {
      try {
        new AudioWorkletNode(context, 'nobody');
      } catch {}
    }
  },
  async nodes() {
    const context = await offline();
    for (let i = 0; i < count; i++) new AudioWorkletNode(context, 'p').disconnect();
  },
  async messages() {
    const context = await offline();
    const node = new AudioWorkletNode(context, 'p');
    let heard = 0;
    const all = new Promise((done) => {
      node.port.onmessage = () => ++heard === count && done();
    });
    for (let i = 0; i < count; i++) node.port.postMessage({ i });
    node.port.postMessage({ post: count });
    await all;
  },
  async contexts() {
    for (let i = 0; i < count; i++) new OfflineAudioContext(1, 128, 48_000);
  },
  async frames() {
    for (let i = 0; i < count; i++) {
      const iframe = document.createElement('iframe');
      document.body.append(iframe);
      new iframe.contentWindow.OfflineAudioContext(1, 128, 48_000);
      iframe.remove();
      if (i % 50 === 49) await sleep(0);
    }
  },
  async annotations() {
    const memory = new ArrayBuffer(8);
    for (let i = 0; i < count; i++) {
      __lifeline__.alloc(memory, i, 1, `block ${i}`);
      performance.mark(`lifeline:mark ${i}`);
    }
    performance.clearMarks();
  },
};

(async () => {
  const began = performance.now();
  await floods[query.get('what')]();
  document.getElementById('result').textContent = JSON.stringify({ ms: performance.now() - began });
  document.documentElement.dataset.state = 'done';
})();
