import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { NodeId } from '../../shared/units.ts';
import type { DocumentState } from '../document-state.ts';
import type { Point } from '../model.ts';
import { insertByTime } from '../point.ts';

/** What holds an audio rendering thread up for less is not worth a word. */
const WORTH_MICROS = 1000;
const COMPILED_AGAIN =
  'Memory: the rewritten form of a module was compiled once more on an audio rendering thread; if something was heard of it, that was us.';

export function memorySeen(
  document: DocumentState,
  { memory, kind, bytes, stack }: FieldsOf<'memorySeen'>,
  point: Point,
): boolean {
  const block = document.memories.block(point.thread, memory);
  block?.describe(kind, bytes, point, stack);
  block?.describeLocal(memory, { ...point, kind, stack });
  return block !== undefined;
}

export function cellSeen(
  document: DocumentState,
  { cell, memory, offset, width }: FieldsOf<'cellSeen'>,
  point: Point,
): boolean {
  return document.atomics.cell(point.thread, cell, memory, offset, width);
}

export function wasmCompiled(
  document: DocumentState,
  { bytes, atomics, sync, stack }: FieldsOf<'wasmCompiled'>,
  point: Point,
): boolean {
  const { compilations } = document.facts;
  if (!document.hasRoom(compilations.length, LIMITS.eventsPerDocument, 'compilations')) {
    return false;
  }
  insertByTime(compilations, { ...point, bytes, atomics, sync, stack });
  return true;
}

export function atomicsCovered(
  document: DocumentState,
  { bytes }: FieldsOf<'atomicsCovered'>,
  { thread }: Point,
): boolean {
  const { coveredModules } = document.facts;
  if (!document.hasRoom(coveredModules.length, LIMITS.eventsPerDocument, 'compilations')) {
    return false;
  }
  coveredModules.push({ thread, bytes });
  return true;
}

export function atomicsMissed(
  document: DocumentState,
  { stack }: FieldsOf<'atomicsMissed'>,
  point: Point,
): boolean {
  const { missedModules } = document.facts;
  if (!document.hasRoom(missedModules.length, LIMITS.eventsPerDocument, 'instances')) return false;
  insertByTime(missedModules, { ...point, stack });
  return true;
}

export function heapsHeard(
  document: DocumentState,
  _: FieldsOf<'heapsHeard'>,
  { thread }: Point,
): boolean {
  document.memories.heard.add(thread);
  return true;
}

export function formCompiled(
  document: DocumentState,
  { micros }: FieldsOf<'formCompiled'>,
  { thread }: Point,
): boolean {
  const isAudio = document.facts.threads.get(thread)?.kind === 'audio';
  if (isAudio && micros >= WORTH_MICROS) document.uncovered(COMPILED_AGAIN);
  return true;
}

/** The main thread tells of it, another may have done it. */
export function freedTouched(
  document: DocumentState,
  { hit, thread, ...fields }: FieldsOf<'freedTouched'>,
  told: Point,
): boolean {
  const { touches } = document.facts;
  if (thread >= LIMITS.threads || touches.has(hit)) return false;
  if (!document.hasRoom(touches.size, LIMITS.eventsPerNode, 'accesses to freed memory'))
    return false;
  const point = { ...told, thread };
  touches.set(hit, { ...point, ...plainTouch(fields), last: point });
  return true;
}

function plainTouch({
  memory,
  offset,
  length,
  into,
  access,
  bytes,
  writes,
  functionIndex,
  functionName,
  functionOffset,
  site,
  frame,
  stack,
  times,
}: Omit<FieldsOf<'freedTouched'>, 'hit' | 'thread'>) {
  const place = { functionIndex, functionName, functionOffset, site };
  return { memory, offset, length, into, access, bytes, writes, ...place, frame, stack, times };
}

export function freedTouchedAgain(
  document: DocumentState,
  { hit, times }: FieldsOf<'freedTouchedAgain'>,
  { at, seq, tick }: Point,
): boolean {
  const touch = document.facts.touches.get(hit);
  if (touch === undefined) return false;
  touch.times = Math.max(touch.times, times);
  touch.last = { at, seq, thread: touch.thread, tick };
  return true;
}

export function stressed(
  document: DocumentState,
  { action, node, context, seed, step, micros }: FieldsOf<'stressed'>,
  point: Point,
): boolean {
  const { interventions } = document.facts;
  if (!document.hasRoom(interventions.length, LIMITS.eventsPerDocument, 'interventions')) {
    return false;
  }
  const lane = node === 0 ? undefined : document.laneOf(point.thread, node as NodeId);
  const own = document.byThread.get(point.thread) ?? document.contexts.get(context);
  insertByTime(interventions, {
    ...point,
    action,
    get node() {
      return lane?.node;
    },
    context: own?.facts,
    seed,
    step,
    micros,
  });
  return true;
}
