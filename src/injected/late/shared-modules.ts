import * as intrinsics from '../../base/intrinsics.ts';
import * as errors from '../../shared/describe-error.ts';

/** What the rewriter takes from this part, as this part does from the early one. */
export function handOut(): readonly unknown[] {
  return [intrinsics, errors];
}
