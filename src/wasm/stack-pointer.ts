import { BinaryReader } from './binary-reader.ts';
import { Ints } from './list.ts';
import { OP } from './opcodes.ts';
import { isAddressGlobal, type WasmModule } from './read-module.ts';
import { attempt } from './refusal.ts';
import { skipValueType } from './value-type.ts';

/** A global that so few functions take their frames from is no stack pointer. */
const FEWEST_FRAMES = 1;

/**
 * The global that holds the stack pointer of a compiled program, or −1: the one from which most functions begin by
 * subtracting the size of their frame (`global.get`, `i32.const`, `i32.sub`, then `local.tee`, `local.set` or `global.set`).
 */
export function findStackPointer(module: WasmModule): number {
  const frames = new Ints();
  for (let i = 0; i < module.globals.length; i++) frames.add(0);
  for (let i = 0; i < module.bodyFrom.length; i++) {
    const global = frameFrom(module, i);
    if (global >= 0 && global < frames.length) frames.set(global, frames.at(global) + 1);
  }
  let best = -1;
  let most = FEWEST_FRAMES - 1;
  for (let i = 0; i < frames.length; i++) {
    if (frames.at(i) <= most || !isAddressGlobal(module.globals.at(i))) continue;
    best = i;
    most = frames.at(i);
  }
  return best;
}

function frameFrom(module: WasmModule, defined: number): number {
  const { bytes, bodyFrom, bodyTo } = module;
  const read = attempt(() => {
    const reader = new BinaryReader(bytes, bodyFrom.at(defined), bodyTo.at(defined));
    for (let groups = reader.u32(); groups > 0; groups--) {
      reader.u32();
      skipValueType(reader);
    }
    if (reader.byte() !== OP.globalGet) return -1;
    const global = reader.u32();
    if (reader.byte() !== OP.i32Const) return -1;
    reader.s32();
    if (reader.byte() !== OP.i32Sub) return -1;
    const then = reader.byte();
    return then === OP.localTee || then === OP.localSet || then === OP.globalSet ? global : -1;
  });
  return read.ok ? read.value : -1;
}
