import * as intrinsics from '../base/intrinsics.ts';
import * as errors from '../shared/describe-error.ts';

/**
 * What the late part takes from the early one, for these modules capture what a page may replace. In the build
 * (`vite.config.ts`) it is the list of just the exports that the late part uses, known to both by their places.
 */
export function handOut(): readonly unknown[] {
  return [intrinsics, errors];
}
