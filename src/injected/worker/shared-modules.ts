import * as intrinsics from '../../base/intrinsics.ts';

/** What the rewriter takes from the prelude of a worker, as `wasm.js` does from the late part of a page. */
export function handOut(): readonly unknown[] {
  return [intrinsics];
}
