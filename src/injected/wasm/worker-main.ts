import type { RewriteModule } from '../../hooks/wasm/wasm-tag.ts';
import { rewriteModule } from './rewrite-module.ts';

/** What a worker calls to have a module rewritten. The build wraps this bundle as it wraps `wasm.js`. */
export function start(): RewriteModule {
  return rewriteModule;
}
