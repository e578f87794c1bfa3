import { mapForEach } from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { FormsCome } from '../../hooks/forms-ahead.ts';
import { HeapBlocks } from '../../hooks/heap-blocks.ts';
import { HeapMap } from '../../hooks/heap-map.ts';
import type { Memories } from '../../hooks/memories.ts';
import { recordHeaps } from '../../hooks/record-heaps.ts';
import { ShadowMemories } from '../../hooks/shadow-memories.ts';
import { recordWasmAtomics } from '../../hooks/wasm-atomic-imports.ts';
import { hookDoors } from '../../hooks/wasm-doors.ts';
import { takeWasmNatives } from '../../hooks/wasm-natives.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import { describeError } from '../../shared/describe-error.ts';
import type { Passage, ToScope } from '../../shared/passage.ts';
import type { Sharing } from './atomics.ts';
import { microsOfClock } from './clocks.ts';
import { currentFrame } from './scope.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

const { notify, waitAsync } = Atomics as unknown as { readonly [name: string]: Native };

const MISSED =
  'Memory: a module runs in an audio rendering thread as it is; what it does to memory that threads share is not seen.';
const COMPILED_HERE =
  'Memory: modules that an audio rendering thread compiles itself run as they are; their blocks and atomic instructions are not seen.';

export interface ScopeModules {
  /** What the thread that runs the page says of rewritten modules; false: it is about something else. */
  obey(command: ToScope): boolean;
}

/**
 * Lets modules that the page has rewritten tell of their allocator in this scope too, and of accesses to freed memory. What
 * is compiled here runs as it is. Undefined where none are rewritten. `timeTheirs` times what is no work of ours.
 */
export function hookModules(
  recorder: ThreadRecorder,
  { atomics, doors }: Sharing,
  memories: Memories,
  ledger: BlockLedger,
  timeTheirs: <T>(run: () => T) => T,
  { modules, thread }: Passage,
): ScopeModules | undefined {
  const natives = doors && takeWasmNatives(doors, globalThis);
  if (!modules || !natives) return undefined;
  const { heaps: map, name, shadows: passed } = modules;
  const forms = new FormsCome();
  forms.takeAll(modules.forms);
  const uncovered = (detail: string): void =>
    recorder.record('uncovered', { what: 'other', detail });
  // No strings on this thread for blocks that nobody may ever ask for.
  const maySpend = (): boolean => false;
  const given = { map: new HeapMap(map), maySpend, uncovered };
  const heaps = new HeapBlocks(recordHeaps(recorder, memories, () => ledger, given));
  const shadows =
    passed &&
    new ShadowMemories({
      thread,
      memories,
      notify,
      waitAsync,
      heaps,
      next: () => recorder.next(),
      now: () => recorder.now(),
      frame: () => currentFrame(),
      stack: () => recorder.stack(),
      memoryOf: (memory) => ledger.memoryOf(memory),
      touched: (touch) => recorder.say({ kind: 'touched', touch }),
      made: undefined,
      unshadowed: () => recorder.say({ kind: 'unshadowed' }),
      uncovered,
      fault: (error) => recorder.fault(error),
    });
  if (passed) mapForEach(passed, (shadow) => shadows?.take(shadow));
  hookDoors({
    doors,
    natives,
    heaps,
    forms,
    ahead: undefined,
    again(compile) {
      const from = microsOfClock();
      const form = compile();
      recorder.record('formCompiled', { micros: microsOfClock() - from });
      return form;
    },
    theirs: timeTheirs,
    shadows,
    atomics:
      atomics && recordWasmAtomics(atomics.cells, memories, (error) => recorder.fault(error)),
    name,
    rewrite: undefined,
    refused: (error) =>
      uncovered(`Memory: a rewritten module could not be used: ${describeError(error)}`),
    // What is compiled here is not rewritten.
    covered: () => undefined,
    missed() {
      recorder.record('atomicsMissed', { stack: recorder.stack() });
      uncovered(MISSED);
    },
  });
  return {
    obey(command) {
      if (command.kind === 'form') forms.take(command.id, command.form);
      else if (command.kind === 'form-gone') forms.gone(command.id);
      else return shadows?.obey(command) === true;
      return true;
    },
  };
}

/** That a module was compiled in this scope, where modules are to be rewritten. */
export function sayCompiledHere(recorder: ThreadRecorder): void {
  recorder.record('uncovered', { what: 'other', detail: COMPILED_HERE });
}
