import {
  apply,
  IntrinsicInt32Array,
  IntrinsicMap,
  mapForEach,
  mapSet,
  mapSize,
  promiseThen,
} from '../../base/intrinsics.ts';
import { ownMember, ownNative } from '../../base/own-natives.ts';
import type { HeapBlocks } from '../../hooks/heap/heap-blocks.ts';
import { HeapMap } from '../../hooks/heap/heap-map.ts';
import { FormsAhead } from '../../hooks/wasm/forms-ahead.ts';
import type { ShadowMessage } from '../../hooks/wasm/passed-modules.ts';
import type { MemoryNews, PassedModules, PassedShadow } from '../../shared/passage.ts';
import type { MemoryLevel } from '../../shared/settings.ts';
import type { ThreadId } from '../../shared/units.ts';
import type { LateObservation } from './late-observation.ts';
import { handOut } from './shared-modules.ts';

/** What `wasm.js` exports: given what it takes from us, it gives what hooks the doors of WebAssembly. */
export type EvaluateRewriter = (
  shared: readonly unknown[],
) => (observation: LateObservation, level: MemoryLevel) => HeapBlocks | undefined;

/** What rewrites modules, where the level asks for it. */
export interface Rewriter {
  /** Whether it is there, or cannot be had. */
  readonly isReady: boolean;
  /** `add` adds to a scope what rewrites modules there; then, and once it is ready here, `done` is called. */
  addTo(add: (url: string) => Promise<unknown>, done: () => void): void;
}

/** What is kept of what threads say before it can be heard: the modules that they have rewritten by then. */
const MAX_UNCHECKED = 64;
const NOT_ISOLATED =
  'Memory: modules of a page that is not cross-origin isolated are not rewritten; the ledger is all there is.';

/** Fetches `wasm.js`; undefined where no memory can be shared. Until it is there those wait who can: see `compilation.ts`. */
export function loadRewriter(
  observation: LateObservation,
  level: MemoryLevel,
): Rewriter | undefined {
  const { channel, compilations, realm, recorder } = observation;
  const uncovered = (detail: string): void =>
    recorder.mention('uncovered', { what: 'other', detail });
  if (!compilations.doors) {
    uncovered(NOT_ISOLATED);
    return undefined;
  }
  const { heaps, threads } = observation;
  const tellAll = (news: MemoryNews): void => mapForEach(threads, (thread) => thread.tell(news));
  heaps.level = level;
  heaps.name = takeName(realm.window);
  heaps.map = HeapMap.share();
  heaps.forms = new FormsAhead(
    (id, form) => tellAll({ kind: 'form', id, form }),
    (id) => recorder.guard(() => tellAll({ kind: 'form-gone', id })),
  );
  let isReady = false;
  const ready = promiseThen(
    import(/* @vite-ignore */ `${channel.base}wasm.js`) as Promise<{
      readonly default: EvaluateRewriter;
    }>,
    (module) => {
      recorder.guard(() => {
        observation.heaps.blocks = module.default(handOut())(observation, level);
      });
      isReady = true;
    },
    (error) => {
      recorder.fault(error);
      isReady = true;
    },
  );
  return {
    get isReady() {
      return isReady;
    },
    addTo(add, done) {
      const added = (): void => void promiseThen(ready, done, done);
      void promiseThen(add(`${channel.base}worklet-wasm.js`), added, added);
    },
  };
}

/** Another thread said that of memory which is checked. */
export function hearChecked(
  { checks, level, unchecked }: LateObservation['heaps'],
  message: ShadowMessage,
  thread: ThreadId,
): void {
  if (checks) checks.heard(message, thread);
  else if (level === 'full' && mapSize(unchecked) < MAX_UNCHECKED) {
    mapSet(unchecked, mapSize(unchecked), { message, thread });
  }
}

/** What other threads are told of rewritten modules; undefined where there are none. */
export function passedModules({
  name,
  map: heaps,
  forms,
  checks,
  level,
  quarantineBytes,
}: LateObservation['heaps']): PassedModules | undefined {
  if (name === undefined || !heaps || !forms) return undefined;
  // What makes them may not be there yet.
  const none = level === 'full' ? new IntrinsicMap<number, PassedShadow>() : undefined;
  const shadows = checks?.shadows.passed ?? none;
  return { name, heaps, shadows, quarantineBytes, forms: forms.all };
}

/** A name that no page knows; undefined where none can be made of the engine's own chance. */
function takeName(window: object): string | undefined {
  const cryptoOf = ownNative(window, 'crypto', 'get');
  const fill = ownMember(window, 'Crypto', 'getRandomValues', 'value');
  if (!cryptoOf || !fill) return undefined;
  const words = new IntrinsicInt32Array(4);
  apply(fill, apply(cryptoOf, window, []), [words]);
  return `lifeline${words[0]}${words[1]}${words[2]}${words[3]}`;
}
