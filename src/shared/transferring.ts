import { symbolIterator } from '../base/intrinsics.ts';

/**
 * A transfer list of one object. `postMessage` reads its list through the iterator protocol, which a
 * page can change for arrays but not for this.
 */
export function transferring(object: object): Iterable<object> {
  return transferringAll([object]);
}

/** A transfer list of what stands in `objects`. */
export function transferringAll(objects: readonly object[]): Iterable<object> {
  return {
    __proto__: null,
    [symbolIterator]: () => {
      let given = 0;
      return {
        __proto__: null,
        next: () => {
          const done = given === objects.length;
          return { __proto__: null, done, value: done ? undefined : objects[given++] };
        },
      };
    },
  } as unknown as Iterable<object>;
}
