import {
  IntrinsicMap,
  IntrinsicPromise,
  mapClear,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
  promiseThen,
  slice,
} from '../../base/intrinsics.ts';
import type { ApplyTrap, Native } from '../../base/patch.ts';
import type { Channels } from '../../hooks/channels.ts';
import type { Memories } from '../../hooks/memories.ts';
import { PreviewBudget } from '../../hooks/preview-budget.ts';
import { hookPassed, type PassedHooks } from '../../hooks/wasm/passed-modules.ts';
import { copyOfBytes, describeSource } from '../../hooks/wasm/wasm-atomics.ts';
import {
  type HoldDoor,
  observeCompilations,
  type WasmDoors,
} from '../../hooks/wasm/wasm-compilations.ts';
import { takeWasmNatives } from '../../hooks/wasm/wasm-natives.ts';
import type { RewriteModule } from '../../hooks/wasm/wasm-tag.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import type { MemoryNews, PassedModules } from '../../shared/passage.ts';
import type { EndId, MemoryId } from '../../shared/units.ts';
import { rememberInstances } from './early-instances.ts';
import { after, microsOfEpoch } from './scope.ts';
import { handOut } from './shared-modules.ts';
import type { WorkerRecorder } from './worker-recorder.ts';

/** The WebAssembly of a worker. */
export interface WorkerModules {
  /** The passage has come, before any other message if it is early; undefined: no modules are rewritten, so far. */
  begin(modules: PassedModules | 'none' | undefined, isEarly: boolean): void;
  obey(news: MemoryNews): void;
  /** What workers of this one are told of rewritten modules. */
  readonly known: PassedModules | 'none' | undefined;
  /** The blocks of this thread have their numbers now. */
  numbered(ledger: BlockLedger): void;
}

type EvaluateRewriter = (shared: readonly unknown[]) => () => RewriteModule;

const { notify, waitAsync } = Atomics as unknown as { readonly [name: string]: Native };

/** How long those who can wait do so for the passage, and for the rewriter. */
const PATIENCE_MS = 2000;
/** How long after a count of a heap the next is told, if it has changed. */
const NEXT_COUNT_MS = 300;
const REWRITER = 'worker-wasm.js';
const UNTOUCHED =
  'Memory: a module that a worker compiled at once, or before it was known to us, runs as it is; its blocks and atomic instructions are not seen.';
const UNREACHED =
  'Memory: modules that a worker compiles itself run as they are, for what rewrites them could not be loaded there.';
const MISSED =
  'Memory: a module runs in a worker as it is; what it does to memory that threads share is not seen.';

/**
 * Records what this worker compiles. Where modules are rewritten, those that come from other threads run in their
 * instrumented form here too, and those that it compiles itself are rewritten here, for which the rewriter is loaded when
 * the first of them is compiled.
 */
