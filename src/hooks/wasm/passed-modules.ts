import { lengthOf, mapForEach } from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import type { BlockLedger } from '../../shared/block-ledger.ts';
import { describeError } from '../../shared/describe-error.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { FromScope, PassedModules, ToScope } from '../../shared/passage.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import type { EndId, MemoryId, Micros } from '../../shared/units.ts';
import type { AtomicsObserver } from '../atomics.ts';
import type { Channels } from '../channels.ts';
import { HeapBlocks } from '../heap/heap-blocks.ts';
import { HeapMap } from '../heap/heap-map.ts';
import { HeardMemories } from '../heap/heard-memories.ts';
import { observePostedCalls } from '../heap/posted-calls.ts';
import { recordHeaps } from '../heap/record-heaps.ts';
import { ShadowMemories } from '../heap/shadow-memories.ts';
import type { Memories } from '../memories.ts';
import { FormsCome } from './forms-ahead.ts';
import { recordWasmAtomics } from './wasm-atomic-imports.ts';
import { copyOfBytes } from './wasm-atomics.ts';
import type { WasmDoors } from './wasm-compilations.ts';
import { type DoorHost, hookDoors } from './wasm-doors.ts';
import type { WasmNatives } from './wasm-natives.ts';
import type { KeepModule, RewriteModule } from './wasm-tag.ts';

/** What threads say whose modules are checked for accesses to freed memory. */
export type ShadowMessage = Extract<FromScope, { kind: 'touched' | 'unshadowed' | 'original' }>;

/** A thread other than the page's. */
export interface PassedHost extends Pick<DoorHost, 'elsewhere' | 'covered' | 'theirs'> {
  readonly recorder: {
    next(): number;
    now(): number;
    stack(): string;
    record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number, at?: number): void;
    fault(error: unknown): void;
  };
  readonly channels: Channels;
  readonly memories: Memories;
  readonly doors: WasmDoors;
  readonly natives: WasmNatives;
  readonly atomics: AtomicsObserver | undefined;
  /** The engine’s `Atomics.notify` and `Atomics.waitAsync`, where there are such. */
  readonly notify: Native | undefined;
  readonly waitAsync: Native | undefined;
  numberOf(memory: object): MemoryId;
  /** Whether this thread renders. */
  readonly renders: boolean;
  /** Undefined as long as this thread has no number. */
  ledger(): BlockLedger | undefined;
  maySpend(at: Micros): boolean;
  /** Of a clock that is as fine as can be had. */
  micros(): number;
  frame(): number;
  /** Rewrites what this thread compiles itself; undefined: that runs as it is. */
  readonly rewrite: RewriteModule | undefined;
  /** Whether what an end leads to runs modules in their instrumented form. */
  isHeard(end: EndId): boolean;
  say(message: ShadowMessage): void;
  uncovered(detail: string): void;
  /** The counts of a heap were told; others are due some time later. */
  counted?(): void;
  /** What is said where a module with atomic instructions runs as it is. */
  readonly missed: string;
}

export interface PassedHooks {
  readonly forms: FormsCome;
  /** What one more thread is to know of by now. */
  readonly known: Pick<PassedModules, 'forms' | 'shadows'>;
  /** False: it is about something else. */
  obey(news: ToScope): boolean;
  /** Tells what was counted since; `isLast`: maybe for the last time. */
  tellCounts(isLast?: boolean): void;
  /** More of what renders may check: to be said now and then. */
  armFurther(): void;
  /** Modules have run here before that were not heard. */
  expose(): void;
}

/** Lets modules that the page has rewritten tell of their allocator in this thread too, and of accesses to freed memory. */
export function hookPassed(
  host: PassedHost,
  { name, heaps: shared, shadows: passed, quarantineBytes, forms: sent }: PassedModules,
): PassedHooks {
  const { atomics, doors, memories, missed, natives, notify, recorder, uncovered, waitAsync } =
    host;
  const { channels, covered, elsewhere, renders, rewrite } = host;
  const map = new HeapMap(shared);
  // What comes to this thread is judged by those who hand it over.
  const heard = new HeardMemories(memories, true);
  const isHeard = (memory: object): boolean => heard.has(memory);
  const numberOf = (memory: object): MemoryId => host.numberOf(memory);
  const maySpend = (at: Micros): boolean => host.maySpend(at);
  const given = { map, maySpend, uncovered, isHeard };
  const recorded = recordHeaps(recorder, memories, numberOf, () => host.ledger(), given);
  const heaps = new HeapBlocks({
    ...recorded,
    counted(memory, heap) {
      recorded.counted(memory, heap);
      host.counted?.();
    },
  });
  observePostedCalls({ channels, heaps, recorder, most: LIMITS.payloadsElsewhere, uncovered });
  const shadows =
    passed &&
    new ShadowMemories({
      ordinal: map.ordinal,
      memories,
      notify,
      waitAsync,
      heaps,
      quarantineBytes,
      next: () => recorder.next(),
      now: () => recorder.now(),
      frame: () => host.frame(),
      stack: () => recorder.stack(),
      memoryOf: numberOf,
      touched: (touch) => host.say({ kind: 'touched', touch }),
      made: undefined,
      renders,
      unshadowed: () => host.say({ kind: 'unshadowed' }),
      isHeard,
      uncovered,
      fault: (error) => recorder.fault(error),
    });
  if (passed) mapForEach(passed, (shadow) => shadows?.take(shadow));
  let keptBytes = 0;
  const keep: KeepModule | undefined =
    shadows &&
    ((original) => {
      keptBytes += lengthOf(original);
      if (keptBytes > LIMITS.keptModuleBytes) return undefined;
      const module = map.nextModule();
      // What was given is used on.
      const bytes = copyOfBytes(original) as Uint8Array<ArrayBuffer>;
      host.say({ kind: 'original', module, bytes });
      return module;
    });
  heard.watch(heaps, shadows, (end) => host.isHeard(end));
  const forms = new FormsCome();
  forms.takeAll(sent);
  hookDoors({
    doors,
    natives,
    heaps,
    shadows,
    atomics:
      atomics && recordWasmAtomics(atomics.cells, memories, (error) => recorder.fault(error)),
    name,
    rewrite: rewrite && ((bytes) => rewrite(bytes, name, uncovered, keep)),
    elsewhere,
    staysHere: renders,
    forms,
    ahead: undefined,
    again(compile) {
      const from = host.micros();
      const form = compile();
      recorder.record('formCompiled', { micros: host.micros() - from });
      return form;
    },
    ...(host.theirs ? { theirs: host.theirs } : {}),
    refused: (error) =>
      uncovered(`Memory: a rewritten module could not be used: ${describeError(error)}`),
    covered,
    missed() {
      recorder.record('atomicsMissed', { stack: recorder.stack() });
      uncovered(missed);
    },
  });
  return {
    forms,
    get known() {
      return { forms: forms.all, shadows: shadows?.passed };
    },
    obey(news) {
      if (news.kind === 'form') forms.take(news.id, news.form);
      else if (news.kind === 'form-gone') forms.gone(news.id);
      else return shadows?.obey(news) === true;
      return true;
    },
    tellCounts: (isLast) => heaps.tellCounts(isLast),
    armFurther: () => shadows?.armFurther(),
    expose() {
      heaps.exposeAll();
      if (shadows) host.say({ kind: 'unshadowed' });
    },
  };
}
