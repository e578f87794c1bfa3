import * as LIMITS from '../shared/limits.ts';

/** What only the records of some messages tell. */
export interface MessageNote {
  readonly index: number;
  readonly bytes: number;
  readonly hash: number;
  readonly preview: string;
  readonly stack: string;
}

/** How far beyond what it holds a log grows in one step; what lies further out is kept apart. */
const GAP = 1024;
const WORDS = 2;
export const ABSENT = -1;

/**
 * The messages that one end sent, or received, by their index: ticks and times in one column, from
 * whichever index was seen first. Indexes come in order but for two streams of a thread that are read
 * one after the other, and for what was lost.
 */
export class MessageLog {
  #base = 0;
  /** Tick and time of each index from `#base` on; a tick of -1 where nothing was seen. */
  #cells: number[] = [];
  #outliers: Map<number, readonly [tick: number, when: number]> | undefined;
  #notes: MessageNote[] | undefined;
  #failed: Set<number> | undefined;
  #seen = 0;
  #end = 0;

  /** One more than the highest index seen. */
  get end(): number {
    return this.#end;
  }

  /** How many were seen. */
  get seen(): number {
    return this.#seen;
  }

  get failed(): ReadonlySet<number> | undefined {
    return this.#failed;
  }

  /**
   * False when it was there already, or there is no room. `when` is in microseconds where it is not
   * negative, else the frame of the thread's context, as -1 - frame.
   */
  set(index: number, tick: number, when: number): boolean {
    const cells = this.#cells;
    let at = (index - this.#base) * WORDS;
    if (at === cells.length && this.#seen > 0) {
      if (this.#seen >= LIMITS.messagesPerEnd) return false;
      cells.push(tick, when);
    } else {
      if (this.#seen === 0) this.#base = index;
      else if (at >= 0 && at < cells.length) {
        if (cells[at] !== ABSENT) return false;
      } else if (this.#seen >= LIMITS.messagesPerEnd) return false;
      else if (!this.#reach(at)) return this.#setOutlier(index, tick, when);
      at = (index - this.#base) * WORDS;
      this.#cells[at] = tick;
      this.#cells[at + 1] = when;
    }
    this.#seen++;
    if (index >= this.#end) this.#end = index + 1;
    return true;
  }

  has(index: number): boolean {
    return this.tick(index) !== ABSENT;
  }

  /** -1 when it was not seen. */
  tick(index: number): number {
    const at = (index - this.#base) * WORDS;
    if (at >= 0 && at < this.#cells.length) {
      const tick = this.#cells[at] as number;
      if (tick !== ABSENT || this.#outliers === undefined) return tick;
    }
    return this.#outliers?.get(index)?.[0] ?? ABSENT;
  }

  /** Of an index that was seen. */
  when(index: number): number {
    const outlier = this.#outliers?.get(index);
    if (outlier !== undefined) return outlier[1];
    return this.#cells[(index - this.#base) * WORDS + 1] as number;
  }

  fail(index: number): void {
    this.#failed ??= new Set();
    this.#failed.add(index);
  }

  describe(note: MessageNote): void {
    this.#notes ??= [];
    const notes = this.#notes;
    const at = placeOf(notes, note.index);
    if (notes[at]?.index !== note.index) notes.splice(at, 0, note);
  }

  note(index: number): MessageNote | undefined {
    const notes = this.#notes;
    const note = notes?.[placeOf(notes, index)];
    return note?.index === index ? note : undefined;
  }

  get notes(): readonly MessageNote[] {
    return this.#notes ?? [];
  }

  /** Makes room up to a place before or behind the column; false when it lies too far out. */
  #reach(at: number): boolean {
    const cells = this.#cells;
    const most = Math.max(GAP * WORDS, cells.length);
    if (at >= cells.length) {
      if (at - cells.length > most) return false;
      while (cells.length < at) cells.push(ABSENT, 0);
      return true;
    }
    if (-at > most) return false;
    const before: number[] = [];
    // More than is needed, so that indexes that come backwards do not copy the column one by one.
    const add = Math.min(this.#base, Math.max(-at / WORDS, GAP));
    for (let i = 0; i < add; i++) before.push(ABSENT, 0);
    this.#cells = before.concat(cells);
    this.#base -= add;
    return true;
  }

  #setOutlier(index: number, tick: number, when: number): boolean {
    this.#outliers ??= new Map();
    if (this.#outliers.has(index) || this.#outliers.size >= LIMITS.eventsPerNode) return false;
    this.#outliers.set(index, [tick, when]);
    this.#seen++;
    if (index >= this.#end) this.#end = index + 1;
    return true;
  }
}

/** The place of the first note that is not before `index`. */
function placeOf(notes: readonly MessageNote[], index: number): number {
  const { length } = notes;
  if (length === 0 || (notes[length - 1] as MessageNote).index < index) return length;
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((notes[middle] as MessageNote).index < index) low = middle + 1;
    else high = middle;
  }
  return low;
}
