import { DURATION_UNIT_MICROS } from '../shared/slots.ts';
import type { Frames, Micros, Seq } from '../shared/units.ts';
import type { AnchoredClock } from './frame-clock.ts';
import {
  CALL_RETURNED,
  type Call,
  type CallBuckets,
  type CallColumns,
  type CallVisitor,
} from './model.ts';

/** The place of each word in `CALL_RETURNED`. */
export const ANSWER = { false: 0, true: 1, threw: 2 } as const satisfies {
  readonly [word in Call['returned']]: number;
};
export type Answer = (typeof ANSWER)[keyof typeof ANSWER];

const BLOCK_CALLS = 4096;
const FIRST_CAPACITY = 32;
const GROUP_CALLS = 64;
const UINT32_MAX = 0xffff_ffff;
/** In `spans` and `durations`: the value is in the block's map of wide values. */
const WIDE_SPAN = 0xff;
const WIDE_DURATION = 0xffff;

/**
 * Up to 4096 calls in a row. A column that says nothing new is not there:
 *
 *   enters     Uint32   entry number − the block's first              4 bytes
 *   spans      Uint8    exit − entry number                           1
 *   durations  Uint16   units + 1, 0 when not timed; once one is      2
 *   frames     Uint32   only when the frames do not rise evenly       4
 *   answers    Uint8    only when they differ                         1
 */
interface Block {
  readonly index: number;
  readonly enter: number;
  readonly frame: number;
  step: number;
  answer: Answer;
  length: number;
  enters: Uint32Array;
  spans: Uint8Array;
  durations: Uint16Array | undefined;
  /** The longest duration (as in `durations`) of every `GROUP_CALLS` calls, and of the block. */
  groups: Uint16Array | undefined;
  worst: number;
  frames: Uint32Array | undefined;
  answers: Uint8Array | undefined;
  wideSpans: Map<number, number> | undefined;
  wideDurations: Map<number, number> | undefined;
}

/** The calls of one processor, appended in order. See `CallColumns` for the queries. */
export class CallStore implements CallColumns {
  readonly #blocks: Block[] = [];
  readonly #clock: AnchoredClock;
  #tail: Block | undefined;
  #length = 0;
  #trailingFalse = 0;
  #lastExit = -1;
  #lastFrame = -1;

  constructor(clock: AnchoredClock) {
    this.#clock = clock;
  }

  get length(): number {
    return this.#length;
  }

  get trailingFalse(): number {
    return this.#trailingFalse;
  }

  /** Of the last call; −1 before the first. */
  get lastFrame(): number {
    return this.#lastFrame;
  }

  /** Bytes of the columns, for the memory test. */
  get byteLength(): number {
    let bytes = 0;
    for (const block of this.#blocks) {
      bytes += block.enters.byteLength + block.spans.byteLength;
      bytes += (block.durations?.byteLength ?? 0) + (block.groups?.byteLength ?? 0);
      bytes += (block.frames?.byteLength ?? 0) + (block.answers?.byteLength ?? 0);
    }
    return bytes;
  }

