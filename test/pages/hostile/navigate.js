/**
 * Plays, and goes away in the middle of it: `?how=` says how, `left` how many times more, `heard` what
 * the documents before knew of their own calls.
 */
const query = new URLSearchParams(location.search);
const how = query.get('how');
const left = Number(query.get('left') ?? 0);
const module = `data:text/javascript,${encodeURIComponent(`
registerProcessor('chatty', class extends AudioWorkletProcessor {
  calls = 0;
  process() {
    this.port.postMessage(++this.calls);
    return true;
  }
});`)}`;

const next = (heard) => {
  query.set('heard', heard);
  query.set('left', left - 1);
  location.replace(`?${query}`);
};
const done = (result) => {
  let place = document.getElementById('result');
  if (!place) {
    document.documentElement.append((place = document.createElement('pre')));
    place.id = 'result';
  }
  place.textContent = JSON.stringify(result);
  document.documentElement.dataset.state = 'done';
};

async function play(seconds) {
  const context = new AudioContext();
  await context.audioWorklet.addModule(module);
  const nodes = Array.from({ length: 5 }, () => new AudioWorkletNode(context, 'chatty'));
  let heard = 0;
  const enough = new Promise((resolve) => {
    for (const node of nodes) {
      node.connect(context.destination);
      node.port.onmessage = ({ data }) => {
        heard = Math.max(heard, data);
        node.port.postMessage(data);
        if (heard * 128 > seconds * context.sampleRate) resolve();
      };
    }
  });
  await enough;
  return heard;
}

const ways = {
  /** From one document to the next, each while messages fly. */
  async loop() {
    const heard = await play(0.2);
    const counts = [...(query.get('heard') ?? '').split(',').filter(Boolean).map(Number), heard];
    if (left > 0) next(counts);
    else done({ heard: counts });
  },
  /** `document.open()` takes every listener off the window and the document. */
  async open() {
    const before = await play(0.1);
    document.open();
    document.write('<!doctype html><title>Written</title><p>written');
    document.close();
    done({ before, after: await play(0.1) });
  },
  /** Stops the load, and goes on. */
  async stop() {
    window.stop();
    const context = new AudioContext();
    const loading = context.audioWorklet.addModule(module).then(
      () => 'loaded',
      () => 'failed',
    );
    window.stop();
    const outcome = await Promise.race([
      loading,
      new Promise((go) => setTimeout(go, 1000, 'neither')),
    ]);
    done({ outcome, after: await play(0.1) });
  },
  /** A frame that goes away in the middle of its own call. */
  async frame() {
    let threw = 0;
    for (let i = 0; i < 20; i++) {
      const iframe = document.createElement('iframe');
      document.body.append(iframe);
      const win = iframe.contentWindow;
      try {
        const context = new win.OfflineAudioContext(1, 128, 48_000);
        const going = context.audioWorklet.addModule({ toString: () => (iframe.remove(), module) });
        going.catch(() => {});
        void new win.OfflineAudioContext(1, 128, 48_000).startRendering().catch(() => {});
        win.performance.mark('lifeline:gone');
      } catch (error) {
        threw++;
      }
      iframe.remove();
    }
    done({ threw, after: await play(0.1) });
  },
};
{
  const errors = (globalThis.errors = []);
  addEventListener('error', ({ message }) => errors.push(message));
  addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
}
ways[how]().catch((error) => done({ failed: String(error) }));
