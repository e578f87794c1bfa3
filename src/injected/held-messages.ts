import { apply, IntrinsicMap, mapForEach, mapSet, symbolIterator } from '../base/intrinsics.ts';
import type { Native } from '../base/patch.ts';
import type { WorkerEntry } from '../hooks/workers.ts';
import { transferringAll } from '../shared/transferring.ts';

type Held = readonly [value: unknown, transferred: readonly object[]];

/**
 * Keeps copies of what the page posts to a worker until it is known where they go. They are made as the native call
 * would make them; what cannot be copied is for that to refuse. Gives what lets them go, in their order.
 */
export function holdMessages(
  entry: WorkerEntry,
  post: Native,
  clone: (value: unknown, transfer: Iterable<object>) => unknown,
): (to: object) => void {
  const held = new IntrinsicMap<number, Held>();
  let count = 0;
  entry.via = function (this: unknown, ...args: readonly unknown[]): undefined {
    try {
      const list = listIn(args[1]);
      if (args.length > 0) {
        mapSet(held, count++, clone([args[0], list], transferringAll(list)) as Held);
        return;
      }
    } catch {
      // Said by the native call, in its own words.
    }
    apply(post, this, args);
  };
  return (to) => {
    entry.via = function (this: unknown, ...args: readonly unknown[]) {
      return apply(post, to, args);
    };
    mapForEach(held, ([value, list]) => apply(post, to, [value, transferringAll(list)]));
  };
}

/** The transfer list as the engine reads it. Throws where that would. */
function listIn(given: unknown): readonly object[] {
  if (given === undefined || given === null) return [];
  if (typeof given !== 'object') throw given;
  const options = given as { readonly transfer?: Iterable<object> } & Partial<Iterable<object>>;
  return [...(options[symbolIterator] ? (options as Iterable<object>) : (options.transfer ?? []))];
}
