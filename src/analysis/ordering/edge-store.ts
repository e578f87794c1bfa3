import type { ThreadId } from '../../shared/units.ts';
import { EDGE_KINDS, type Edge, type EdgeKind, type Place } from './places.ts';

const CODES = 16;
const KIND_BY_CODE: readonly (EdgeKind | undefined)[] = codes();
/** Edges out of order that a column gathers before it sorts them in. */
const LATE_EDGES = 4096;

/** Something was acquired from one of several places, and nobody can tell which. */
export interface Choice {
  readonly kind: EdgeKind;
  readonly to: Place;
  readonly about: number;
  readonly from: readonly Place[];
}

/** By acquiring thread; by releasing thread within, so that no order of arrival shows in an answer. */
type Columns = Map<ThreadId, EdgeColumn[]>;

/**
 * The edges of one document, compact and without clocks: one column for each pair of an acquiring and a
 * releasing thread. May be told in any order; the outcome is the same.
 */
export class EdgeStore {
  readonly #into: Columns = new Map();
  readonly #maybeInto: Columns = new Map();
  readonly #pending = new Map<ThreadId, PendingColumn>();
  readonly #choices = new Map<ThreadId, ChoiceColumn>();
  #changed = new Map<ThreadId, number>();

  /** For each thread the lowest tick at which what it acquired has changed since the last call of this. */
  takeChanges(): ReadonlyMap<ThreadId, number> {
    const changed = this.#changed;
    if (changed.size > 0) this.#changed = new Map();
    return changed;
  }

