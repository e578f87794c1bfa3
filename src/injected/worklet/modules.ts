import {
  deleteProperty,
  getOwnPropertyDescriptor,
  IntrinsicMap,
  IntrinsicPromise,
  mapClear,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
} from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { hookPassed } from '../../hooks/wasm/passed-modules.ts';
import { takeWasmNatives } from '../../hooks/wasm/wasm-natives.ts';
import type { RewriteModule } from '../../hooks/wasm/wasm-tag.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Passage, ToScope } from '../../shared/passage.ts';
import type { Sharing } from './atomics.ts';
import { microsOfClock } from './clocks.ts';
import type { PortObserver } from './ports.ts';
import { currentFrame, SAMPLE_RATE } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

const { notify, waitAsync } = Atomics as unknown as { readonly [name: string]: Native };

const MISSED =
  'Memory: a module runs in an audio rendering thread as it is; what it does to memory that threads share is not seen.';
const UNREACHED =
  'Memory: modules that an audio rendering thread compiles itself run as they are, for what rewrites them could not be loaded there.';
const UNANSWERED =
  'Memory: a module that an audio rendering thread has compiled runs as it is, for the page was busy; its blocks and atomic instructions are not seen.';
/** How long it is waited for the page, while the context renders. */
const PATIENCE_SECONDS = 5;

export interface ScopeModules {
  /** False: it is about something else. */
  obey(command: ToScope): boolean;
  tellCounts(isLast?: boolean): void;
}

/**
 * Hooks the modules of this scope. Those that it compiles by and by are rewritten in the page, so that nothing holds up what
 * plays; those that it compiles at once, here. Undefined where none are rewritten. `theirs` times what is no work of
 * ours.
 */
export function hookModules(
  recorder: ThreadRecorder,
  { atomics, doors }: Sharing,
  { channels, memories }: PortObserver,
  ledger: BlockLedger,
  theirs: <T>(run: () => T) => T,
  { modules }: Passage,
  rewrite: RewriteModule | undefined,
): ScopeModules | undefined {
  const natives = doors && takeWasmNatives(doors, globalThis);
  if (!modules || !natives) return undefined;
  const { asked, elsewhere } = askPage(recorder);
  let nextStack = 0;
  const hooks = hookPassed(
    {
      recorder,
      channels,
      memories,
      doors,
      natives,
      atomics,
      notify,
      waitAsync,
      numberOf: (memory) => ledger.memoryOf(memory),
      renders: true,
      ledger: () => ledger,
      maySpend(at) {
        if (at < nextStack) return false;
        nextStack = at + LIMITS.renderingStackMicros;
        return true;
      },
      micros: microsOfClock,
      frame: currentFrame,
      // Even ends are ports of processors, which lead to the page.
      isHeard: (end) => end % 2 === 0,
      say: (message) => recorder.say(message),
      uncovered: (detail) => recorder.record('uncovered', { what: 'other', detail }),
      missed: MISSED,
      theirs,
      rewrite,
      elsewhere: rewrite && elsewhere,
      covered: (bytes, how) => recorder.record('atomicsCovered', { bytes, how }),
    },
    modules,
  );
  recorder.eachClock(() => {
    hooks.tellCounts();
    hooks.armFurther();
  });
  return {
    obey(command) {
      if (command.kind !== 'rewritten') return hooks.obey(command);
      const answer = mapGet(asked, command.id);
      mapDelete(asked, command.id);
      answer?.(command.module);
      return true;
    },
    tellCounts: (isLast) => hooks.tellCounts(isLast),
  };
}

type Answer = (module: object | undefined) => void;

/** Has the page rewrite modules. */
function askPage(recorder: ThreadRecorder): {
  readonly asked: Map<number, Answer>;
  readonly elsewhere: (bytes: Uint8Array<ArrayBuffer>) => Promise<object | undefined>;
} {
  const asked = new IntrinsicMap<number, Answer>();
  let questions = 0;
  let patience = Number.POSITIVE_INFINITY;
  recorder.eachClock((frame) => {
    if (frame < patience) return;
    patience = Number.POSITIVE_INFINITY;
    mapForEach(asked, (answer) => {
      recorder.record('uncovered', { what: 'other', detail: UNANSWERED });
      answer(undefined);
    });
    mapClear(asked);
  });
  return {
    asked,
    elsewhere: (bytes) =>
      new IntrinsicPromise((resolve) => {
        const id = ++questions;
        mapSet(asked, id, resolve);
        patience = currentFrame() + PATIENCE_SECONDS * SAMPLE_RATE;
        recorder.say({ kind: 'rewrite', id, bytes });
      }),
  };
}

/** That a module was compiled in this scope, where modules are to be rewritten and cannot be here. */
export function sayCompiledHere(recorder: ThreadRecorder): void {
  recorder.record('uncovered', { what: 'other', detail: UNREACHED });
}

/** What rewrites modules, which was loaded behind the prelude, if it was. */
export function takeRewriter(name: string): RewriteModule | undefined {
  const found: unknown = getOwnPropertyDescriptor(globalThis, name)?.value;
  deleteProperty(globalThis, name);
  return typeof found === 'function' ? (found as RewriteModule) : undefined;
}
