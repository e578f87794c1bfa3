import { apply, uncurryThis } from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { HeapBlocks } from '../../hooks/heap-blocks.ts';
import { HeapMap, isSharable } from '../../hooks/heap-map.ts';
import { PreviewBudget } from '../../hooks/preview-budget.ts';
import { recordWasmAtomics } from '../../hooks/wasm-atomic-imports.ts';
import type { WasmDoors } from '../../hooks/wasm-compilations.ts';
import { hookDoors, type WasmNatives } from '../../hooks/wasm-doors.ts';
import { describeError } from '../../shared/describe-error.ts';
import type { Seq } from '../../shared/units.ts';
import type { LateObservation } from '../late/late-observation.ts';
import { ownMember, ownNative } from '../late/own-natives.ts';
import { rewriteModule } from './rewrite-module.ts';

const MISSED =
  'Memory: a module runs in the page as it is; what it does to memory that threads share is not seen.';
const LATE =
  'Memory: a module that the page compiled before we were ready runs as it is; its blocks and atomic instructions are not seen.';
const REPLACED =
  'Memory: modules are not rewritten, for the page has replaced functions of WebAssembly.';

/**
 * From now on modules that the page compiles are rewritten so that they tell of their allocator. The build wraps this
 * bundle as it wraps the late part, which loads it.
 */
export function start(observation: LateObservation): HeapBlocks | undefined {
  const { atomics, compilations, heaps: level, ledger, memories, realm, recorder } = observation;
  const { doors } = compilations;
  if (!doors) return undefined;
  const uncovered = (detail: string): void =>
    recorder.mention('uncovered', { what: 'other', detail });
  const natives = takeNatives(doors, realm.window);
  const { name } = level;
  if (!natives || name === undefined) {
    uncovered(REPLACED);
    return undefined;
  }
  if (level.hasOriginals) uncovered(LATE);
  const budget = new PreviewBudget();
  const map = level.map && new HeapMap(level.map);
  if (level.hasOriginals) map?.expose();
  const heaps = new HeapBlocks({
    map,
    next: () => recorder.next(),
    now: () => recorder.now(),
    stack: () => recorder.stack(),
    maySpend: () => budget.take(recorder.now()),
    number: (memory) => ledger.number(memory),
    isSharable: (memory) => isSharable(memories, memory),
    isShared: (memory) => memories.sharedIdOf(memories.bufferIn(memory)) !== 0,
    told({ block, memory, offset, length, by, stack, seq, at }) {
      const fields = { block, memory, offset, length, by, stack };
      recorder.record('heapAllocated', fields, seq as Seq, at);
    },
    found: ({ block, memory, offset }) => recorder.record('heapFound', { block, memory, offset }),
    freed({ block, memory, offset }, seq, at, stack) {
      recorder.record('blockFreed', { block, memory, offset, stack }, seq as Seq, at);
    },
    strayed(memory, offset, seq, stack) {
      const fields = { memory: ledger.memoryOf(memory), offset, stack };
      recorder.record('heapFreed', fields, seq as Seq);
    },
    grew({ id, counted, bytes, made, stack }) {
      recorder.record('heapSite', { site: id, live: counted, bytes, made, stack });
    },
    misfreed({ what, block, memory, offset }, seq, stack) {
      const fields = { what, block, memory: ledger.memoryOf(memory), offset, stack };
      recorder.record('heapMisfreed', fields, seq as Seq);
    },
    uncovered,
    fault: (error) => recorder.fault(error),
  });
  hookDoors({
    doors,
    natives,
    heaps,
    atomics:
      atomics && recordWasmAtomics(atomics.cells, memories, (error) => recorder.fault(error)),
    name,
    rewrite: (bytes) => rewriteModule(bytes, name, uncovered),
    refused: (error) =>
      uncovered(`Memory: a rewritten module could not be used: ${describeError(error)}`),
    covered: (bytes, how) => recorder.record('atomicsCovered', { bytes, how }),
    missed() {
      recorder.record('atomicsMissed', { stack: recorder.stack() });
      uncovered(MISSED);
    },
  });
  return heaps;
}

function takeNatives({ Module, Instance }: WasmDoors, window: object): WasmNatives | undefined {
  const { prototype } = Instance.native as unknown as { readonly prototype: object };
  const importsOf = ownNative(Module.native, 'imports');
  const exportsOf = ownNative(Module.native, 'exports');
  const sectionsOf = ownNative(Module.native, 'customSections');
  const membersOf = ownNative(prototype, 'exports', 'get');
  if (!importsOf || !exportsOf || !sectionsOf || !membersOf) return undefined;
  const clone = ownMember(window, 'Response', 'clone', 'value');
  const bytes = ownMember(window, 'Response', 'arrayBuffer', 'value');
  const told =
    <T>(native: Native) =>
    (...args: readonly unknown[]): T =>
      apply(native, undefined, args) as T;
  return {
    importsOf: told(importsOf),
    exportsOf: told(exportsOf),
    sectionsOf: told(sectionsOf),
    membersOf: uncurryThis(membersOf) as (instance: object) => object,
    bodyOf:
      clone && bytes
        ? (response) => apply(bytes, apply(clone, response, []), []) as Promise<ArrayBuffer>
        : undefined,
  };
}
