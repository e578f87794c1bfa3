import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import { MAIN_THREAD } from '../../shared/units.ts';
import type { DocumentState } from '../document-state.ts';
import { closePort } from '../farewells.ts';
import type { Point } from '../model.ts';
import { insertPoint } from '../point.ts';

export function messageSent(
  document: DocumentState,
  fields: FieldsOf<'messageSent'>,
  point: Point,
): boolean {
  const lane = document.laneOf(point.thread, fields.node);
  const message = lane?.message(fields.from, fields.index);
  if (message === undefined) return lane !== undefined;
  message.sent ??= point;
  message.stack = fields.stack;
  describe(message, fields);
  return true;
}

export function messageReceived(
  document: DocumentState,
  fields: FieldsOf<'messageReceived'>,
  point: Point,
): boolean {
  const lane = document.laneOf(point.thread, fields.node);
  const message = lane?.message(fields.from, fields.index);
  if (message === undefined) return lane !== undefined;
  message.received ??= point;
  message.failed ||= fields.failed;
  describe(message, fields);
  return true;
}

/** Both ends may describe a message; the longer description wins, whichever arrives first. */
function describe(
  message: { bytes: number; preview: string },
  { bytes, preview }: { readonly bytes: number; readonly preview: string },
): void {
  message.bytes = Math.max(message.bytes, bytes);
  const { length } = message.preview;
  if (preview.length > length || (preview.length === length && preview > message.preview)) {
    message.preview = preview;
  }
}

export function portClosed(
  document: DocumentState,
  { node, by, frame, stack }: FieldsOf<'portClosed'>,
  point: Point,
): boolean {
  const lane = document.laneOf(point.thread, node);
  if (lane === undefined) return false;
  if (lane.portClosed.length < LIMITS.eventsPerNode) {
    insertPoint(lane.portClosed, { ...point, by, stack });
  }
  if (by === 'node' && lane.node !== undefined && point.thread === MAIN_THREAD) {
    document.contextOf(lane.node)?.sawFrame(frame);
    closePort(lane, { ...point, frame, stack });
  }
  return true;
}
