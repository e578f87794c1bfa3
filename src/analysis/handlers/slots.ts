import * as LIMITS from '../../shared/limits.ts';
import { DURATION_UNIT_MICROS, SLOT, SLOT_FLAG, SLOT_WORDS } from '../../shared/slots.ts';
import type { Micros, Seq, ThreadId } from '../../shared/units.ts';
import { ANSWER, type Answer } from '../call-columns.ts';
import type { ContextState } from '../context-state.ts';
import type { DocumentState } from '../document-state.ts';
import { ClockedPoint } from '../lane.ts';
import { insertByTime } from '../point.ts';

/** Where the counters of one audio rendering thread stand between two of its chunks. */
export class SlotCursor {
  seq = 0;
  frame = 0;
  started = false;
}

/** Reads the words of one chunk that `parseSlots` has accepted. */
export function takeSlots(
  document: DocumentState,
  context: ContextState,
  thread: ThreadId,
  cursor: SlotCursor,
  words: Int32Array,
): void {
  let { seq, frame, started } = cursor;
  for (let i = 0; i < words.length; i += SLOT_WORDS) {
    const head = words[i] as number;
    const op = head & 0xff;
    const ordinal = head >>> 16;
    const flags = (head >>> 8) & 0xff;
    const low = words[i + 1] as number;
    const last = words[i + 3] as number;
    if (!started) {
      // The history may have lost the beginning: what is seen first is taken as unsigned.
      frame = (words[i + 2] as number) >>> 0;
      if (op !== SLOT.clock) {
        seq = low >>> 0;
        started = true;
      }
    }
    frame += ((words[i + 2] as number) - frame) | 0;
    if (op !== SLOT.clock) seq += (low - seq) | 0;
    switch (op) {
      case SLOT.process: {
        const units = (flags & SLOT_FLAG.timed) === 0 ? -1 : last >>> 16;
        call(document, context, ordinal, flags, seq, seq + (last & 0xffff), frame, units);
        break;
      }
      case SLOT.processWide: {
        // `parseSlots` has seen to it that an end has its beginning; a beginning may lack its end.
        const next = i + SLOT_WORDS;
        if (((words[next] ?? 0) & 0xff) !== SLOT.processEnd) {
          document.dropped++;
          break;
        }
        const exit = seq + (((words[next + 1] as number) - seq) | 0);
        const units = (flags & SLOT_FLAG.timed) === 0 ? -1 : (words[next + 3] as number) >>> 0;
        call(document, context, ordinal, flags, seq, exit, frame, units);
        break;
      }
      case SLOT.clock: {
        const micros = (last >>> 0) * 0x1_0000_0000 + (low >>> 0);
        context.clock.add(frame, micros);
        context.sawFrame(frame);
        document.sawTime(micros);
        break;
      }
      case SLOT.sent:
      case SLOT.received:
        message(document, context, thread, op, ordinal, flags, seq, frame, last >>> 0);
        break;
      case SLOT.lost:
        lost(document, context, thread, seq, frame, last >>> 0);
        break;
    }
  }
  cursor.seq = seq;
  cursor.frame = frame;
  cursor.started = started;
}

function call(
  document: DocumentState,
  context: ContextState,
  ordinal: number,
  flags: number,
  enter: number,
  exit: number,
  frame: number,
  units: number,
): void {
  const answer =
    (flags & SLOT_FLAG.threw) !== 0
      ? ANSWER.threw
      : (flags & SLOT_FLAG.returnedTrue) !== 0
        ? ANSWER.true
        : ANSWER.false;
  if (!takeCall(context, ordinal, enter, exit, frame, answer, units)) document.dropped++;
}

/** False when the call cannot follow what came before it in its thread. */
export function takeCall(
  context: ContextState,
  ordinal: number,
  enter: number,
  exit: number,
  frame: number,
  answer: Answer,
  units: number,
): boolean {
  const lane = context.lane(ordinal);
  if (lane === undefined) return false;
  const again = lane.calls.lastFrame === frame;
  if (!lane.calls.append(enter, exit, frame, answer, units)) return false;
  context.calls++;
  if (frame > context.lastFrame) context.lastFrame = frame;
  lane.posts.called(enter, frame);
  if (units >= 0) context.quanta.add(frame, units * DURATION_UNIT_MICROS, again);
  return true;
}

function message(
  document: DocumentState,
  context: ContextState,
  thread: ThreadId,
  op: number,
  ordinal: number,
  flags: number,
  seq: number,
  frame: number,
  index: number,
): void {
  const lane = context.lane(ordinal);
  if (lane === undefined) {
    document.dropped++;
    return;
  }
  const sent = op === SLOT.sent;
  if (sent) lane.posts.sent(seq);
  const known = lane.message(sent ? 'processor' : 'node', index);
  if (known === undefined) return;
  const point = new ClockedPoint(seq, thread, frame, context.clock);
  if (sent) known.sent ??= point;
  else {
    known.received ??= point;
    known.failed ||= (flags & SLOT_FLAG.failed) !== 0;
  }
}

function lost(
  document: DocumentState,
  context: ContextState,
  thread: ThreadId,
  seq: number,
  frame: number,
  count: number,
): void {
  document.lost += count;
  const at = context.clock.time(frame) as Micros;
  const loss = { at, seq: seq as Seq, thread, lostThread: thread, count, why: 'ring-full' };
  const { losses } = document.facts;
  if (document.hasRoom(losses.length, LIMITS.eventsPerDocument, 'losses'))
    insertByTime(losses, loss);
}
