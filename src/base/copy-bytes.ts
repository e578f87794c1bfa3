import { bufferOf, byteOffsetOf, IntrinsicUint8Array, setBytes } from './intrinsics.ts';

/** Below that many bytes a loop is faster than a call. */
const SHORT_RUN = 48;

/** Copies `source[from … to)` to `target[at …)`. */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  to: number,
): void {
  if (to - from < SHORT_RUN) {
    for (let i = from; i < to; i++) target[at++] = source[i] as number;
  } else {
    const run = new IntrinsicUint8Array(bufferOf(source), byteOffsetOf(source) + from, to - from);
    setBytes(target, run, at);
  }
}