  /** All of `from`'s thread up to it is before all of `to`'s thread from it on. */
  add(kind: EdgeKind, from: Place, to: Place, about = 0): void {
    if (from.thread === to.thread) return;
    column(this.#into, from, to).add(to.tick, from.tick, tagOf(kind, about));
    this.#change(to.thread, to.tick);
  }

  /** Whether `from` is before `to` cannot be told. */
  addMaybe(kind: EdgeKind, from: Place, to: Place, about = 0): void {
    if (from.thread === to.thread) return;
    column(this.#maybeInto, from, to).add(to.tick, from.tick, tagOf(kind, about));
    this.#change(to.thread, to.tick);
  }

  /** One of `from` is before `to`, nobody can tell which: only what is before all of them is certain. */
  addChoice(kind: EdgeKind, from: readonly Place[], to: Place, about = 0): void {
    for (const each of from) this.addMaybe(kind, each, to, about);
    let choices = this.#choices.get(to.thread);
    if (choices === undefined) {
      choices = new ChoiceColumn();
      this.#choices.set(to.thread, choices);
    }
    choices.add({ kind, from, to, about });
  }

  /**
   * Something was acquired at this place whose other side is not known yet (a message handled whose sending
   * was not seen so far): until `resolve`, nobody can say that it is after nothing.
   */
  pend(to: Place): void {
    let pending = this.#pending.get(to.thread);
    if (pending === undefined) {
      pending = new PendingColumn();
      this.#pending.set(to.thread, pending);
    }
    pending.add(to.tick);
    this.#change(to.thread, to.tick);
  }

  /** The same for what will never be known, of which only the first of a thread counts. */
  pendForGood(to: Place): void {
    if (!this.isPending(to.thread, to.tick)) this.pend(to);
  }

  /** Takes one `pend` of this place back: its edge has been added, or there is none. */
  resolve(to: Place): void {
    this.#pending.get(to.thread)?.remove(to.tick);
    this.#change(to.thread, to.tick);
  }

  /** Forgets the edges and what is pending at this tick of the acquiring thread and later. */
  truncate(thread: ThreadId, tick: number): void {
    for (const each of this.#into.get(thread) ?? []) each.truncate(tick);
    for (const each of this.#maybeInto.get(thread) ?? []) each.truncate(tick);
    this.#pending.get(thread)?.truncate(tick);
    this.#choices.get(thread)?.truncate(tick);
    this.#change(thread, tick);
  }

  /** Forgets everything: messages turned out to be paired otherwise, and all is said anew. */
  clear(): void {
    const all = [this.#into, this.#maybeInto, this.#pending];
    for (const each of all) for (const thread of each.keys()) this.#change(thread, 0);
    this.#into.clear();
    this.#maybeInto.clear();
    this.#pending.clear();
    this.#choices.clear();
  }

  /** For each thread that this one ever acquired from, its column. */
  into(thread: ThreadId): Iterable<EdgeColumn> {
    return this.#into.get(thread) ?? [];
  }

  /** The same of edges that may or may not be. */
  maybeInto(thread: ThreadId): Iterable<EdgeColumn> {
    return this.#maybeInto.get(thread) ?? [];
  }

  /** Whether something that this thread acquired up to `tick` is still open. */
  isPending(thread: ThreadId, tick: number): boolean {
    return (this.#pending.get(thread)?.first ?? Number.POSITIVE_INFINITY) <= tick;
  }

  /** The choices of this thread up to `tick`, in its order. */
  choices(thread: ThreadId, tick: number): readonly Choice[] {
    return this.#choices.get(thread)?.upTo(tick) ?? [];
  }

  #change(thread: ThreadId, tick: number): void {
    const known = this.#changed.get(thread);
    if (known === undefined || tick < known) this.#changed.set(thread, tick);
  }

  /** How many edges are kept. */
  get size(): number {
    let size = 0;
    for (const columns of this.#into.values()) {
      for (const each of columns) size += each.size;
    }
    return size;
  }
}

function column(columns: Columns, from: Place, to: Place): EdgeColumn {
  let into = columns.get(to.thread);
  if (into === undefined) {
    into = [];
    columns.set(to.thread, into);
  }
  for (const each of into) if (each.from === from.thread) return each;
  const made = new EdgeColumn(from.thread, to.thread);
  into.push(made);
  into.sort((a, b) => a.from - b.from);
  return made;
}

function tagOf(kind: EdgeKind, about: number): number {
  return about * CODES + EDGE_KINDS[kind].code;
}

/**
 * The edges from one thread into another as a staircase: both ticks rise from step to step, since an edge
 * that neither comes earlier nor brings more than another says nothing and is dropped. So a query is one
 * binary search, and messages of many ports cost what the steps cost.
 */
export class EdgeColumn {
  readonly from: ThreadId;
  readonly to: ThreadId;
  readonly #acquires: number[] = [];
  readonly #releases: number[] = [];
  readonly #tags: number[] = [];
  #late: Step[] = [];

  constructor(from: ThreadId, to: ThreadId) {
    this.from = from;
    this.to = to;
  }

  get size(): number {
    this.#settle();
    return this.#acquires.length;
  }

  add(acquire: number, release: number, tag: number): void {
    const last = this.#acquires.length - 1;
    if (last >= 0 && acquire <= (this.#acquires[last] as number)) {
      this.#late.push({ acquire, release, tag });
      if (this.#late.length >= LATE_EDGES) this.#settle();
      return;
    }
    if (last < 0 || release > (this.#releases[last] as number)) this.#push(acquire, release, tag);
  }

  /** The edge that brings the most of those acquired up to `tick`: its number, or −1. */
  latest(tick: number): number {
    this.#settle();
    return lastUpTo(this.#acquires, tick);
  }

  releaseAt(index: number): number {
    return this.#releases[index] as number;
  }

  edgeAt(index: number): Edge | undefined {
    const tag = this.#tags[index] ?? 0;
    const kind = KIND_BY_CODE[tag % CODES];
    if (kind === undefined) return undefined;
    return {
      kind,
      from: { thread: this.from, tick: this.#releases[index] as number },
      to: { thread: this.to, tick: this.#acquires[index] as number },
      about: Math.floor(tag / CODES),
    };
  }

  truncate(tick: number): void {
    this.#settle();
    this.#cut(lastUpTo(this.#acquires, tick - 1) + 1);
  }

  #push(acquire: number, release: number, tag: number): void {
    this.#acquires.push(acquire);
    this.#releases.push(release);
    this.#tags.push(tag);
  }

  #cut(length: number): void {
    this.#acquires.length = length;
    this.#releases.length = length;
    this.#tags.length = length;
  }

  /** Sorts in what came out of order. */
  #settle(): void {
    if (this.#late.length === 0) return;
    const steps = this.#late;
    this.#late = [];
    let first = Number.POSITIVE_INFINITY;
    for (const { acquire } of steps) first = Math.min(first, acquire);
    const kept = lastUpTo(this.#acquires, first - 1) + 1;
    for (let i = kept; i < this.#acquires.length; i++) {
      steps.push({
        acquire: this.#acquires[i] as number,
        release: this.#releases[i] as number,
        tag: this.#tags[i] as number,
      });
    }
    steps.sort(compareSteps);
    this.#cut(kept);
    let most = kept > 0 ? (this.#releases[kept - 1] as number) : Number.NEGATIVE_INFINITY;
    for (const { acquire, release, tag } of steps) {
      if (release <= most) continue;
      this.#push(acquire, release, tag);
      most = release;
    }
  }
}

interface Step {
  readonly acquire: number;
  readonly release: number;
  readonly tag: number;
}

/** Of those acquired together the one that brings most goes first, and the rest says nothing. */
function compareSteps(a: Step, b: Step): number {
  return a.acquire - b.acquire || b.release - a.release || a.tag - b.tag;
}

/** Choices are rare; beyond so many of one thread the oldest go, and with them only certainty. */
const MAX_CHOICES = 4096;

class ChoiceColumn {
  #choices: Choice[] = [];
  #sorted = true;

  add(choice: Choice): void {
    const last = this.#choices.at(-1);
    if (last !== undefined && last.to.tick > choice.to.tick) this.#sorted = false;
    this.#choices.push(choice);
    if (this.#choices.length < 2 * MAX_CHOICES) return;
    this.#sort();
    this.#choices.splice(0, MAX_CHOICES);
  }

  upTo(tick: number): readonly Choice[] {
    this.#sort();
    const after = this.#choices.findLastIndex(({ to }) => to.tick <= tick) + 1;
    return after === this.#choices.length ? this.#choices : this.#choices.slice(0, after);
  }

  truncate(tick: number): void {
    this.#choices = this.#choices.filter(({ to }) => to.tick < tick);
  }

  #sort(): void {
    if (this.#sorted) return;
    this.#choices.sort((a, b) => a.to.tick - b.to.tick);
    this.#sorted = true;
  }
}

/** Ticks at which a thread acquired what is not known yet. Few at any time, and mostly in order. */
class PendingColumn {
  readonly #open = new Map<number, number>();
  #first = Number.POSITIVE_INFINITY;

  get first(): number {
    if (this.#first === Number.NEGATIVE_INFINITY) {
      this.#first = Number.POSITIVE_INFINITY;
      for (const tick of this.#open.keys()) this.#first = Math.min(this.#first, tick);
    }
    return this.#first;
  }

  add(tick: number): void {
    this.#open.set(tick, (this.#open.get(tick) ?? 0) + 1);
    if (tick < this.#first) this.#first = tick;
  }

  remove(tick: number): void {
    const count = this.#open.get(tick);
    if (count === undefined) return;
    if (count > 1) {
      this.#open.set(tick, count - 1);
      return;
    }
    this.#open.delete(tick);
    if (tick === this.#first) this.#first = Number.NEGATIVE_INFINITY;
  }

  truncate(tick: number): void {
    for (const open of [...this.#open.keys()]) if (open >= tick) this.#open.delete(open);
    this.#first = Number.NEGATIVE_INFINITY;
  }
}

/** Index of the last of ascending `ticks` that is not above `tick`; −1 when there is none. */
function lastUpTo(ticks: readonly number[], tick: number): number {
  let low = 0;
  let high = ticks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ticks[middle] as number) <= tick) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function codes(): readonly (EdgeKind | undefined)[] {
  const kinds: (EdgeKind | undefined)[] = [];
  for (const kind of Object.keys(EDGE_KINDS) as EdgeKind[]) kinds[EDGE_KINDS[kind].code] = kind;
  return kinds;
}
