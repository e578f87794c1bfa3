// What Emscripten puts into a Wasm Worker, shortened: the first message brings module and memory, all others call functions of the
// program.
onmessage = ({ data: { wasm, memory, stackTop } }) => {
  const post = (index, argument) => postMessage({ _wsc: index, x: [argument] });
  const { exports } = new WebAssembly.Instance(wasm, {
    env: { memory },
    a: { a: post, b: () => performance.now() },
  });
  exports.r(stackTop);
  onmessage = ({ data }) => exports.__indirect_function_table.get(data._wsc)(...data.x);
  postMessage({ started: true });
};
