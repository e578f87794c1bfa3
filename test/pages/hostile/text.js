/** Puts each hostile text wherever a page can put text, and makes a finding out of each. */
const MEGABYTE = 1 << 20;
const texts = [
  '<img src=x onerror="globalThis.pwned=1">',
  '"><script>globalThis.pwned=1</script>',
  "';globalThis.pwned=1;//",
  '<style>*{display:none}</style><iframe srcdoc="<script>parent.pwned=1</script>">',
  'javascript:globalThis.pwned=1',
  '${globalThis.pwned=1}{{constructor.constructor("globalThis.pwned=1")()}}',
  '\u202e\u2066evil\u2069\u200f\u061c\u200b',
  '\ud800lone\udc00\udfff',
  'nul\0nul\u0001\u001b[31m\u0007\u0085\u2028\u2029',
  'line\nbreak\r\n    at fake (https://example.org/fake.js:1:1)',
  '__proto__',
  'constructor',
  '%s%n%c{}[]<>&amp;&#60;',
  'e\u0301\u0300'.repeat(2000),
  '\u{1f600}'.repeat(300) + 'x',
  'm'.repeat(MEGABYTE),
  '<b>'.repeat(MEGABYTE / 4),
];

(async () => {
  const errors = [];
  addEventListener('error', ({ message }) => errors.push(message));
  const offline = new OfflineAudioContext(1, 128 * 20, 48_000);
  const classes = texts.map(
    (text) =>
      `registerProcessor(${JSON.stringify(text)}, class extends Text { text = ${JSON.stringify(text)}; });`,
  );
  const module = `class Text extends AudioWorkletProcessor {
    constructor() { super(); this.port.onmessage = ({ data }) => this.port.postMessage([data, { [data]: data }]); }
    process() { const error = new Error(this.text); error.name = this.text; throw error; }
  }
  ${classes.join('\n')}`;
  await offline.audioWorklet.addModule(
    URL.createObjectURL(new Blob([module], { type: 'text/javascript' })),
  );
  for (const text of texts) {
    const Class = { [text]: class extends AudioWorkletNode {} }[text];
    const node = new Class(offline, text, {
      processorOptions: { text, [text]: text, list: [text, text] },
    });
    node.connect(offline.destination);
    node.port.onmessage = () => {};
    node.port.postMessage(text);
    node.port.postMessage({ [text]: [text] });
    __lifeline__.destroy(node);
    __lifeline__.destroy(node);
    __lifeline__.alloc(new ArrayBuffer(8), 0, 8, text);
    performance.mark(`lifeline:${text}`);
    performance.mark(`lifeline:destroy:${text}`);
    performance.mark(`lifeline:destroy:${text}#1`);
    try {
      new AudioWorkletNode(offline, `no ${text}`);
    } catch {}
    await offline.audioWorklet
      .addModule(
        `data:text/javascript,throw%20${encodeURIComponent(JSON.stringify(text).toWellFormed()).slice(0, 1e6)}`,
      )
      .catch(() => {});
    await offline.audioWorklet
      .addModule(`https://nowhere.invalid/${text.slice(0, 5000)}`)
      .catch(() => {});
    const destroy = { [text]: () => node.disconnect() }[text];
    destroy();
  }
  history.replaceState(
    null,
    '',
    `?${encodeURIComponent(texts[0])}#${texts[1]}${'u'.repeat(100_000)}`,
  );
  await offline.startRendering();
  const live = new AudioContext();
  await live.close();
  for (const text of texts) {
    try {
      new AudioWorkletNode(live, text);
    } catch {}
  }
  document.getElementById('result').textContent = JSON.stringify({ texts: texts.length, errors });
  document.documentElement.dataset.state = 'done';
})();
