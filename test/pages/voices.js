/**
 * A program in Emscripten's style whose voices lie in a heap with an allocator of its own. Nothing in here is part of any
 * bug. The module is `test/support/wasm-voices.ts`, assembled.
 */
import { moduleUrl } from './zoo.js';

export const BYTES = Uint8Array.from(
  atob(
    'AGFzbQEAAAABHwVgAX8Bf2ABfwBgAn9/AX9gAAF/YAd/f39/f39/AX8CEAEDZW52Bm1lbW9yeQIDAQEDBwYAAQID' +
      'AQQEBAFwAAIGDAJ/AUGACAt/AUEACwdSBhlfX2luZGlyZWN0X2Z1bmN0aW9uX3RhYmxlAQAGbWFsbG9jAAAEZnJl' +
      'ZQABB3JlYWxsb2MAAgl2b2ljZV9uZXcAAwx2b2ljZV9kZWxldGUABAkIAQBBAAsCBQUKZgYdACMBBEAjAUEAJAEP' +
      'CyMAIwAgAEEPakFwcWokAAsGACAAJAELEAEBfyABEAAhAiAAEAEgAgsGAEEgEAALBgAgABABCyAAIAYoAgQEQCAG' +
      'EAFBAA8LIAYgBigCAEEBajYCAEEBCw==',
  ),
  (letter) => letter.charCodeAt(0),
);
const CALLBACK = 1;
const nodes = {};
let last = 0;

/** What the glue makes of the program: its exports, and the functions of `webaudio.h` in a context. */
export async function startProgram(context, bytes = BYTES) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { module, instance } = await WebAssembly.instantiate(bytes, { env: { memory } });
  const glue = await fetch(new URL('voices.worklet.js', import.meta.url));
  await context.audioWorklet.addModule(moduleUrl(await glue.text()));
  const boot = new AudioWorkletNode(context, 'em-bootstrap', {
    processorOptions: { wwID: 1, wasm: module, wasmMemory: memory },
  });
  await new Promise((resolve) => {
    boot.port.onmessage = resolve;
    boot.port.postMessage({ _wpn: 'voice', callback: 0 });
  });
  const { malloc, free, realloc } = instance.exports;
  return {
    /** For workers of the program. */
    module,
    memory,
    malloc,
    free,
    realloc,
    voiceNew: instance.exports.voice_new,
    /** The callback of `userData` frees it, and ends. */
    askToStop(userData) {
      Atomics.store(new Int32Array(memory.buffer), userData / 4 + 1, 1);
    },
    voiceDelete: instance.exports.voice_delete,
    /** Tell the callback to stop; the first waits until it is outside. Of `held-voices.js` only. */
    voiceClose: instance.exports.voice_close,
    voiceDrop: instance.exports.voice_drop,
    /** The page itself runs the callback of `userData`, which counts in it. */
    count(userData) {
      Atomics.store(new Int32Array(memory.buffer), userData / 4 + 1, 0);
      instance.exports.__indirect_function_table.get(CALLBACK)(0, 0, 0, 0, 0, 0, userData);
    },
    createNode(userData) {
      // Whoever had the block before may have left its stop bit there.
      Atomics.store(new Int32Array(memory.buffer), userData / 4 + 1, 0);
      const options = { callback: CALLBACK, userData, samplesPerChannel: 128 };
      nodes[++last] = new AudioWorkletNode(context, 'voice', { processorOptions: options });
      nodes[last].connect(context.destination);
      return last;
    },
    /** Resolves once the processor has answered that it will not call back again. */
    stopNode(handle) {
      const { port } = nodes[handle];
      return new Promise((resolve) => {
        port.onmessage = resolve;
        port.postMessage('stop');
      });
    },
    destroyNode(handle) {
      nodes[handle].disconnect();
      delete nodes[handle];
    },
  };
}
