import type { Native } from '../../base/patch.ts';
import { hookPassed, type PassedHooks } from '../../hooks/wasm/passed-modules.ts';
import { takeWasmNatives } from '../../hooks/wasm/wasm-natives.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import type { Passage } from '../../shared/passage.ts';
import type { Sharing } from './atomics.ts';
import { microsOfClock } from './clocks.ts';
import type { PortObserver } from './ports.ts';
import { currentFrame } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

const { notify, waitAsync } = Atomics as unknown as { readonly [name: string]: Native };

const MISSED =
  'Memory: a module runs in an audio rendering thread as it is; what it does to memory that threads share is not seen.';
const COMPILED_HERE =
  'Memory: modules that an audio rendering thread compiles itself run as they are; their blocks and atomic instructions are not seen.';

/**
 * Hooks modules that the page has rewritten; what is compiled here runs as it is. Undefined where none are rewritten.
 * `theirs` times what is no work of ours.
 */
export function hookModules(
  recorder: ThreadRecorder,
  { atomics, doors }: Sharing,
  { channels, memories }: PortObserver,
  ledger: BlockLedger,
  theirs: <T>(run: () => T) => T,
  { modules }: Passage,
): PassedHooks | undefined {
  const natives = doors && takeWasmNatives(doors, globalThis);
  if (!modules || !natives) return undefined;
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
      ledger: () => ledger,
      // No strings on this thread for blocks that nobody may ever ask for.
      maySpend: () => false,
      micros: microsOfClock,
      frame: currentFrame,
      // Even ends are ports of processors, which lead to the page.
      isHeard: (end) => end % 2 === 0,
      say: (message) => recorder.say(message),
      uncovered: (detail) => recorder.record('uncovered', { what: 'other', detail }),
      missed: MISSED,
      theirs,
      rewrite: undefined,
      // What is compiled here is not rewritten.
      covered: () => undefined,
    },
    modules,
  );
  recorder.eachClock(() => hooks.tellCounts());
  return hooks;
}

/** That a module was compiled in this scope, where modules are to be rewritten. */
export function sayCompiledHere(recorder: ThreadRecorder): void {
  recorder.record('uncovered', { what: 'other', detail: COMPILED_HERE });
}
