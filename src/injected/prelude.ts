import { apply, IntrinsicInt32Array, IntrinsicPromise, promiseThen } from '../base/intrinsics.ts';
import { methodOf } from '../hooks/interfaces.ts';
import { describeError } from '../shared/describe-error.ts';
import { PASSAGE_NAME } from '../shared/passage.ts';
import type { ContextEntry } from './entities.ts';
import type { Observation } from './observation.ts';

/** Puts the prelude into the scope of a context. */
export interface PreludeLoader {
  /** Settles, always well, once the scope is observed or cannot be; undefined when it already is. */
  load(context: BaseAudioContext, worklet: object, entry: ContextEntry): Promise<void> | undefined;
}

/** `url` is the prelude's in the extension. */
export function createPreludeLoader(
  observation: Observation,
  url: string,
  randomName: () => string,
): PreludeLoader {
  const { late, recorder } = observation;
  const addModule = methodOf('Worklet', 'addModule');

  const observed = (
    context: BaseAudioContext,
    worklet: object,
    entry: ContextEntry,
  ): Promise<void> =>
    new IntrinsicPromise((settle) => {
      const name = randomName();
      const done = (): void => {
        entry.isReady = true;
        settle();
      };
      const loaded = (): void => {
        recorder.guard(() => late.part?.pass(context, entry, name, add, done));
        if (!late.part) done();
      };
      const add = (url: string): Promise<unknown> =>
        apply(addModule, worklet, [`${url}?${PASSAGE_NAME}=${name}`]) as Promise<unknown>;
      void promiseThen(
        add(url),
        () => void promiseThen(late.load(), loaded, loaded),
        (error) => {
          recorder.guard(() => {
            recorder.record('uncovered', { what: 'prelude', detail: describeError(error) });
          });
          done();
        },
      );
    });

  return {
    load(context, worklet, entry) {
      if (entry.isReady) return undefined;
      entry.prelude ??= observed(context, worklet, entry);
      return entry.prelude;
    },
  };
}

/**
 * One name for each scope, known to our two scripts only until it has served: who does not know it
 * cannot speak for them. (Afterwards a page can read it in the stack of any call of its own.)
 */
export function takeRandomNames(): () => string {
  const { crypto } = globalThis;
  const { getRandomValues } = crypto;
  return () => {
    const words = new IntrinsicInt32Array(4);
    apply(getRandomValues, crypto, [words]);
    return `lifeline${words[0]}${words[1]}${words[2]}${words[3]}`;
  };
}
