import * as LIMITS from '../../shared/limits.ts';
import { DURATION_UNIT_MICROS, SLOT, SLOT_FLAG, SLOT_WORDS } from '../../shared/slots.ts';
import type { CellId, EndId, Micros, Seq, ThreadId } from '../../shared/units.ts';
import { ANSWER, type Answer } from '../call-columns.ts';
import type { EndState } from '../channel-state.ts';
import type { ContextState } from '../context-state.ts';
import type { DocumentState } from '../document-state.ts';
import { insertByTime, UNSEQUENCED } from '../point.ts';
import { QuantumPattern } from '../quantum-pattern.ts';

/** Where the counters of one thread stand between two of its chunks. */
export class SlotCursor {
  seq = 0;
  frame = 0;
  started = false;
  readonly pattern = new QuantumPattern();
}

const { atomicEnd: ATOMIC_END, clock: CLOCK } = SLOT;

/**
 * Reads the words of one chunk that `parseSlots` has accepted. An audio rendering thread has a context, whose
 * frames it counts; other threads count ticks of `DURATION_UNIT_MICROS`.
 */
export function takeSlots(
  document: DocumentState,
  context: ContextState | undefined,
  thread: ThreadId,
  cursor: SlotCursor,
  words: Int32Array,
): void {
  const { pattern } = cursor;
  let { seq, frame, started } = cursor;
  for (let i = 0; i < words.length; i += SLOT_WORDS) {
    const head = words[i] as number;
    const op = head & 0xff;
    const ordinal = head >>> 16;
    const flags = (head >>> 8) & 0xff;
    const low = words[i + 1] as number;
    const last = words[i + 3] as number;
    if (op === ATOMIC_END) continue;
    if (!started) {
      // The history may have lost the beginning: what is seen first is taken as unsigned.
      frame = (words[i + 2] as number) >>> 0;
      if (op !== CLOCK) {
        seq = low >>> 0;
        started = true;
      }
    }
    frame += ((words[i + 2] as number) - frame) | 0;
    if (op !== CLOCK) seq += (low - seq) | 0;
    switch (op) {
      case SLOT.process: {
        if (context === undefined) {
          document.dropped++;
          break;
        }
        const units = (flags & SLOT_FLAG.timed) === 0 ? -1 : last >>> 16;
        call(document, context, ordinal, flags, seq, seq + (last & 0xffff), frame, units);
        pattern.called(ordinal, flags, frame);
        break;
      }
      case SLOT.processWide: {
        // `parseSlots` has seen to it that an end has its beginning; a beginning may lack its end.
        const next = i + SLOT_WORDS;
        if (context === undefined || ((words[next] ?? 0) & 0xff) !== SLOT.processEnd) {
          document.dropped++;
          break;
        }
        const exit = seq + (((words[next + 1] as number) - seq) | 0);
        const units = (flags & SLOT_FLAG.timed) === 0 ? -1 : (words[next + 3] as number) >>> 0;
        call(document, context, ordinal, flags, seq, exit, frame, units);
        pattern.called(ordinal, flags, frame);
        break;
      }
      case SLOT.again: {
        const known = callAgain(document, context, pattern, ordinal, seq, frame);
        if (!known) lost(document, context, thread, seq, frame, ordinal, 'history-limit');
        break;
      }
      case SLOT.clock: {
        const micros = (last >>> 0) * 0x1_0000_0000 + (low >>> 0);
        pattern.clock();
        context?.clock.add(frame, micros);
        context?.sawFrame(frame);
        document.sawTime(micros);
        break;
      }
      case SLOT.sent:
      case SLOT.received: {
        const when = context === undefined ? frame * DURATION_UNIT_MICROS : -1 - frame;
        const index = last >>> 0;
        if (!nodeMessage(document, context, thread, op, ordinal, flags, seq, when, index)) {
          document.dropped++;
        }
        break;
      }
      case SLOT.portSent:
      case SLOT.portReceived: {
        const when = context === undefined ? frame * DURATION_UNIT_MICROS : -1 - frame;
        const end = document.channels.end(thread, (2 * ordinal + 1) as EndId);
        const index = last >>> 0;
        if (end === undefined || !message(document, end, op, flags, seq, when, index)) {
          document.dropped++;
        }
        break;
      }
      case SLOT.atomic: {
        const next = i + SLOT_WORDS;
        const after = seq + ((last - seq) | 0);
        const when = context === undefined ? frame * DURATION_UNIT_MICROS : frame;
        const read = words[next + 1] as number;
        const written = words[next + 2] as number;
        const count = (words[next + 3] as number) >>> 0;
        const cell = ordinal as CellId;
        const whole = ((words[next] ?? 0) & 0xff) === SLOT.atomicEnd;
        if (
          !whole ||
          !document.atomics.add(thread, cell, flags, seq, after, read, written, count, when)
        ) {
          document.dropped++;
        }
        break;
      }
      case SLOT.lost:
        pattern.forget();
        lost(document, context, thread, seq, frame, last >>> 0, 'ring-full');
        break;
    }
  }
  if (context === undefined) document.sawTime(frame * DURATION_UNIT_MICROS);
  cursor.seq = seq;
  cursor.frame = frame;
  cursor.started = started;
}

