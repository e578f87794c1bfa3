// What Emscripten puts into the worklet's scope (its Wasm Audio Worklets), shortened: a node brings module and memory, a message
// names a processor or calls a function of the program, and one class calls into the function table every quantum.
let calls = 0;
let glue;

class BootstrapMessages extends AudioWorkletProcessor {
  constructor({ processorOptions: { wasm, compile, wasmMemory, ...stack } }) {
    super();
    const ready = this.begin(wasm, compile, wasmMemory, stack);
    this.port.onmessage = async ({ data }) => {
      if (ready) await ready;
      if (data._wsc) glue.table.get(data._wsc)(...data.args);
      else {
        registerProcessor(data._wpn, class extends WasmAudioWorkletProcessor {});
        this.port.postMessage({ _wsc: 0, args: [] });
      }
    };
  }

  begin(wasm, compile, wasmMemory, { stackLowestAddress, stackSize }) {
    const post = (index, argument) => this.port.postMessage({ _wsc: index, args: [argument] });
    const now = () => Date.now();
    const imports = {
      env: { memory: wasmMemory, post_function: post, now },
      a: { a: post, b: now },
    };
    const made = ({ exports }) => {
      const table = exports.__indirect_function_table;
      const stackSave = exports.stack_save ?? exports.q;
      const stackRestore = exports.stack_restore ?? exports.r;
      stackRestore(stackLowestAddress + stackSize);
      glue = { memory: wasmMemory, table, stackSave, stackRestore };
    };
    if (compile === 'by and by') {
      return WebAssembly.instantiate(wasm, imports).then(({ instance }) => made(instance));
    }
    const module = compile === 'at once' ? new WebAssembly.Module(wasm) : wasm;
    made(new WebAssembly.Instance(module, imports));
  }

  process() {
    calls++;
  }
}
registerProcessor('em-bootstrap', BootstrapMessages);

class WasmAudioWorkletProcessor extends AudioWorkletProcessor {
  constructor({ processorOptions: { callback, userData, samplesPerChannel } }) {
    super();
    this.callback = glue.table.get(callback);
    this.userData = userData;
    this.samplesPerChannel = samplesPerChannel;
  }

  process(inputs, outputs) {
    calls++;
    const { memory, stackSave, stackRestore } = glue;
    const top = stackSave();
    const bytesPerChannel = this.samplesPerChannel * 4;
    let bytes = 0;
    for (const output of outputs) bytes += 12 + output.length * bytesPerChannel;
    const frames = (top - bytes) & -16;
    stackRestore(frames);

    const words = new Uint32Array(memory.buffer);
    let data = frames + outputs.length * 12;
    outputs.forEach((output, i) => {
      words.set([output.length, this.samplesPerChannel, data], frames / 4 + i * 3);
      data += output.length * bytesPerChannel;
    });
    const answer = this.callback(inputs.length, 0, outputs.length, frames, 0, 0, this.userData);
    const floats = new Float32Array(memory.buffer);
    data = frames + outputs.length * 12;
    for (const output of outputs) {
      for (const channel of output) {
        if (answer) channel.set(floats.subarray(data / 4, data / 4 + this.samplesPerChannel));
        data += bytesPerChannel;
      }
    }
    stackRestore(top);
    return !!answer;
  }
}
