import { ALLOCATOR } from './wasm-allocator.ts';
import { assemble } from './wasm-assembler.ts';

const STEP = `
    local.get 0
    i32.load offset=8
    local.get 1
    i32.add
    local.set 1`;
/** Bytes that `STEP` takes. */
const STEP_BYTES = 10;
const STEPS = 400;

/** A module of about so many bytes, with an allocator that is found. */
export function moduleOf(bytes: number): Uint8Array {
  const body = `
  func ii:i${STEP.repeat(STEPS)}
    local.get 1
  end`;
  return assemble(ALLOCATOR + body.repeat(Math.round(bytes / (STEP_BYTES * STEPS))));
}
