import type { Frames, Micros, Seq, ThreadId } from '../shared/units.ts';
import type { AnchoredClock } from './frame-clock.ts';
import type { Point } from './model.ts';

/** A point whose time is read off the clock, which grows truer as anchors arrive. */
export class ClockedPoint implements Point {
  readonly seq: Seq;
  readonly thread: ThreadId;
  readonly tick: number;
  readonly frame: Frames;
  readonly #clock: AnchoredClock;

  constructor(seq: Seq, thread: ThreadId, tick: number, frame: number, clock: AnchoredClock) {
    this.seq = seq;
    this.thread = thread;
    this.tick = tick;
    this.frame = frame as Frames;
    this.#clock = clock;
  }

  get at(): Micros {
    return this.#clock.time(this.frame);
  }
}
