import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import { type EndId, MAIN_THREAD, type NodeId, type ThreadId } from '../../shared/units.ts';
import type { EndState } from '../channel-state.ts';
import type { DocumentState } from '../document-state.ts';
import { closePort } from '../farewells.ts';
import type { Point } from '../model.ts';
import { insertPoint } from '../point.ts';

export function messageSent(
  document: DocumentState,
  { node, from, index, bytes, preview, stack }: FieldsOf<'messageSent'>,
  point: Point,
): boolean {
  const end = endOf(document, point.thread, node, from === 'node');
  if (end === undefined || !document.channels.sent(end, index, point.tick, point.at)) return false;
  end.sends.describe({ index, bytes, hash: 0, preview, stack });
  return true;
}

export function messageReceived(
  document: DocumentState,
  { node, from, index, failed, bytes, preview }: FieldsOf<'messageReceived'>,
  point: Point,
): boolean {
  const end = endOf(document, point.thread, node, from !== 'node');
  if (end === undefined || !document.channels.received(end, index, point.tick, point.at)) {
    return false;
  }
  if (failed) end.receipts.fail(index);
  end.receipts.describe({ index, bytes, hash: 0, preview, stack: '' });
  return true;
}

/** The end of a node’s port in this thread; the page’s side of it or the processor’s. */
function endOf(
  document: DocumentState,
  thread: ThreadId,
  node: NodeId,
  ofPage: boolean,
): EndState | undefined {
  const lane = document.laneOf(thread, node);
  if (lane === undefined || ofPage !== (thread === MAIN_THREAD)) return undefined;
  return ofPage ? document.nodeEnd(lane) : document.processorEnd(lane, thread);
}

export function portClosed(
  document: DocumentState,
  { node, by, frame, stack }: FieldsOf<'portClosed'>,
  point: Point,
): boolean {
  const lane = document.laneOf(point.thread, node);
  if (lane === undefined) return false;
  const end = document.endOf(point.thread, (2 * node) as EndId);
  if (end !== undefined && end.closed === undefined) {
    end.closed = { ...point, stack };
    document.channels.closed(end);
  }
  if (lane.portClosed.length < LIMITS.eventsPerNode) {
    insertPoint(lane.portClosed, { ...point, by, stack });
  }
  if (by === 'node' && lane.node !== undefined && point.thread === MAIN_THREAD) {
    document.contextOf(lane.node)?.sawFrame(frame);
    closePort(lane, { ...point, frame, stack });
  }
  return true;
}
