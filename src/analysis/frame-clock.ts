import type { Micros } from '../shared/units.ts';
import type { FrameClock } from './model.ts';

/** An anchor pair that lies further apart than this times the nominal length spans a suspension. */
const GAP_RATIO = 2;

/**
 * Frame ↔ time of one audio rendering thread, from its clock slots. Between two anchors time runs
 * evenly, unless they lie too far apart for that: then the context stood still in between, and time
 * runs at the nominal rate from the earlier anchor. Monotonic in both directions.
 */
export class AnchoredClock implements FrameClock {
  readonly #microsPerFrame: number;
  readonly #offline: boolean;
  readonly #startedAt: number;
  #frames = new Float64Array(64);
  #micros = new Float64Array(64);
  #length = 0;
  /** The anchor after the frame asked for last: callers mostly walk forward. */
  #hint = 0;

  /** Before the first anchor, frame 0 is taken to have been rendered at `startedAt`. */
  constructor(sampleRate: number, offline: boolean, startedAt: Micros) {
    this.#microsPerFrame = 1e6 / sampleRate;
    this.#offline = offline;
    this.#startedAt = startedAt;
  }

  get anchors(): number {
    return this.#length;
  }

  /** Anchors must rise in frame; one that does not is ignored, one that goes back in time is held. */
  add(frame: number, micros: number): void {
    const length = this.#length;
    if (length > 0 && frame <= (this.#frames[length - 1] as number)) return;
    if (length === this.#frames.length) {
      this.#frames = grown(this.#frames);
      this.#micros = grown(this.#micros);
    }
    const before = length > 0 ? (this.#micros[length - 1] as number) : 0;
    this.#frames[length] = frame;
    this.#micros[length] = Math.max(micros, before);
    this.#length = length + 1;
  }

  timeOf(frame: number): Micros | undefined {
    return this.#length === 0 ? undefined : this.time(frame);
  }

  /** Like `timeOf`, but a guess from the thread's start when there is no anchor yet. */
  time(frame: number): Micros {
    const length = this.#length;
    if (length === 0) {
      return (this.#startedAt + (this.#offline ? 0 : frame * this.#microsPerFrame)) as Micros;
    }
    let next = this.#hint;
    if (!this.#liesBefore(next, frame)) {
      next = this.#liesBefore(next + 1, frame) ? next + 1 : firstAbove(this.#frames, length, frame);
      this.#hint = next;
    }
    if (next === 0) {
      const first = this.#micros[0] as number;
      if (this.#offline) return Math.min(first, Math.max(this.#startedAt, 0)) as Micros;
      const back = ((this.#frames[0] as number) - frame) * this.#microsPerFrame;
      return Math.max(Math.min(this.#startedAt, first), first - back) as Micros;
    }
    const fromFrame = this.#frames[next - 1] as number;
    const from = this.#micros[next - 1] as number;
    if (next === length) return (from + (frame - fromFrame) * this.#tailRate()) as Micros;
    const to = this.#micros[next] as number;
    return Math.min(to, from + (frame - fromFrame) * this.#rateBefore(next)) as Micros;
  }

  /** The lowest frame (a real number) that was not rendered before `micros`. */
  frameAt(micros: number): number {
    const length = this.#length;
    if (length === 0) {
      if (this.#offline) return micros <= this.#startedAt ? 0 : Number.POSITIVE_INFINITY;
      return Math.max(0, (micros - this.#startedAt) / this.#microsPerFrame);
    }
    const next = firstNotBelow(this.#micros, length, micros);
    if (next === 0) {
      const first = this.#micros[0] as number;
      if (this.#offline) {
        return micros <= Math.min(first, this.#startedAt) ? 0 : (this.#frames[0] as number);
      }
      if (micros <= Math.min(this.#startedAt, first)) return 0;
      const back = (first - micros) / this.#microsPerFrame;
      return Math.max(0, (this.#frames[0] as number) - back);
    }
    const fromFrame = this.#frames[next - 1] as number;
    const from = this.#micros[next - 1] as number;
    const rate = next === length ? this.#tailRate() : this.#rateBefore(next);
    const frame = rate > 0 ? fromFrame + (micros - from) / rate : Number.POSITIVE_INFINITY;
    return next === length ? frame : Math.min(frame, this.#frames[next] as number);
  }

  /** Whether anchor `next` is the first above `frame`, with one below it. */
  #liesBefore(next: number, frame: number): boolean {
    if (next === 0 || next > this.#length) return false;
    if ((this.#frames[next - 1] as number) > frame) return false;
    return next === this.#length || (this.#frames[next] as number) > frame;
  }

  /** Microseconds a frame between the anchors `next - 1` and `next`. */
  #rateBefore(next: number): number {
    const frames = (this.#frames[next] as number) - (this.#frames[next - 1] as number);
    const micros = (this.#micros[next] as number) - (this.#micros[next - 1] as number);
    const rate = micros / frames;
    return rate > this.#microsPerFrame * GAP_RATIO ? this.#microsPerFrame : rate;
  }

  #tailRate(): number {
    if (!this.#offline) return this.#microsPerFrame;
    return this.#length > 1 ? this.#rateBefore(this.#length - 1) : 0;
  }
}

function grown(from: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
}

function firstAbove(values: Float64Array, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function firstNotBelow(values: Float64Array, length: number, value: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}
