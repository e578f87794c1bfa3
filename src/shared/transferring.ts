import { symbolIterator } from '../base/intrinsics.ts';

/**
 * A transfer list of one object. `postMessage` reads its list through the iterator protocol, which a
 * page can change for arrays but not for this.
 */
export function transferring(object: object): Iterable<object> {
  return {
    __proto__: null,
    [symbolIterator]: () => {
      let given = false;
      return {
        __proto__: null,
        next: () => {
          const result = { __proto__: null, done: given, value: given ? undefined : object };
          given = true;
          return result;
        },
      };
    },
  } as unknown as Iterable<object>;
}
