import { contextLabel, nodeLabel, workerLabel } from '../../analysis/labels.ts';
import type {
  Call,
  ChannelFacts,
  DocumentFacts,
  EndFacts,
  MessageFacts,
  NodeFacts,
} from '../../analysis/model.ts';
import { EDGE_KINDS, type Edge, type Place } from '../../analysis/ordering/places.ts';
import { findAtomic } from '../../export/atomic-words.ts';
import type { Micros, Seq } from '../../shared/units.ts';
import {
  atomicEvent,
  contextLife,
  documentLife,
  type EntityEvent,
  messageEvents,
  nodeLife,
  workerLife,
} from './entity-events.ts';
import { formatCount } from './format.ts';

/**
 * The event at one side of an edge, with the name of whom it is of. An edge may lead from a place at which
 * nothing was recorded (what several writes have in common); then it is told in the words of its kind. The event
 * lies in a stretch of the document’s own time, but for the difference of the clocks of two threads.
 */
export function eventOfEdge(
  document: DocumentFacts,
  edge: Edge,
  side: 'from' | 'to',
  about: Stretch,
): EntityEvent {
  const place = edge[side];
  const words = EDGE_KINDS[edge.kind].words.split(' → ')[side === 'from' ? 0 : 1] ?? '';
  return (
    messageAt(document, edge, side, about) ??
    atomicAt(document, edge, side) ??
    lifeAt(document, place) ??
    callAt(document, place) ?? { ...pointAt(document, place), what: words }
  );
}

export interface Stretch {
  readonly from: number;
  readonly until: number;
}

export function callEvent(node: NodeFacts, call: Call, thread: Place['thread']): EntityEvent {
  const { document, calls } = node;
  const number = `${formatCount(call.index + 1)} of ${formatCount(calls.length)}`;
  return {
    at: call.at,
    seq: (document.isolated ? call.enter : 0) as Seq,
    thread,
    tick: call.exit,
    what: `${nodeLabel(node)}: process() call ${number}`,
  };
}

function messageAt(
  document: DocumentFacts,
  { kind, to, about: id }: Edge,
  side: 'from' | 'to',
  { from, until }: Stretch,
): EntityEvent | undefined {
  if (kind !== 'message') return undefined;
  const end = endOf(document, to.thread, id);
  if (end === undefined) return undefined;
  for (const message of end.channel.messages.within(from as Micros, until as Micros)) {
    const { received } = message;
    if (received?.thread !== to.thread || received.tick !== to.tick) continue;
    const wanted = side === 'from' ? message.sent : received;
    const event = messageEvents(message).find(
      ({ thread, tick }) => thread === wanted?.thread && tick === wanted.tick,
    );
    return event && { ...event, what: `${prefixOf(message)}${event.what}` };
  }
  return undefined;
}

function prefixOf({ channel: { node, worker } }: MessageFacts): string {
  if (node !== undefined) return `${nodeLabel(node)}: `;
  return worker === undefined ? '' : `${workerLabel(worker)}: `;
}

function endOf(document: DocumentFacts, thread: number, id: number): EndFacts | undefined {
  for (const channel of document.channels) {
    const end = endIn(channel, thread, id);
    if (end !== undefined) return end;
  }
  return undefined;
}

function endIn({ sides }: ChannelFacts, thread: number, id: number): EndFacts | undefined {
  for (const { ends } of sides) {
    const end = ends.find((each) => each.thread === thread && each.id === id);
    if (end !== undefined) return end;
  }
  return undefined;
}

function atomicAt(
  document: DocumentFacts,
  edge: Edge,
  side: 'from' | 'to',
): EntityEvent | undefined {
  if (edge.kind !== 'atomic' && edge.kind !== 'notify') return undefined;
  const found = findAtomic(document, edge[side], side);
  return found && atomicEvent(document, found.column, found.index);
}

function lifeAt(document: DocumentFacts, place: Place): EntityEvent | undefined {
  for (const [label, events] of lives(document)) {
    const event = events.find(({ thread, tick }) => thread === place.thread && tick === place.tick);
    if (event !== undefined) return { ...event, what: `${label}${event.what}` };
  }
  return undefined;
}

function* lives(document: DocumentFacts): Iterable<readonly [string, readonly EntityEvent[]]> {
  for (const context of document.contexts.values()) {
    yield [`${contextLabel(context)}: `, contextLife(context)];
  }
  for (const node of document.nodes.values()) yield [`${nodeLabel(node)}: `, nodeLife(node)];
  for (const worker of document.workers.values()) {
    yield [`${workerLabel(worker)}: `, workerLife(worker)];
  }
  yield ['', documentLife(document)];
}

function callAt(document: DocumentFacts, { thread, tick }: Place): EntityEvent | undefined {
  const context = document.threads.get(thread)?.context;
  for (const node of context?.nodes ?? []) {
    const call = lastCallUpTo(node, tick);
    if (call !== undefined && call.exit >= tick) return callEvent(node, call, thread);
  }
  return undefined;
}

function lastCallUpTo({ calls }: NodeFacts, tick: number): Call | undefined {
  return calls.at(calls.firstEnteredAfter(tick as Seq) - 1);
}

/** Where nothing was recorded: the time of the last thing before it on that thread. */
function pointAt(document: DocumentFacts, { thread, tick }: Place): Omit<EntityEvent, 'what'> {
  let at = 0;
  const context = document.threads.get(thread)?.context;
  for (const node of context?.nodes ?? []) at = Math.max(at, lastCallUpTo(node, tick)?.at ?? 0);
  if (at === 0) {
    for (const [, events] of lives(document)) {
      for (const event of events) {
        if (event.thread === thread && event.tick <= tick) at = Math.max(at, event.at);
      }
    }
  }
  return { at: at as Micros, seq: 0 as Seq, thread, tick };
}