  /**
   * `durationUnits` counts `DURATION_UNIT_MICROS`; −1 when the call was not timed. False when the
   * call cannot follow the one before (numbers or frames that go back): it is not taken. Frames may
   * stand still: while the page holds the lock of its graph, Chromium renders quanta without counting.
   */
  append(
    enter: number,
    exit: number,
    frame: number,
    answer: Answer,
    durationUnits: number,
  ): boolean {
    if (enter < this.#lastExit || exit < enter || frame < this.#lastFrame) return false;
    let block = this.#tail;
    if (
      block === undefined ||
      block.length === BLOCK_CALLS ||
      enter - block.enter > UINT32_MAX ||
      frame - block.frame > UINT32_MAX
    ) {
      block = newBlock(this.#length, enter, frame, answer);
      this.#blocks.push(block);
      this.#tail = block;
    } else if (block.length === block.enters.length) grow(block);
    const at = block.length++;
    block.enters[at] = enter - block.enter;
    const span = exit - enter;
    if (span < WIDE_SPAN) block.spans[at] = span;
    else {
      block.spans[at] = WIDE_SPAN;
      block.wideSpans ??= new Map();
      block.wideSpans.set(at, span);
    }
    setFrame(block, at, frame);
    if (answer !== block.answer || block.answers !== undefined) setAnswer(block, at, answer);
    if (durationUnits >= 0) setDuration(block, at, durationUnits);
    this.#length++;
    this.#trailingFalse = answer === ANSWER.false ? this.#trailingFalse + 1 : 0;
    this.#lastExit = exit;
    this.#lastFrame = frame;
    return true;
  }

  at(index: number): Call | undefined {
    const block = this.#blockOf(index);
    if (block === undefined) return undefined;
    const at = index - block.index;
    const enter = enterOf(block, at);
    const frame = frameOf(block, at);
    return {
      index,
      enter: enter as Seq,
      exit: (enter + spanOf(block, at)) as Seq,
      frame: frame as Frames,
      at: this.#clock.time(frame),
      duration: durationOf(block, at),
      returned: CALL_RETURNED[block.answers?.[at] ?? block.answer] as Call['returned'],
    };
  }

  each(from: number, to: number, visit: CallVisitor): void {
    const end = Math.min(to, this.#length);
    let index = Math.max(from, 0);
    for (let i = this.#blockIndex(index); index < end; i++) {
      const block = this.#blocks[i] as Block;
      const last = Math.min(block.length, end - block.index);
      for (let at = index - block.index; at < last; at++) {
        const enter = enterOf(block, at);
        const frame = frameOf(block, at);
        const answer = block.answers?.[at] ?? block.answer;
        const duration = durationOf(block, at) ?? -1;
        visit(enter, enter + spanOf(block, at), frame, this.#clock.time(frame), duration, answer);
      }
      index = block.index + last;
    }
  }

  firstEnteredAfter(seq: Seq): number {
    const block = this.#lastBlock((each) => each.enter <= seq);
    if (block === undefined) return 0;
    const offset = seq - block.enter;
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((block.enters[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return block.index + low;
  }

  firstFromFrame(frame: Frames): number {
    return this.#fromFrame(frame);
  }

  inFlightAt(seq: Seq): Call | undefined {
    const call = this.at(this.firstEnteredAfter(seq) - 1);
    return call !== undefined && call.enter < seq && seq < call.exit ? call : undefined;
  }

  firstFromTime(at: Micros): number {
    let index = this.#fromFrame(this.#clock.frameAt(at));
    while (index > 0 && this.#timeAt(index - 1) >= at) index--;
    while (index < this.#length && this.#timeAt(index) < at) index++;
    return index;
  }

  buckets(from: Micros, to: Micros, count: number): CallBuckets {
    const counts = new Uint32Array(count);
    const worstMicros = new Uint32Array(count);
    if (this.#length === 0) return { counts, worstMicros };
    const width = (to - from) / count;
    let begin = this.#fromFrame(this.#clock.frameAt(from));
    for (let i = 0; i < count && begin < this.#length; i++) {
      const end = Math.max(begin, this.#fromFrame(this.#clock.frameAt(from + width * (i + 1))));
      if (end === begin) continue;
      counts[i] = end - begin;
      worstMicros[i] = this.#worst(begin, end) * DURATION_UNIT_MICROS;
      begin = end;
    }
    return { counts, worstMicros };
  }

  #timeAt(index: number): Micros {
    const block = this.#blockOf(index) as Block;
    return this.#clock.time(frameOf(block, index - block.index));
  }

  #fromFrame(frame: number): number {
    const block = this.#lastBlock((each) => each.frame < frame);
    if (block === undefined) return 0;
    const offset = frame - block.frame;
    if (block.frames === undefined) {
      return block.index + Math.min(block.length, Math.ceil(offset / block.step));
    }
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((block.frames[middle] as number) >= offset) high = middle;
      else low = middle + 1;
    }
    return block.index + low;
  }

  /** The longest duration of calls `[begin, end)` in units, cut at what a column holds. */
  #worst(begin: number, end: number): number {
    let worst = 0;
    for (let i = this.#blockIndex(begin); i < this.#blocks.length; i++) {
      const block = this.#blocks[i] as Block;
      if (block.index >= end) break;
      if (block.worst <= worst) continue;
      const first = Math.max(0, begin - block.index);
      const last = Math.min(block.length, end - block.index);
      worst = Math.max(worst, worstOf(block, first, last));
    }
    return worst > 0 ? worst - 1 : 0;
  }

  #blockOf(index: number): Block | undefined {
    if (!(index >= 0 && index < this.#length)) return undefined;
    return this.#blocks[this.#blockIndex(index)];
  }

  /** Blocks are full but for the last and the few cut short by a number that did not fit. */
  #blockIndex(index: number): number {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#blocks[middle] as Block).index > index) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** The last block for which `below` holds, which must hold for a prefix of all blocks. */
  #lastBlock(below: (block: Block) => boolean): Block | undefined {
    let low = 0;
    let high = this.#blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (below(this.#blocks[middle] as Block)) low = middle + 1;
      else high = middle;
    }
    return this.#blocks[low - 1];
  }
}

function newBlock(index: number, enter: number, frame: number, answer: Answer): Block {
  return {
    index,
    enter,
    frame,
    step: 0,
    answer,
    length: 0,
    enters: new Uint32Array(FIRST_CAPACITY),
    spans: new Uint8Array(FIRST_CAPACITY),
    durations: undefined,
    groups: undefined,
    worst: 0,
    frames: undefined,
    answers: undefined,
    wideSpans: undefined,
    wideDurations: undefined,
  };
}

function grow(block: Block): void {
  const capacity = Math.min(block.enters.length * 4, BLOCK_CALLS);
  const { enters, spans, durations, frames, answers } = block;
  block.enters = new Uint32Array(capacity);
  block.enters.set(enters);
  block.spans = new Uint8Array(capacity);
  block.spans.set(spans);
  if (durations !== undefined) {
    block.durations = new Uint16Array(capacity);
    block.durations.set(durations);
  }
  if (frames !== undefined) {
    block.frames = new Uint32Array(capacity);
    block.frames.set(frames);
  }
  if (answers !== undefined) {
    block.answers = new Uint8Array(capacity);
    block.answers.set(answers);
  }
}

function setFrame(block: Block, at: number, frame: number): void {
  const offset = frame - block.frame;
  if (block.frames !== undefined) {
    block.frames[at] = offset;
    return;
  }
  if (at === 1) block.step = offset;
  if (offset === at * block.step) return;
  const frames = new Uint32Array(block.enters.length);
  for (let i = 0; i < at; i++) frames[i] = i * block.step;
  frames[at] = offset;
  block.frames = frames;
}

function setAnswer(block: Block, at: number, answer: Answer): void {
  block.answers ??= new Uint8Array(block.enters.length).fill(block.answer, 0, at);
  block.answers[at] = answer;
}

function setDuration(block: Block, at: number, units: number): void {
  block.durations ??= new Uint16Array(block.enters.length);
  block.groups ??= new Uint16Array(BLOCK_CALLS / GROUP_CALLS);
  const stored = Math.min(units + 1, WIDE_DURATION);
  if (stored === WIDE_DURATION) {
    block.wideDurations ??= new Map();
    block.wideDurations.set(at, units);
  }
  block.durations[at] = stored;
  const group = Math.floor(at / GROUP_CALLS);
  if (stored > (block.groups[group] as number)) block.groups[group] = stored;
  if (stored > block.worst) block.worst = stored;
}

function enterOf(block: Block, at: number): number {
  return block.enter + (block.enters[at] as number);
}

function spanOf(block: Block, at: number): number {
  const span = block.spans[at] as number;
  return span === WIDE_SPAN ? (block.wideSpans?.get(at) ?? span) : span;
}

function frameOf(block: Block, at: number): number {
  return block.frame + (block.frames?.[at] ?? at * block.step);
}

function durationOf(block: Block, at: number): Micros | undefined {
  const stored = block.durations?.[at] ?? 0;
  if (stored === 0) return undefined;
  const units = stored === WIDE_DURATION ? (block.wideDurations?.get(at) ?? 0) : stored - 1;
  return (units * DURATION_UNIT_MICROS) as Micros;
}

function worstOf(block: Block, first: number, last: number): number {
  const { durations, groups } = block;
  if (durations === undefined || groups === undefined) return 0;
  if (first === 0 && last === block.length) return block.worst;
  let worst = 0;
  let i = first;
  while (i < last) {
    if (i % GROUP_CALLS === 0 && i + GROUP_CALLS <= last) {
      worst = Math.max(worst, groups[i / GROUP_CALLS] as number);
      i += GROUP_CALLS;
    } else worst = Math.max(worst, durations[i++] as number);
  }
  return worst;
}