export function observeModules(
  recorder: WorkerRecorder,
  channels: Channels,
  memories: Memories,
  own: string,
  numberOf: (memory: object) => MemoryId,
  isHeard: (end: EndId) => boolean,
): WorkerModules {
  const { patches } = recorder;
  const waiting = new IntrinsicMap<number, () => void>();
  const said = new IntrinsicMap<string, true>();
  let waitingCount = 0;
  let passed: PassedModules | undefined;
  let hooked: PassedHooks | undefined;
  let hasPassed = false;
  let isNever = false;
  let isLate = false;
  let hasCompiled = false;
  let rewriter: RewriteModule | 'loading' | 'missing' | undefined;
  let ledger: BlockLedger | undefined;

  const uncovered = (detail: string): void => {
    if (mapGet(said, detail)) return;
    mapSet(said, detail, true);
    recorder.record('uncovered', { what: 'other', detail });
  };
  /** Whether it is settled what becomes of bytes. */
  const isOpen = (): boolean => {
    if (!hasPassed) return isLate;
    return !passed || rewriter === 'missing' || typeof rewriter === 'function';
  };
  const letGo = (): void => {
    if (!isOpen()) return;
    mapForEach(waiting, (go) => go());
    mapClear(waiting);
  };

  const load = (): void => {
    if (rewriter !== undefined) return;
    rewriter = 'loading';
    const loaded = (found: RewriteModule | undefined): void => {
      if (rewriter !== 'loading') return;
      rewriter = found ?? 'missing';
      if (!found) uncovered(UNREACHED);
      letGo();
    };
    const url = folderOf(own) + REWRITER;
    void promiseThen(
      import(/* @vite-ignore */ url) as Promise<{ readonly default: EvaluateRewriter }>,
      (module) => {
        try {
          loaded(module.default(handOut())());
        } catch (error) {
          recorder.fault(error);
          loaded(undefined);
        }
      },
      () => loaded(undefined),
    );
    after(PATIENCE_MS, () => loaded(undefined));
  };

  /** Bytes wait until it is known whether they are to be rewritten, and with what. */
  const hold: HoldDoor = (door, trap) => (native, self, args) => {
    if (isOpen() || args.length === 0) return trap(native, self, args);
    const isStream = door === 'compileStreaming' || door === 'instantiateStreaming';
    // As the native function copies the bytes: at once.
    const source = isStream ? args[0] : copied(args[0]);
    if (source === undefined) return trap(native, self, args);
    return new IntrinsicPromise((resolve, reject) => {
      mapSet(waiting, waitingCount++, () => {
        const now = (doors as WasmDoors)[door].trap as ApplyTrap;
        const promise = now(native, self, [source, args[1], args[2]]) as Promise<unknown>;
        void promiseThen(promise, resolve, reject);
      });
      if (hasPassed) load();
      else {
        after(PATIENCE_MS, () => {
          isLate = true;
          letGo();
        });
      }
    });
  };

  const doors = observeCompilations(
    patches,
    (source, sync) => {
      const compiled = describeSource(source, sync);
      if (!compiled) return;
      hasCompiled = true;
      recorder.record('wasmCompiled', { ...compiled, stack: recorder.stack() });
    },
    hold,
  );
  const natives = doors && takeWasmNatives(doors, globalThis);
  if (!natives) {
    const ignore = (): undefined => undefined;
    return { begin: ignore, obey: ignore, known: undefined, numbered: ignore };
  }
  const early = rememberInstances(doors);

  const hook = (given: PassedModules, isEarly: boolean): PassedHooks => {
    const budget = new PreviewBudget();
    const hasMissed = early.some(natives, given.name);
    if (hasMissed) {
      recorder.record('atomicsMissed', { stack: '' });
      uncovered(MISSED);
    }
    if (hasCompiled) uncovered(UNTOUCHED);
    recorder.record('heapsHeard', { checked: given.shadows !== undefined });
    const hooked = hookPassed(
      {
        recorder,
        channels,
        memories,
        doors,
        natives,
        atomics: recorder.atomics,
        notify,
        waitAsync,
        numberOf,
        ledger: () => ledger,
        maySpend: (at) => budget.take(at),
        micros: microsOfEpoch,
        frame: () => 0,
        isHeard,
        say: (message) => recorder.send(message),
        uncovered,
        missed: MISSED,
        rewrite(bytes, from, uncovered, keep) {
          if (typeof rewriter === 'function') return rewriter(bytes, from, uncovered, keep);
          if (rewriter === undefined) load();
          if (rewriter !== 'missing') uncovered(UNTOUCHED);
          return undefined;
        },
        elsewhere: undefined,
        renders: false,
        counted: () => after(NEXT_COUNT_MS, () => hooked.tellCounts()),
        covered: (bytes, how) => recorder.record('atomicsCovered', { bytes, how }),
      },
      given,
    );
    const mayHaveRun = hasCompiled || hasMissed || (!isEarly && mapSize(memories.known) > 0);
    if (mayHaveRun) hooked.expose();
    return hooked;
  };

  const begin: WorkerModules['begin'] = (given, isEarly) => {
    hasPassed = true;
    if (given === 'none' || !given) {
      isNever ||= given === 'none';
    } else if (hooked) {
      hooked.forms.takeAll(given.forms);
      if (given.shadows) {
        mapForEach(given.shadows, (shadow) => hooked?.obey({ kind: 'shadow', shadow }));
      }
    } else {
      passed = given;
      hooked = hook(given, isEarly);
      if (mapSize(waiting) > 0) load();
    }
    letGo();
  };
  return {
    begin,
    obey(news) {
      if (news.kind === 'modules') begin(news.modules, false);
      else hooked?.obey(news);
    },
    get known() {
      if (passed && hooked) return { ...passed, ...hooked.known };
      return isNever ? 'none' : undefined;
    },
    numbered(known) {
      ledger = known;
    },
  };
}

function copied(source: unknown): Uint8Array<ArrayBuffer> | undefined {
  try {
    return copyOfBytes(source);
  } catch {
    // What is wrong with it the engine will say.
    return undefined;
  }
}

function folderOf(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] !== '/') end--;
  return slice(url, 0, end);
}
