import {
  apply,
  deref,
  IntrinsicPromise,
  promiseReject,
  promiseThen,
  weakMapGet,
} from '../base/intrinsics.ts';
import { getterOf, prototypeOf } from '../hooks/interfaces.ts';
import { hrefOf } from '../hooks/workers.ts';
import type { ContextEntry } from './entities.ts';
import type { Observation } from './observation.ts';
import type { PreludeLoader } from './prelude.ts';
import { type Outcome, settling } from './settling.ts';

type Settled = (outcome: Outcome, reason: string) => void;

/**
 * Watches `addModule`. The first one of a context waits until the prelude stands in its scope; what the
 * page passed is read during the call all the same, as the native one would.
 */
export function observeModules(observation: Observation, prelude: PreludeLoader): void {
  const { patches, entities, recorder } = observation;
  const prototype = prototypeOf('Worklet');
  const resolveUrl = takeUrlResolver();
  if (!prototype) return;

  /** Records the call; gives what records how it settled. */
  const requested = (entry: ContextEntry, url: string): Settled => {
    const module = entities.nextModule();
    const context = entry.id;
    recorder.guard(() =>
      recorder.record('moduleRequested', { context, module, url, stack: recorder.stack() }),
    );
    return (outcome, reason) =>
      recorder.guard(() => recorder.record('moduleSettled', { module, outcome, reason }));
  };

  patches.method(prototype, 'addModule', (native, self, args) => {
    const entry = weakMapGet(entities.worklets, self as object);
    const context = entry && deref(entry.ref);
    if (!entry || !context || args.length === 0 || typeof args[0] === 'symbol') {
      return apply(native, self, args);
    }
    let call: readonly unknown[];
    try {
      call = readArguments(args);
    } catch (error) {
      return promiseReject(error);
    }
    const text = call[0] as string;
    const url = resolveUrl(text);
    const settled = requested(entry, url ?? text);
    const run = (args: readonly unknown[]): Promise<unknown> =>
      settling(apply(native, self, args) as Promise<unknown>, settled);
    const loading = url === undefined ? undefined : prelude.load(context, self as object, entry);
    if (!loading) return run(call);
    return new IntrinsicPromise((resolve, reject) => {
      const go = (): unknown => promiseThen(run([url, call[1]]), resolve, reject);
      void promiseThen(loading, go, go);
    });
  });
}

/**
 * The URL and the options of a call, converted once and in the order of the native conversion. Throws
 * what the page's own getters and conversions throw.
 */
function readArguments(args: readonly unknown[]): readonly [string, unknown] {
  const url = `${args[0] as string}`;
  const options = args.length > 1 ? args[1] : undefined;
  if (options === null || (typeof options !== 'object' && typeof options !== 'function')) {
    return [url, options];
  }
  const { credentials } = options as { readonly credentials?: unknown };
  return [url, { credentials: credentials === undefined ? undefined : `${credentials as string}` }];
}

/** Resolves against the document's base URL as it is when called; undefined for what is no URL. */
function takeUrlResolver(): (url: string) => string | undefined {
  const { document, URL: NativeUrl } = globalThis;
  const baseOf = getterOf<Document, string>('Node', 'baseURI');
  return (url) => {
    if (!baseOf || !hrefOf) return undefined;
    try {
      return hrefOf(new NativeUrl(url, baseOf(document)));
    } catch {
      return undefined;
    }
  };
}