/** Apart from the loop above, whose counters a closure would keep on the heap. */
function callAgain(
  document: DocumentState,
  context: ContextState | undefined,
  pattern: QuantumPattern,
  ordinal: number,
  seq: number,
  frame: number,
): boolean {
  return pattern.repeat(ordinal, frame, (each, answer) => {
    if (context) call(document, context, each, answer, seq, seq, frame, -1);
  });
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
  context.tally.calls++;
  if (enter > context.lastEnter) context.lastEnter = enter;
  if (exit > context.lastExit) context.lastExit = exit;
  if (frame > context.lastCallFrame) context.lastCallFrame = frame;
  if (frame > context.lastFrame) context.lastFrame = frame;
  lane.posts.called(enter, frame);
  if (units >= 0) context.quanta.add(frame, units * DURATION_UNIT_MICROS, again);
  return true;
}

/** Of a node’s port; `id` is the ordinal, on the main thread the node. */
function nodeMessage(
  document: DocumentState,
  context: ContextState | undefined,
  thread: ThreadId,
  op: number,
  id: number,
  flags: number,
  seq: number,
  when: number,
  index: number,
): boolean {
  const lane = context?.lane(id);
  if (context !== undefined && lane === undefined) return false;
  const end =
    lane === undefined
      ? document.endOf(thread, (2 * id) as EndId)
      : (lane.processorEnd ?? document.processorEnd(lane, thread));
  if (end === undefined) return false;
  if (op === SLOT.sent) lane?.posts.sent(seq);
  return message(document, end, op === SLOT.sent ? SLOT.portSent : op, flags, seq, when, index);
}

function message(
  document: DocumentState,
  end: EndState,
  op: number,
  flags: number,
  seq: number,
  when: number,
  index: number,
): boolean {
  if (op === SLOT.portSent) return document.channels.sent(end, index, seq, when);
  if (!document.channels.received(end, index, seq, when)) return false;
  if ((flags & SLOT_FLAG.failed) !== 0) end.receipts.fail(index);
  return true;
}

function lost(
  document: DocumentState,
  context: ContextState | undefined,
  thread: ThreadId,
  seq: number,
  frame: number,
  count: number,
  why: string,
): void {
  if (count === 0) return;
  document.lost += count;
  document.atomics.lost(thread, seq);
  const at = (context?.clock.time(frame) ?? frame * DURATION_UNIT_MICROS) as Micros;
  const place = document.facts.isolated ? (seq as Seq) : UNSEQUENCED;
  const about = { lostThread: thread, count, why };
  const loss = { at, seq: place, thread, tick: seq, ...about };
  const { losses } = document.facts;
  if (document.hasRoom(losses.length, LIMITS.eventsPerDocument, 'losses'))
    insertByTime(losses, loss);
}
