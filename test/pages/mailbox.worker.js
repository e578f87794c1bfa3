// What Emscripten puts into a Wasm Worker, shortened: the first message brings module and memory, all others call functions of the
// program. A pthread awaits notifications of its mail box besides, at its own address.
onmessage = ({ data: { wasm, memory, stackTop, thread } }) => {
  const post = (index, argument) => postMessage({ _wsc: index, x: [argument] });
  const { exports } = new WebAssembly.Instance(wasm, {
    env: { memory },
    a: { a: post, b: () => performance.now() },
  });
  exports.r(stackTop);
  const cells = new Int32Array(memory.buffer);
  const awaitMail = () => Atomics.waitAsync(cells, thread >> 2, thread).value.then(checkMail);
  const checkMail = () => {
    awaitMail();
    exports.s();
  };
  if (thread) awaitMail();
  onmessage = ({ data }) => exports.__indirect_function_table.get(data._wsc)(...data.x);
  postMessage({ started: true });
};
