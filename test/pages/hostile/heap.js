/**
 * Misuses the allocator of a module in every way, grows its memory in the middle, and replaces what leads to its bytes.
 * The result is what the page has seen of it.
 */
import { BYTES } from '../voices.js';

// Promises wait for what hooks modules; what takes its place before that is let be.
await WebAssembly.compile(BYTES);
const bufferOf = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer').get;
const seen = [];
let asked = 0;
let converted = 0;

for (const [owner, key] of [
  [WebAssembly.Memory.prototype, 'buffer'],
  [WebAssembly.Instance.prototype, 'exports'],
]) {
  const { get } = Object.getOwnPropertyDescriptor(owner, key);
  Object.defineProperty(owner, key, {
    configurable: true,
    get() {
      asked++;
      return key === 'buffer' ? new ArrayBuffer(8) : Reflect.apply(get, this, []);
    },
  });
}
Object.defineProperty(SharedArrayBuffer.prototype, 'byteLength', { get: () => asked++ });
for (const name of ['add', 'load', 'store', 'compareExchange']) {
  Atomics[name] = () => {
    asked++;
    throw new Error('never');
  };
}

const attempt = (what, run) => {
  try {
    seen.push([what, run()]);
  } catch (error) {
    seen.push([what, String(error)]);
  }
};

/** The memory may grow to 64 pages: the limits stand behind its name. */
function roomy() {
  const bytes = BYTES.slice();
  const name = [...'memory'].map((letter) => letter.charCodeAt(0));
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte));
  bytes[at + 9] = 64;
  return bytes;
}

(async () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 64, shared: true });
  const imports = {
    get env() {
      // While the module is being instantiated.
      seen.push(['grown', memory.grow(1)]);
      return { memory };
    },
  };
  const { instance } = await WebAssembly.instantiate(roomy(), imports);
  const { exports } = instance;
  const { malloc, free, realloc, voice_new: voiceNew, voice_delete: voiceDelete } = exports;
  asked = 0;
  // Its index: the one thing that a page can tell hooked modules by.
  globalThis.mallocName = malloc.name;
  seen.push(Object.keys(exports));
  const number = {
    valueOf() {
      converted++;
      return malloc(24);
    },
  };
  const block = malloc(40);
  attempt('grow', () => memory.grow(3));
  const nonsense = [
    -1,
    0,
    3.7,
    4,
    1e10,
    Number.NaN,
    'x',
    undefined,
    null,
    number,
    block + 8,
    2 ** 31,
  ];
  for (const each of nonsense) {
    attempt('free', () => free(each));
    attempt('malloc', () => malloc(16));
    attempt('realloc', () => realloc(each, 8));
    attempt('realloc', () => realloc(block, each));
  }
  attempt('free', () => free(1n));
  attempt('free', () => free(Symbol.iterator));
  attempt('free', () => free());
  attempt('malloc', () => malloc(-1));
  attempt('twice', () => [free(block), free(block), malloc(8), malloc(8)]);
  attempt('voices', () => {
    const voice = voiceNew();
    memory.grow(1);
    return [voiceDelete(voice), voiceNew() === voice, voiceDelete(voice), voiceDelete(voice)];
  });
  // Calls as Emscripten posts them; what only the clone may read counts how often it was.
  const { port1 } = new MessageChannel();
  port1.postMessage(memory);
  const read = () => {
    converted++;
    return block;
  };
  const arrays = [[block], [-block], [block + 0.5], [1e300, number], new Array(1e5), [[block]]];
  const odd = [Object.defineProperty([], 0, { get: read }), Object.freeze([block]), { 0: block }];
  for (const x of [...arrays, ...odd, new Proxy([block], { get: read }), 'x', undefined]) {
    attempt('post', () => port1.postMessage({ _wsc: 1, x }));
    attempt('post', () => port1.postMessage({ x, _wsc: read }));
    attempt('post', () =>
      port1.postMessage({
        _wsc: block,
        x,
        get more() {
          return read();
        },
      }),
    );
    attempt('post', () => port1.postMessage(Object.create({ _wsc: 1 }, { x: { value: x } })));
  }
  attempt('post', () =>
    port1.postMessage({
      _wsc: 1,
      get x() {
        return [read()];
      },
    }),
  );
  for (let i = 0; i < 2000; i++) free(i * 8 + 8);
  attempt('size', () => bufferOf.call(memory) instanceof SharedArrayBuffer);
  attempt('grow too far', () => memory.grow(1000));

  document.getElementById('result').textContent = JSON.stringify({ seen, asked, converted });
  document.documentElement.dataset.state = 'done';
})();
