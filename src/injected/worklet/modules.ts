import {
  apply,
  getOwnPropertyDescriptor,
  isArray,
  isSafeInteger,
  keysOf,
  min,
  ownData,
  uncurryThis,
} from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { HeapBlocks } from '../../hooks/heap-blocks.ts';
import type { Memories } from '../../hooks/memories.ts';
import type { WasmDoors } from '../../hooks/wasm-compilations.ts';
import { hookDoors, type WasmNatives } from '../../hooks/wasm-doors.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import { describeError } from '../../shared/describe-error.ts';
import type { BlockId, Micros } from '../../shared/units.ts';
import type { ThreadRecorder } from './thread-recorder.ts';

/** Of the options of a processor so many are looked at. */
const MOST_OPTIONS = 8;

/**
 * Lets modules that the page has rewritten tell of their allocator in this scope too. `name` is that of the passage. What
 * is compiled here runs as it is.
 */
export function hookModules(
  recorder: ThreadRecorder,
  doors: WasmDoors,
  memories: Memories,
  ledger: BlockLedger,
  name: string | undefined,
): HeapBlocks | undefined {
  if (name === undefined) return undefined;
  const heaps = new HeapBlocks({
    next: () => recorder.next(),
    now: () => recorder.now() as Micros,
    stack: () => recorder.stack(),
    // No strings on this thread for blocks that nobody may ever ask for.
    maySpend: () => false,
    number: (memory) => ledger.number(memory),
    isShared: (memory) => memories.sharedIdOf(memories.bufferIn(memory)) !== 0,
    told({ block, memory, offset, length, by, stack, seq, at }) {
      const fields = { block, memory, offset, length, by, stack };
      recorder.record('heapAllocated', fields, seq, at);
    },
    freed({ block, memory, offset }, seq, stack) {
      recorder.record('blockFreed', { block, memory, offset, stack }, seq);
    },
    strayed(memory, offset, seq, stack) {
      const fields = { block: 0 as BlockId, memory: ledger.memoryOf(memory), offset, stack };
      recorder.record('blockFreed', fields, seq);
    },
    fault: (error) => recorder.fault(error),
  });
  hookDoors({
    doors,
    natives: takeNatives(doors),
    heaps,
    name,
    rewrite: undefined,
    refused: (error) =>
      recorder.record('uncovered', {
        what: 'other',
        detail: `Memory: a rewritten module could not be used: ${describeError(error)}`,
      }),
  });
  return heaps;
}

/** Any number among the options of a processor may be the address of what it uses. */
export function watchNumbers(heaps: HeapBlocks, options: unknown): void {
  if (typeof options !== 'object' || options === null || isArray(options)) return;
  const keys = keysOf(options);
  for (let i = 0; i < min(keys.length, MOST_OPTIONS); i++) {
    const value = ownData(options, keys[i] as string);
    if (isSafeInteger(value) && (value as number) > 0) heaps.watch(value as number);
  }
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
