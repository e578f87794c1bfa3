import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import { ContextState } from '../context-state.ts';
import type { DocumentState } from '../document-state.ts';
import { say } from '../farewells.ts';
import type { ModuleFacts, Point } from '../model.ts';
import { insertByTime, insertPoint } from '../point.ts';

/** Each handler answers false when the record names something that nobody made. */

export function contextCreated(
  document: DocumentState,
  fields: FieldsOf<'contextCreated'>,
  point: Point,
): boolean {
  if (document.contexts.has(fields.context)) return false;
  if (!document.hasRoom(document.contexts.size, LIMITS.contexts, 'contexts')) return false;
  const context = new ContextState(document.facts, document.edges, point, fields, document.tally);
  document.contexts.set(fields.context, context);
  document.facts.contexts.set(fields.context, context.facts);
  return true;
}

export function contextState(
  document: DocumentState,
  fields: FieldsOf<'contextState'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  if (context === undefined) return false;
  context.sawFrame(fields.frame);
  const { states } = context.facts;
  if (!document.hasRoom(states.length, LIMITS.eventsPerContext, 'states of a context'))
    return false;
  insertPoint(states, { ...point, state: fields.state, frame: fields.frame });
  return true;
}

export function contextCall(
  document: DocumentState,
  fields: FieldsOf<'contextCall'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  if (context === undefined || document.calls.has(fields.call)) return false;
  const { calls } = context.facts;
  if (!document.hasRoom(calls.length, LIMITS.eventsPerContext, 'calls on a context')) return false;
  const { method, frame, stack } = fields;
  const call = { method, called: point, frame, stack, settled: undefined };
  context.sawFrame(frame);
  calls.push(call);
  document.calls.set(fields.call, { context, call });
  context.order.called(call);
  return true;
}

export function contextSettled(
  document: DocumentState,
  fields: FieldsOf<'contextSettled'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  if (context === undefined) return false;
  const { outcome, reason, frame } = fields;
  context.sawFrame(frame);
  const known = document.calls.get(fields.call);
  if (known?.context === context && known.call.settled === undefined) {
    known.call.settled = { ...point, outcome, reason };
    context.order.settledCall(known.call);
  }
  if (fields.method === 'close' && outcome === 'resolved' && context.facts.closed === undefined) {
    context.facts.closed = point;
    const stack = known?.call.stack ?? '';
    for (const node of context.facts.nodes) {
      const lane = context.lane(node.ordinal);
      if (lane !== undefined) say(lane, 'context-closed', { ...point, frame, stack });
    }
  }
  return true;
}

export function contextCollected(
  document: DocumentState,
  fields: FieldsOf<'contextCollected'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  if (context === undefined) return false;
  context.facts.collected ??= point;
  return true;
}

export function moduleRequested(
  document: DocumentState,
  fields: FieldsOf<'moduleRequested'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  const { modules } = document.facts;
  if (context === undefined || modules.has(fields.module)) return false;
  if (!document.hasRoom(modules.size, LIMITS.eventsPerDocument, 'modules')) return false;
  const module: ModuleFacts = {
    id: fields.module,
    context: context.facts,
    url: fields.url,
    requested: point,
    stack: fields.stack,
    settled: undefined,
  };
  modules.set(fields.module, module);
  context.order.modules.push(module);
  return true;
}

export function moduleSettled(
  document: DocumentState,
  { module, outcome, reason }: FieldsOf<'moduleSettled'>,
  point: Point,
): boolean {
  const known = document.facts.modules.get(module);
  if (known === undefined) return false;
  if (known.settled !== undefined) return true;
  known.settled = { ...point, outcome, reason };
  document.contexts.get(known.context.id)?.order.settledModule(known);
  return true;
}

export function underrun(
  document: DocumentState,
  { context, events, duration }: FieldsOf<'underrun'>,
  point: Point,
): boolean {
  const known = document.contexts.get(context);
  if (known === undefined) return false;
  const { underruns } = known.facts;
  if (!document.hasRoom(underruns.length, LIMITS.eventsPerContext, 'underruns')) return false;
  insertByTime(underruns, { ...point, events, duration });
  return true;
}
