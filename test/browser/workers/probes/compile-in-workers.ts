/** A worker that says what WebAssembly does in it; of bytes and modules that it is sent. */
const COMPILE = `
  const attempt = async (run) => {
    try { return await run(); } catch (error) { return String(error); }
  };
  const response = (bytes, type = 'application/wasm') => new Response(bytes, { headers: { 'content-type': type } });
  const look = (module, own, memory) => {
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    const { add, swap } = instance.exports;
    return [
      module instanceof WebAssembly.Module, Object.prototype.toString.call(module), own,
      WebAssembly.Module.imports(module), WebAssembly.Module.exports(module),
      WebAssembly.Module.customSections(module, 'name').length,
      Object.keys(instance.exports), Object.isFrozen(instance.exports), add.length, instance instanceof WebAssembly.Instance,
      add(64, 2), swap(64, 9), new Int32Array(memory.buffer)[16], add(64, 1),
    ];
  };
  const doors = (bytes) => {
    const ways = {
      compile: () => WebAssembly.compile(bytes),
      instantiate: async () => (await WebAssembly.instantiate(bytes, { env: { memory: made() } })).module,
      compileStreaming: () => WebAssembly.compileStreaming(response(bytes)),
      compileStreamingLater: () => WebAssembly.compileStreaming(Promise.resolve(response(bytes))),
      instantiateStreaming: async () => (await WebAssembly.instantiateStreaming(response(bytes), { env: { memory: made() } })).module,
      Module: () => new WebAssembly.Module(bytes),
      cloned: () => structuredClone(new WebAssembly.Module(bytes)),
    };
    return ways;
  };
  const made = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const wrong = (bytes) => ({
    compile: () => WebAssembly.compile(bytes),
    instantiate: () => WebAssembly.instantiate(bytes, {}),
    imports: () => WebAssembly.instantiate(bytes, 5),
    text: () => WebAssembly.compileStreaming(response(bytes, 'text/plain')),
    textInstance: () => WebAssembly.instantiateStreaming(response(bytes, 'text/plain'), {}),
    stream: () => WebAssembly.instantiateStreaming(response(bytes), {}),
    nothing: () => WebAssembly.compile(),
    Module: () => new WebAssembly.Module(bytes),
    called: () => WebAssembly.Module(bytes),
    Instance: () => new WebAssembly.Instance(new WebAssembly.Module(bytes), {}),
  });
  const functions = () => ['compile', 'instantiate', 'compileStreaming', 'instantiateStreaming', 'Module', 'Instance', 'validate'].map((key) => {
    const value = WebAssembly[key];
    return [value.name, value.length, Function.prototype.toString.call(value), Object.getOwnPropertyNames(value).join()];
  });
  const atOnce = attempt(async () => look(await WebAssembly.compile(new Uint8Array(BYTES)), 'at once', made()));
  onmessage = async ({ data: { module, memory } }) => {
    const bytes = new Uint8Array(BYTES);
    const said = { functions: functions(), atOnce: await atOnce, posted: look(module, 'posted', memory) };
    said.later = look(await WebAssembly.instantiate(module, { env: { memory } }).then(() => module), 'instantiated', memory);
    for (const [name, run] of Object.entries(doors(bytes))) said[name] = await attempt(async () => look(await run(), name, made()));
    for (const [name, run] of Object.entries(wrong(bytes))) said['wrong ' + name] = String(await attempt(run));
    for (const [name, run] of Object.entries(wrong(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 9, 9])))) said['bad ' + name] = String(await attempt(run));
    postMessage(said);
  };
`;

/** Runs in the page: what a worker says that compiles modules itself, and is sent one. */
export async function compileInWorkers(type: 'classic' | 'module'): Promise<unknown> {
  const { BYTES } = globalThis as unknown as { readonly BYTES: readonly number[] };
  const worker = new Worker(`/compile.js?${type}`, { type });
  const module = await WebAssembly.compile(new Uint8Array(BYTES));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const said = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage({ module, memory });
  });
  return { said, shared: new Int32Array(memory.buffer)[16] };
}

/** The files of the page, whose module has these bytes. */
export function compileFiles(bytes: Uint8Array): Record<string, string> {
  const text = `globalThis.BYTES = [${bytes}];`;
  return {
    '/compile.js': `${text}${COMPILE}`,
    '/': `<!doctype html><title>page</title><link rel="icon" href="data:,"><script>${text}</script>`,
  };
}
