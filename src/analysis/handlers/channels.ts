import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { EndId, MemoryId, ThreadId } from '../../shared/units.ts';
import { BroadcastState } from '../broadcast-state.ts';
import { type EndState, OPTIONS } from '../channel-state.ts';
import type { DocumentState } from '../document-state.ts';
import type { Point } from '../model.ts';

export function channelCreated(
  document: DocumentState,
  { first, second, stack }: FieldsOf<'channelCreated'>,
  point: Point,
): boolean {
  const ends = [first, second].map((id) => portOf(document, point.thread, id));
  const [one, other] = ends;
  if (one === undefined || other === undefined || one === other) return false;
  const { channels } = document;
  const channel = channels.open('port');
  channel.created = point;
  channel.createStack = stack;
  return channels.seat(channel, 0, one) && channels.seat(channel, 1, other);
}

export function broadcastOpened(
  document: DocumentState,
  { end, name }: FieldsOf<'broadcastOpened'>,
  point: Point,
): boolean {
  const { broadcasts } = document.channels;
  let broadcast = broadcasts.get(name);
  if (broadcast === undefined) {
    if (!document.hasRoom(broadcasts.size, LIMITS.eventsPerContext, 'broadcast channels')) {
      return false;
    }
    broadcast = new BroadcastState(document.facts, name);
    broadcasts.set(name, broadcast);
  }
  const known = portOf(document, point.thread, end);
  return known !== undefined && document.channels.gather(broadcast, known);
}

export function endState(
  document: DocumentState,
  { end, state, stack }: FieldsOf<'endState'>,
  point: Point,
): boolean {
  const known = document.endOf(point.thread, end);
  if (known === undefined) return false;
  switch (state) {
    case 'listened':
      known.listened ??= point;
      return true;
    case 'started':
      known.started ??= point;
      return true;
    case 'closed':
      known.closed ??= { ...point, stack };
      document.channels.closed(known);
      return true;
    case 'close-event':
      known.closeEvent ??= point;
      document.channels.closed(known);
      return true;
    case 'collected':
      known.collected ??= point;
      return true;
  }
}

export function portSent(
  document: DocumentState,
  { end, index, bytes, hash, preview, stack }: FieldsOf<'portSent'>,
  point: Point,
): boolean {
  const known = portOf(document, point.thread, end);
  if (known === undefined || !document.channels.sent(known, index, point.tick, point.at)) {
    return false;
  }
  known.sends.describe({ index, bytes, hash, preview, stack });
  return true;
}

export function portReceived(
  document: DocumentState,
  { end, index, failed, bytes, hash, preview }: FieldsOf<'portReceived'>,
  point: Point,
): boolean {
  const known = portOf(document, point.thread, end);
  if (known === undefined || !document.channels.received(known, index, point.tick, point.at)) {
    return false;
  }
  if (failed) known.receipts.fail(index);
  known.receipts.describe({ index, bytes, hash, preview, stack: '' });
  return true;
}

export function passed(
  document: DocumentState,
  { end, message, what, place, local }: FieldsOf<'passed'>,
  point: Point,
): boolean {
  const carrier = document.endOf(point.thread, end);
  if (carrier === undefined) return false;
  if (!document.channels.loaded(carrier, indexOf(message), { what, place, local })) return false;
  if (what === 'memory') {
    return document.memories.handed(point.thread, local as MemoryId, carrier);
  }
  const left = document.endOf(point.thread, local as EndId);
  if (left === undefined) return false;
  left.passed ??= point;
  return true;
}

export function arrived(
  document: DocumentState,
  { end, message, what, place, local }: FieldsOf<'arrived'>,
  point: Point,
): boolean {
  const carrier = document.endOf(point.thread, end);
  if (carrier === undefined) return false;
  if (!document.channels.unloaded(carrier, indexOf(message), { what, place, local })) return false;
  return what === 'port' || document.memories.handed(point.thread, local as MemoryId, carrier);
}

export function payloadIn(
  document: DocumentState,
  { end, message, block }: FieldsOf<'payloadIn'>,
  point: Point,
): boolean {
  const carrier = document.endOf(point.thread, end);
  const known = document.facts.blocks.get(block);
  if (carrier === undefined || known === undefined) return false;
  const index = message - 1;
  carrier.payloads ??= new Map();
  const { payloads } = carrier;
  const payload = payloads.get(index) ?? [];
  const { carriers } = known;
  if (payload.includes(known) || carriers.length >= LIMITS.eventsPerNode) return true;
  if (payload.length >= LIMITS.cargoPerMessage || payloads.size >= LIMITS.eventsPerContext) {
    return false;
  }
  payloads.set(index, [...payload, known]);
  carriers.push({ end: carrier, index });
  return true;
}

function indexOf(message: number): number {
  return message === 0 ? OPTIONS : message - 1;
}

/** An end whose number may name it: those of nodes have records of their own. */
function portOf(document: DocumentState, thread: ThreadId, id: EndId): EndState | undefined {
  return id % 2 === 1 ? document.channels.end(thread, id) : undefined;
}
