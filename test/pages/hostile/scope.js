/**
 * Makes one node of every odd processor of `scope-worklet.js` in a context of its own and renders a few
 * quanta. What came of it must be the same with the extension and without.
 */
const QUANTA = 8;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function run(name) {
  const offline = new OfflineAudioContext(1, QUANTA * 128, 48_000);
  await offline.audioWorklet.addModule('scope-worklet.js');
  const outcome = { name, said: [] };
  let node;
  try {
    node = new AudioWorkletNode(offline, name, { processorOptions: { name } });
  } catch (error) {
    outcome.refused = error.name;
    return outcome;
  }
  node.onprocessorerror = () => (outcome.error = true);
  node.port.onmessage = ({ data }) => outcome.said.push(data);
  node.port.onmessageerror = () => outcome.said.push('messageerror');
  node.connect(offline.destination);
  const buffer = await offline.startRendering();
  outcome.sum = buffer.getChannelData(0).reduce((sum, sample) => sum + sample, 0);
  node.port.postMessage('report');
  for (let i = 0; i < 40 && outcome.said.at(-1)?.report === undefined; i++) await sleep(5);
  return outcome;
}

(async () => {
  const probe = new OfflineAudioContext(1, 128, 48_000);
  await probe.audioWorklet.addModule('scope-worklet.js');
  const lister = new AudioWorkletNode(probe, 'lister');
  const names = await new Promise((done) => (lister.port.onmessage = ({ data }) => done(data)));
  const outcomes = await Promise.all(names.map(run));
  document.getElementById('result').textContent = JSON.stringify({ outcomes });
  document.documentElement.dataset.state = 'done';
})();
