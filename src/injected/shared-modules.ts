import * as intrinsics from '../base/intrinsics.ts';
import * as errors from '../shared/describe-error.ts';

/** Modules that the late part shares with the early one, for they capture what a page may replace. */
export interface SharedModules {
  readonly intrinsics: typeof intrinsics;
  readonly errors: typeof errors;
}

/**
 * The build (`vite.config.ts`) puts a plain object in the place of each namespace here, which costs nothing until
 * it is asked for, and in the late bundle takes the imports of these modules from it.
 */
export function shareModules(): SharedModules {
  return { intrinsics, errors };
}
