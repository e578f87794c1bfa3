const SCRIPT = '/node_modules/chiptune3/libopenmpt.worklet.js';
const EMBEDDED = /base64Decode\("([^"]*)"\)/;
const COMPILING = 'var binary=getBinarySync(file);module=new WebAssembly.Module(binary)';

/**
 * libopenmpt as chiptune3 brings it, a script that holds its module and compiles it where it runs, taken apart as it was
 * before it was packed: the module, compiled here, and the script, which takes it as `libopenmpt({ compiled })`.
 */
export async function openmptEngine() {
  const packed = await (await fetch(SCRIPT)).text();
  const [embedded, base64] = EMBEDDED.exec(packed);
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const script = packed.replace(embedded, '""').replace(COMPILING, 'module=moduleArg.compiled');
  return { module: await WebAssembly.compile(bytes), script };
}
