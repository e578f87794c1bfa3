import { BinaryReader } from './binary-reader.ts';
import { CodeBody } from './code-body.ts';
import { OP } from './opcodes.ts';
import { typeOf, type WasmModule } from './read-module.ts';

/** Bytes of a function that is looked into at most: the one that is meant has a few hundred. */
const LONGEST = 4096;
const SIGNATURE = 'i:i';
/** Where the handle of a fetch holds its `readyState`, of two bytes; its id comes first. */
const READY_STATE = 40;
const INVALID_PARAM = -5;

/**
 * The function that is `emscripten_fetch_close()` of Emscripten's Fetch, or −1: it looks at the id and at the `readyState`
 * of what it is given, and may answer `EMSCRIPTEN_RESULT_INVALID_PARAM`. Where it was inlined there is none.
 */
export function findFetchClose(module: WasmModule): number {
  const { bytes, bodyFrom, bodyTo, importedFunctions, types } = module;
  const body = new CodeBody();
  let found = -1;
  for (let i = 0; i < bodyFrom.length; i++) {
    const index = importedFunctions + i;
    const to = bodyTo.at(i);
    if (to - bodyFrom.at(i) > LONGEST || types.signature(typeOf(module, index)) !== SIGNATURE) {
      continue;
    }
    body.read(new BinaryReader(bytes, bodyFrom.at(i), to), to);
    if (!closes(body)) continue;
    if (found >= 0) return -1;
    found = index;
  }
  return found;
}

function closes({ op, first, length }: CodeBody): boolean {
  let looksAtId = false;
  let looksAtState = false;
  let refuses = false;
  for (let i = 0; i < length; i++) {
    const isOfHandle = i > 0 && op[i - 1] === OP.localGet && first[i - 1] === 0;
    if (op[i] === OP.i32Load && first[i] === 0) looksAtId ||= isOfHandle;
    else if (op[i] === OP.i32Load16U && first[i] === READY_STATE) looksAtState ||= isOfHandle;
    else if (op[i] === OP.i32Const && first[i] === INVALID_PARAM) refuses = true;
  }
  return looksAtId && looksAtState && refuses;
}
