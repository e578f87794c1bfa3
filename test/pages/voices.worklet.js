// What `voices.js` puts into the worklet's scope, in Emscripten's style: a node brings module and memory, a message names a
// processor, and one class calls into the function table every quantum, until it is told to stop.
let calls = 0;
let table;

class BootstrapMessages extends AudioWorkletProcessor {
  constructor({ processorOptions: { wasm, wasmMemory } }) {
    super();
    const instance = new WebAssembly.Instance(wasm, { env: { memory: wasmMemory } });
    table = instance.exports.__indirect_function_table;
    this.port.onmessage = ({ data }) => {
      registerProcessor(data._wpn, class extends WasmAudioWorkletProcessor {});
      this.port.postMessage({ _wsc: data.callback, args: [] });
    };
  }

  process() {
    calls++;
  }
}
registerProcessor('em-bootstrap', BootstrapMessages);

class WasmAudioWorkletProcessor extends AudioWorkletProcessor {
  constructor({ processorOptions: { callback, userData } }) {
    super();
    this.callback = table.get(callback);
    this.userData = userData;
    this.running = true;
    this.port.onmessage = () => {
      this.running = false;
      this.port.postMessage('stopped');
    };
  }

  process(inputs, outputs) {
    calls++;
    if (!this.running) return false;
    return !!this.callback(inputs.length, 0, outputs.length, 0, 0, 0, this.userData);
  }
}
