import { promiseThen } from '../base/intrinsics.ts';
import { describeError } from '../shared/describe-error.ts';

export type Outcome = 'resolved' | 'rejected';

/**
 * What the page gets in place of `promise`, which it never sees: a promise that settles to the same value
 * right after `settled` was told. Not `promise` itself, for our reaction would make its rejection count as
 * handled.
 */
export function settling<T>(
  promise: Promise<T>,
  settled: (outcome: Outcome, reason: string) => void,
): Promise<T> {
  return promiseThen<T, T>(
    promise,
    (value) => {
      settled('resolved', '');
      return value;
    },
    (error) => {
      settled('rejected', describeError(error));
      throw error;
    },
  );
}
