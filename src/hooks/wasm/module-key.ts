import { imul, lengthOf } from '../../base/intrinsics.ts';
import type { Rewrite } from './wasm-tag.ts';

const SAMPLES = 1024;
const FNV_PRIME = 0x0100_0193;
const FNV_OFFSET = 0x811c_9dc5;

/**
 * A number by which threads know that they have the same rewritten module. It may be that of another one too: see
 * `HeapMap`.
 */
export function moduleKey({ bytes, layout }: Rewrite): number {
  const length = lengthOf(bytes);
  let hash = FNV_OFFSET;
  const add = (value: number): void => {
    hash = imul(hash ^ value, FNV_PRIME);
  };
  add(length);
  add(layout.functions);
  const step = length > SAMPLES ? (length / SAMPLES) | 0 : 1;
  for (let at = 0; at < length; at += step) add(bytes[at] as number);
  return hash;
}
