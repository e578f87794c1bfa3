/**
 * A WebAssembly module that takes its time to compile: `functions` functions that do nothing at length, the first of which
 * is exported as `run`.
 */
export function bigModule(functions, steps = 4000) {
  const leb = (value) => {
    const bytes = [];
    do {
      bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
      value >>>= 7;
    } while (value > 0);
    return bytes;
  };
  const section = (id, ...parts) => {
    const contents = parts.flat();
    return [id, ...leb(contents.length), ...contents];
  };
  // (local i32) local.get 0, i32.const 1, i32.add, local.set 0, again and again
  const body = [1, 1, 0x7f];
  for (let i = 0; i < steps; i++) body.push(0x20, 0, 0x41, 1, 0x6a, 0x21, 0);
  body.push(0x0b);
  const code = [...leb(body.length), ...body];
  const before = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, leb(functions), new Array(functions).fill(0)),
    ...section(7, [1, 3, 0x72, 0x75, 0x6e, 0, 0]),
  ];
  const size = leb(functions).length + functions * code.length;
  const head = [...before, 10, ...leb(size), ...leb(functions)];
  const bytes = new Uint8Array(head.length + functions * code.length);
  bytes.set(head);
  for (let i = 0; i < functions; i++) bytes.set(code, head.length + i * code.length);
  return bytes;
}
