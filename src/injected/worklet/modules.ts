import { apply, getOwnPropertyDescriptor, ownData, uncurryThis } from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { HeapBlocks } from '../../hooks/heap-blocks.ts';
import { HeapMap, isSharable } from '../../hooks/heap-map.ts';
import type { Memories } from '../../hooks/memories.ts';
import type { WasmDoors } from '../../hooks/wasm-compilations.ts';
import { hookDoors, type WasmNatives } from '../../hooks/wasm-doors.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import { describeError } from '../../shared/describe-error.ts';
import type { Passage } from '../../shared/passage.ts';
import type { Micros } from '../../shared/units.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/**
 * Lets modules that the page has rewritten tell of their allocator in this scope too. What is compiled here runs as it is.
 */
export function hookModules(
  recorder: ThreadRecorder,
  doors: WasmDoors,
  memories: Memories,
  ledger: BlockLedger,
  { modules: name, heaps: map }: Passage,
): void {
  if (name === undefined) return;
  const uncovered = (detail: string): void =>
    recorder.record('uncovered', { what: 'other', detail });
  const heaps = new HeapBlocks({
    map: map && new HeapMap(map),
    next: () => recorder.next(),
    now: () => recorder.now() as Micros,
    stack: () => recorder.stack(),
    // No strings on this thread for blocks that nobody may ever ask for.
    maySpend: () => false,
    number: (memory) => ledger.number(memory),
    isSharable: (memory) => isSharable(memories, memory),
    isShared: (memory) => memories.sharedIdOf(memories.bufferIn(memory)) !== 0,
    told({ block, memory, offset, length, by, stack, seq, at }) {
      const fields = { block, memory, offset, length, by, stack };
      recorder.record('heapAllocated', fields, seq, at);
    },
    found: ({ block, memory, offset }) => recorder.record('heapFound', { block, memory, offset }),
    freed({ block, memory, offset }, seq, at, stack) {
      recorder.record('blockFreed', { block, memory, offset, stack }, seq, at);
    },
    strayed(memory, offset, seq, stack) {
      recorder.record('heapFreed', { memory: ledger.memoryOf(memory), offset, stack }, seq);
    },
    // It takes no stacks for blocks that nobody asks for.
    grew: () => undefined,
    misfreed({ what, block, memory, offset }, seq, stack) {
      const fields = { what, block, memory: ledger.memoryOf(memory), offset, stack };
      recorder.record('heapMisfreed', fields, seq);
    },
    uncovered,
    fault: (error) => recorder.fault(error),
  });
  hookDoors({
    doors,
    natives: takeNatives(doors),
    heaps,
    name,
    rewrite: undefined,
    refused: (error) =>
      uncovered(`Memory: a rewritten module could not be used: ${describeError(error)}`),
  });
}

/** The page has not run here yet. */
function takeNatives({ Module, Instance }: WasmDoors): WasmNatives {
  const { prototype } = Instance.native as unknown as { readonly prototype: object };
  const of =
    <T>(key: string) =>
    (...args: readonly unknown[]): T =>
      apply(statics[key] as Native, undefined, args) as T;
  const statics: { readonly [key: string]: unknown } = {
    imports: ownData(Module.native, 'imports'),
    exports: ownData(Module.native, 'exports'),
    customSections: ownData(Module.native, 'customSections'),
  };
  return {
    importsOf: of('imports'),
    exportsOf: of('exports'),
    sectionsOf: of('customSections'),
    membersOf: uncurryThis(
      getOwnPropertyDescriptor(prototype, 'exports')?.get as (this: object) => object,
    ),
    bodyOf: undefined,
  };
}
