/**
 * What Emscripten's glue makes of the programs in `programs/`: their functions, and those of `webaudio.h`. Nothing in here
 * is part of any bug.
 *
 *   voices.own-heap    the program with an allocator of its own      ….min   a release build: letters for names,
 *   voices.dlmalloc    the same with that of wasi-libc                        and no `malloc` or `free` among them
 */
import { moduleUrl } from './zoo.js';

/** What the functions are called in release builds. */
const LETTERS = {
  voice_new: 'c',
  voice_delete: 'd',
  voice_resize: 'e',
  voice_static: 'f',
  voice_quanta: 'g',
  callback: 'h',
  voice_stop: 'i',
  voice_post_stop: 'j',
  voice_has_stopped: 'k',
  voice_stop_and_delete: 'l',
  slot_new: 'm',
  slot_stop: 'n',
  worklet_stack: 'o',
  worklet_stack_size: 'p',
};
/** In the order of the program's table of them. */
const CALLBACKS = ['play', 'playAndPost', 'playAndStore', 'playAndFree', 'playInSlot'];
const QUANTUM = 128;

/**
 * Starts a program in the page and in the audio worklet of `context`. Its functions keep their names; beside them there
 * are `createNode(userData, callback)` and `destroyNode(handle)`, which only disconnects. `inScope`: the worklet compiles its
 * module itself, 'at once' or 'by and by', as where the glue is built without a page.
 */
export async function startProgram(
  context,
  name,
  { pages = 2, mostPages = pages, inScope = undefined } = {},
) {
  const memory = new WebAssembly.Memory({ initial: pages, maximum: mostPages, shared: true });
  const worklet = {};
  const post = (index, argument) => worklet.port.postMessage({ _wsc: index, args: [argument] });
  const now = () => performance.now();
  const url = new URL(`programs/${name}.wasm`, import.meta.url);
  const { module, instance } = await WebAssembly.instantiateStreaming(fetch(url), {
    env: { memory, post_function: post, now },
    a: { a: post, b: now },
  });
  const { exports } = instance;
  exports.__wasm_call_ctors();
  const functions = {};
  for (const [full, letter] of Object.entries(LETTERS))
    functions[full] = exports[full] ?? exports[letter];

  const glue = await fetch(new URL('emscripten.worklet.js', import.meta.url));
  await context.audioWorklet.addModule(moduleUrl(await glue.text()));
  const bootstrap = new AudioWorkletNode(context, 'em-bootstrap', {
    processorOptions: {
      wwID: 1,
      wasm: inScope ? await (await fetch(url)).arrayBuffer() : module,
      compile: inScope,
      wasmMemory: memory,
      stackLowestAddress: functions.worklet_stack(),
      stackSize: functions.worklet_stack_size(),
    },
  });
  worklet.port = bootstrap.port;
  let posts = 0;
  await new Promise((registered) => {
    bootstrap.port.onmessage = ({ data }) => {
      if (!data._wsc) return registered();
      exports.__indirect_function_table.get(data._wsc)(...data.args);
      posts++;
    };
    bootstrap.port.postMessage({ _wpn: 'voice', audioParams: [], contextHandle: 1, callback: 0 });
  });

  const nodes = {};
  let handles = 0;
  const destroyNode = (handle) => {
    nodes[handle].disconnect();
    delete nodes[handle];
  };
  return {
    ...functions,
    memory,
    /** So many functions were called in the page by the audio worklet. */
    get posts() {
      return posts;
    },
    createNode(userData, callback = 'play', { connect = true } = {}) {
      const index = functions.callback(CALLBACKS.indexOf(callback));
      const node = new AudioWorkletNode(context, 'voice', {
        processorOptions: { callback: index, userData, samplesPerChannel: QUANTUM },
      });
      if (connect) node.connect(context.destination);
      nodes[++handles] = node;
      return handles;
    },
    destroyNode,
    /** The same under its own name, as builds for development have it. */
    emscripten_destroy_web_audio_node(handle) {
      destroyNode(handle);
    },
  };
}
