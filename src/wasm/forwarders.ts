import { BinaryReader } from './binary-reader.ts';
import { CodeBody } from './code-body.ts';
import { OP } from './opcodes.ts';
import { typeOf, type WasmModule } from './read-module.ts';
import { attempt } from './refusal.ts';

/** Forwarders of forwarders that are followed. */
const MOST_STEPS = 4;

/**
 * The function that does the work of `index`: of one that does nothing but call another with the very parameters it got,
 * that other, and so on. Callers inside a module often call it directly.
 */
export function followForwarders(module: WasmModule, index: number): number {
  let at = index;
  for (let step = 0; step < MOST_STEPS; step++) {
    const next = forwardsTo(module, at);
    if (next < 0) return at;
    at = next;
  }
  return at;
}

function forwardsTo(module: WasmModule, index: number): number {
  const defined = index - module.importedFunctions;
  if (defined < 0 || defined >= module.bodyFrom.length) return -1;
  const params = module.types.params(typeOf(module, index));
  const from = module.bodyFrom.at(defined);
  const to = module.bodyTo.at(defined);
  // No forwarder is longer: two bytes a parameter, and as many more for the rest.
  if (to - from > params * 2 + 16) return -1;
  const body = new CodeBody();
  const read = attempt(() => body.read(new BinaryReader(module.bytes, from, to), to));
  if (!read.ok || body.declaredLocals > 0) return -1;
  for (let i = 0; i < params; i++) {
    if (body.op[i] !== OP.localGet || body.first[i] !== i) return -1;
  }
  const call = body.op[params];
  const isCall = (call === OP.call && body.length === params + 2) || call === OP.returnCall;
  if (!isCall) return -1;
  const target = body.first[params] as number;
  const { types } = module;
  const same = types.signature(typeOf(module, index)) === types.signature(typeOf(module, target));
  return same && target >= module.importedFunctions ? target : -1;
}
