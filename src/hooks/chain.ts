import { IntrinsicPromise, promiseThen } from '../base/intrinsics.ts';

/**
 * What `next` gives of the value of a promise, or `failed` of its reason. A reaction may give a promise as well, but then
 * the engine asks that one for `then`, which is the page's to change. For promises that the page never gets to see.
 */
export function chain<A, B>(
  promise: Promise<A>,
  next: (value: A) => Promise<B>,
  failed?: (reason: unknown) => Promise<B>,
): Promise<B> {
  return new IntrinsicPromise((resolve, reject) => {
    const follow = (make: () => Promise<B>): void => {
      try {
        void promiseThen(make(), resolve, reject);
      } catch (error) {
        reject(error);
      }
    };
    void promiseThen(
      promise,
      (value) => follow(() => next(value)),
      (reason) => (failed ? follow(() => failed(reason)) : reject(reason)),
    );
  });
}
