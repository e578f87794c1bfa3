import type { Rewrite } from '../../hooks/wasm/wasm-tag.ts';
import { rewriteModule } from './rewrite-module.ts';

/** What a worker calls to have a module rewritten. The build wraps this bundle as it wraps `wasm.js`. */
export function start(): (
  bytes: Uint8Array,
  from: string,
  uncovered: (why: string) => void,
) => Rewrite | undefined {
  return rewriteModule;
}
