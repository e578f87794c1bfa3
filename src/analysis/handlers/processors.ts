import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import { DURATION_UNIT_MICROS } from '../../shared/slots.ts';
import { ANSWER } from '../call-columns.ts';
import type { ContextState } from '../context-state.ts';
import type { DocumentState } from '../document-state.ts';
import type { Point, ThreadFacts } from '../model.ts';
import { takeCall } from './slots.ts';

/** A thread's chunks wait for this record, see `Intake`. */
export function threadStarted(
  document: DocumentState,
  fields: FieldsOf<'threadStarted'>,
  point: Point,
): boolean {
  const { threads } = document.facts;
  const context = document.contexts.get(fields.context);
  if (threads.has(fields.thread)) return true;
  if (fields.kind === 'main') return false;
  if (fields.kind === 'audio' && (context === undefined || context.thread !== undefined)) {
    return false;
  }
  const facts: ThreadFacts = {
    id: fields.thread,
    document: document.facts,
    kind: fields.kind,
    context: context?.facts,
    name: fields.name === '' ? `${fields.kind} #${fields.thread}` : fields.name,
    started: point,
    worker: undefined,
    registered: [],
  };
  threads.set(fields.thread, facts);
  if (fields.kind === 'audio' && context !== undefined) {
    context.thread = facts;
    context.facts.audioThread = facts;
    document.byThread.set(fields.thread, context);
  }
  return true;
}

export function processorRegistered(
  document: DocumentState,
  { name }: FieldsOf<'processorRegistered'>,
  point: Point,
): boolean {
  const thread = document.facts.threads.get(point.thread);
  if (thread === undefined) return false;
  const { registered } = thread;
  if (!document.hasRoom(registered.length, LIMITS.eventsPerContext, 'processor classes'))
    return false;
  registered.push(name);
  document.byThread.get(point.thread)?.order.registrations.push(point);
  return true;
}

export function processorConstructed(
  document: DocumentState,
  { ordinal, name, outcome, reason, stack }: FieldsOf<'processorConstructed'>,
  point: Point,
): boolean {
  const context = document.byThread.get(point.thread);
  const lane = context?.lane(ordinal);
  if (context?.thread === undefined || lane === undefined || lane.processor !== undefined) {
    return false;
  }
  lane.processor = {
    ordinal,
    thread: context.thread,
    name,
    constructed: point,
    constructError: outcome === 'rejected' ? reason || 'an exception' : '',
    constructStack: stack,
    failed: lane.failed,
    collected: lane.processorCollected,
  };
  context.order.constructed(lane);
  context.order.failed(lane);
  return true;
}

export function processorFailed(
  document: DocumentState,
  { ordinal, frame, reason, stack }: FieldsOf<'processorFailed'>,
  point: Point,
): boolean {
  const context = document.byThread.get(point.thread);
  const lane = context?.lane(ordinal);
  if (context === undefined || lane === undefined) return false;
  context.sawFrame(frame);
  lane.failed ??= { ...point, reason, stack };
  if (lane.processor !== undefined) lane.processor.failed ??= lane.failed;
  context.order.failed(lane);
  return true;
}

export function processorCollected(
  document: DocumentState,
  { ordinal }: FieldsOf<'processorCollected'>,
  point: Point,
): boolean {
  const lane = document.byThread.get(point.thread)?.lane(ordinal);
  if (lane === undefined) return false;
  lane.processorCollected ??= point;
  if (lane.processor !== undefined) lane.processor.collected ??= lane.processorCollected;
  return true;
}

/** The record form of a call; recorders send slots, but the vocabulary holds it. */
export function process(
  document: DocumentState,
  fields: FieldsOf<'process'>,
  point: Point,
): boolean {
  const context = document.byThread.get(point.thread);
  if (context === undefined) return false;
  const { ordinal, exit, frame, returned, timed } = fields;
  const units = timed ? Math.round(fields.duration / DURATION_UNIT_MICROS) : -1;
  return takeCall(context, ordinal, point.seq, exit, frame, ANSWER[returned], units);
}

export function clock(
  context: ContextState | undefined,
  { frame }: FieldsOf<'clock'>,
  point: Point,
): boolean {
  if (context === undefined) return false;
  context.clock.add(frame, point.at);
  context.sawFrame(frame);
  return true;
}
