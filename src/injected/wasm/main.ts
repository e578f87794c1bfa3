import { mapClear, mapForEach, mapGet } from '../../base/intrinsics.ts';
import { HeapBlocks } from '../../hooks/heap/heap-blocks.ts';
import { HeapMap } from '../../hooks/heap/heap-map.ts';
import { HeardMemories } from '../../hooks/heap/heard-memories.ts';
import { LOWEST_BLOCK } from '../../hooks/heap/judged-allocator.ts';
import { observePostedCalls } from '../../hooks/heap/posted-calls.ts';
import { recordHeaps } from '../../hooks/heap/record-heaps.ts';
import { ShadowMemories } from '../../hooks/heap/shadow-memories.ts';
import { PreviewBudget } from '../../hooks/preview-budget.ts';
import { recordWasmAtomics } from '../../hooks/wasm/wasm-atomic-imports.ts';
import { hookDoors } from '../../hooks/wasm/wasm-doors.ts';
import { takeWasmNatives } from '../../hooks/wasm/wasm-natives.ts';
import type { KeepModule } from '../../hooks/wasm/wasm-tag.ts';
import { describeError } from '../../shared/describe-error.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { MemoryLevel } from '../../shared/settings.ts';
import { MAIN_THREAD, type Micros } from '../../shared/units.ts';
import { AllocatorJudge } from '../../wasm/allocator-behaviour.ts';
import type { LateObservation, PageChecks } from '../late/late-observation.ts';
import { rewriteModule } from './rewrite-module.ts';
import { TouchedBlocks } from './touched-blocks.ts';

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
export function start(observation: LateObservation, level: MemoryLevel): HeapBlocks | undefined {
  const {
    atomics,
    channels,
    compilations,
    heaps: known,
    heardEnds,
    ledger,
    memories,
    realm,
    recorder,
  } = observation;
  const { doors } = compilations;
  if (!doors) return undefined;
  const uncovered = (detail: string): void =>
    recorder.mention('uncovered', { what: 'other', detail });
  const natives = takeWasmNatives(doors, realm.window);
  const { forms, name } = known;
  if (!natives || name === undefined || !forms || !known.map) {
    uncovered(REPLACED);
    return undefined;
  }
  if (known.hasOriginals) uncovered(LATE);
  const budget = new PreviewBudget();
  const map = new HeapMap(known.map);
  if (known.hasOriginals) map.expose();
  const heard = new HeardMemories(memories, false);
  const isHeard = (memory: object): boolean => heard.has(memory);
  const maySpend = (at: Micros): boolean => budget.take(at);
  const heaps = new HeapBlocks(
    recordHeaps(
      recorder,
      memories,
      (memory) => ledger.memoryOf(memory),
      () => ledger,
      { map, maySpend, uncovered, isHeard, judge: () => new AllocatorJudge(LOWEST_BLOCK) },
    ),
  );
  observation.collector.eachTick(() => heaps.tellCounts());
  observePostedCalls({ channels, heaps, recorder, most: LIMITS.payloads, uncovered });
  const checks = level === 'full' ? checking(observation, heaps, map, isHeard) : undefined;
  known.checks = checks;
  mapForEach(known.unchecked, ({ message, thread }) => checks?.heard(message, thread));
  mapClear(known.unchecked);
  // Even ends are ports of nodes, whose threads are entered.
  heard.watch(heaps, checks?.shadows, (end) => end % 2 === 0 || mapGet(heardEnds, end) === true);
  known.rewriteFor = hookDoors({
    doors,
    natives,
    heaps,
    forms,
    ahead: forms,
    again: (compile) => compile(),
    shadows: checks?.shadows,
    atomics:
      atomics && recordWasmAtomics(atomics.cells, memories, (error) => recorder.fault(error)),
    name,
    rewrite: (bytes) => rewriteModule(bytes, name, uncovered, checks?.keep),
    elsewhere: undefined,
    staysHere: false,
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

interface Checking extends PageChecks {
  readonly keep: KeepModule;
}

/** What makes shadows of heaps, and records of what touches freed blocks in them, on any thread. */
function checking(
  observation: LateObservation,
  heaps: HeapBlocks,
  map: HeapMap,
  isHeard: (memory: object) => boolean,
): Checking {
  const { ledger, memories, natives, recorder, threads } = observation;
  const uncovered = (detail: string): void =>
    recorder.mention('uncovered', { what: 'other', detail });
  const blocks = new TouchedBlocks({
    next: () => recorder.next(),
    record: (fields, seq, at) => recorder.record('freedTouched', fields, seq, at),
    again: (fields, seq, at) => recorder.record('freedTouchedAgain', fields, seq, at),
    tellFreed(shadow, thread, offset, place) {
      if (shadow > 0 || thread === MAIN_THREAD) shadows.tellFreed(shadow, offset, place);
      mapForEach(threads, (each, id) => {
        if (shadow > 0 || id === thread) {
          each.tell({ kind: 'tell-freed', shadow, offset, place });
        }
      });
    },
  });
  const shadows = new ShadowMemories({
    ordinal: map.ordinal,
    memories,
    notify: natives.notify,
    waitAsync: natives.waitAsync,
    heaps,
    quarantineBytes: observation.heaps.quarantineBytes,
    next: () => recorder.next(),
    now: () => recorder.now(),
    frame: () => 0,
    stack: () => recorder.stack(),
    memoryOf: (memory) => ledger.memoryOf(memory),
    touched: (touch) => blocks.heard(touch, MAIN_THREAD),
    made: (shadow) => mapForEach(threads, (thread) => thread.tell({ kind: 'shadow', shadow })),
    renders: false,
    unshadowed: () => undefined,
    isHeard,
    uncovered,
    fault: (error) => recorder.fault(error),
  });
  return {
    shadows,
    keep(original) {
      const number = map.nextModule();
      return blocks.keep(number, original) ? number : undefined;
    },
    heard(message, thread) {
      switch (message.kind) {
        case 'touched':
          blocks.heard(message.touch, thread);
          return;
        case 'original':
          if (!blocks.keep(message.module, message.bytes)) uncovered(NO_ROOM);
          return;
        case 'unshadowed':
          shadows.stop();
          uncovered(UNSHADOWED);
      }
    },
  };
}

const NO_ROOM =
  'Memory: there is no room for more originals of modules: accesses of one that another thread has compiled are not told.';
const UNSHADOWED =
  'Memory: another thread runs a module in memory of whose shadow it does not know: nothing that is freed in shared memory is checked from then on.';
