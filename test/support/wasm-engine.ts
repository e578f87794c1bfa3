import { setFlagsFromString } from 'node:v8';

/** Node 20 has these proposals behind flags; later engines know no such flags, nor need them. */
const FLAGS = ['relaxed-simd', 'memory64', 'extended-const'] as const;
if (process.versions.node.startsWith('20.')) {
  for (const flag of FLAGS) setFlagsFromString(`--experimental-wasm-${flag}`);
}

export function validates(bytes: Uint8Array<ArrayBuffer>): boolean {
  return WebAssembly.validate(bytes);
}

/** Whether a module may have two memories here; Node 20 knows nothing of it. */
export const HAS_MULTI_MEMORY: boolean = validates(
  new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 5, 5, 2, 0, 1, 0, 1]),
);
