import type { ThreadId } from '../../shared/units.ts';
import { AtomicEdges, type CellBlocks } from './atomic-edges.ts';
import type { AtomicStore } from './atomic-store.ts';
import type { Choice, EdgeColumn, EdgeStore } from './edge-store.ts';
import type { Edge, Place } from './places.ts';

/** What the relation is computed from. */
export interface OrderingSource {
  /** What handlers told, completed with what is only known by now. */
  readonly edges: EdgeStore;
  readonly atomics: AtomicStore;
  readonly blocks: CellBlocks;
  /** Whether records of a thread were lost. */
  isLossy(thread: ThreadId): boolean;
}

/** Why it cannot be told whether one place had to come before another. */
export const OPEN = {
  pending: 'the other end of something that was received is not known yet',
  ambiguous: 'several writes may be the one that was read',
  lost: 'records were lost',
} as const;
export type Open = keyof typeof OPEN;

export interface Compared {
  readonly order: 'before' | 'after' | 'same' | 'unordered' | 'unknown';
  /** From the earlier to the later place; empty within one thread. */
  readonly path: readonly Edge[];
  /** Of `unknown`. */
  readonly why: Open | undefined;
}

/**
 * What had to happen before what, over all threads of a document. Built on edges alone: the shared counter,
 * which says what did happen, is never asked.
 *
 * No clock is stored with an event. The clock of a place, which is for each thread how much of it is before that
 * place, is found backwards: what the place’s own thread acquired up to there, what those threads had acquired up to
 * where they released, and so on until nothing rises. Clocks of places that were asked for are kept until
 * something arrives that could change them.
 */
export class Ordering {
  readonly #source: OrderingSource;
  readonly #atomics = new AtomicEdges();
  readonly #kept = new Map<string, Clock>();

  constructor(source: OrderingSource) {
    this.#source = source;
  }

  /** Takes in what has come since the last time. */
  refresh(): void {
    const { edges, atomics, blocks } = this.#source;
    this.#atomics.update(atomics, blocks);
    const told = edges.takeChanges();
    const derived = this.#atomics.edges.takeChanges();
    if (told.size === 0 && derived.size === 0 && this.#kept.size < MAX_KEPT) return;
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    for (const [key, clock] of this.#kept) {
      if (clock.dependsOn(told) || clock.dependsOn(derived)) this.#kept.delete(key);
    }
  }

  /** The edges that atomic operations give. */
  get atomicEdges(): EdgeStore {
    return this.#atomics.edges;
  }

  /** How much of every thread is before `place`. The same object as long as the answer is the same. */
  clockOf(place: Place): Clock {
    const key = `${place.thread}:${place.tick}`;
    let clock = this.#kept.get(key);
    if (clock === undefined) {
      clock = this.#close(place);
      this.#kept.set(key, clock);
    }
    return clock;
  }

  compare(a: Place, b: Place): Compared {
    if (a.thread === b.thread) {
      const order = a.tick < b.tick ? 'before' : a.tick > b.tick ? 'after' : 'same';
      return { order, path: [], why: undefined };
    }
    const before = this.clockOf(b);
    if (before.has(a)) return { order: 'before', path: before.pathFrom(a.thread), why: undefined };
    const after = this.clockOf(a);
    if (after.has(b)) return { order: 'after', path: after.pathFrom(b.thread), why: undefined };
    const why = before.openFor(a) ?? after.openFor(b);
    return { order: why === undefined ? 'unordered' : 'unknown', path: [], why };
  }

  #close(place: Place): Clock {
    const sure = new Rising(place);
    this.#raise(sure, 0);
    const hopes = sure.copy();
    const open = this.#hope(hopes);
    return new Clock(place, sure, hopes.ticks, open);
  }

  /** Follows every edge that is certain. */
  #raise(rising: Rising, depth: number): void {
    const { edges } = this.#source;
    const derived = this.#atomics.edges;
    for (let thread = rising.next(); thread !== undefined; thread = rising.next()) {
      const tick = rising.ticks.get(thread) as number;
      for (const store of [edges, derived]) {
        rising.follow(store.into(thread), tick);
        if (depth > MAX_DEPTH) continue;
        const choices = store.choices(thread, tick);
        for (let i = 0; i < Math.min(choices.length, CHOICES_ASKED); i++) {
          this.#raiseToShared(rising, choices[choices.length - 1 - i] as Choice, depth + 1);
        }
      }
    }
  }

  /** What is before all of which one was seen: of each thread the least that any of them knows. */
  #raiseToShared(rising: Rising, { from, to, kind, about }: Choice, depth: number): void {
    let shared: Map<ThreadId, number> | undefined;
    for (const place of from) {
      const known = new Rising(place);
      this.#raise(known, depth);
      if (shared === undefined) shared = known.ticks;
      else {
        for (const [thread, tick] of shared) {
          const least = Math.min(tick, known.ticks.get(thread) ?? -1);
          if (least < 0) shared.delete(thread);
          else shared.set(thread, least);
        }
      }
    }
    for (const [thread, tick] of shared ?? []) {
      if (!rising.canRise(thread, tick)) continue;
      rising.rise(thread, tick, { kind, from: { thread, tick }, to, about });
    }
  }

  /** Follows every edge that is possible as well; says whether even more may be. */
  #hope(rising: Rising): Open | undefined {
    const { edges } = this.#source;
    const derived = this.#atomics.edges;
    let open: Open | undefined;
    for (let thread = rising.next(); thread !== undefined; thread = rising.next()) {
      const tick = rising.ticks.get(thread) as number;
      if (this.#source.isLossy(thread)) open ??= 'lost';
      for (const store of [edges, derived]) {
        rising.follow(store.into(thread), tick);
        rising.follow(store.maybeInto(thread), tick);
        if (store.isPending(thread, tick)) open = 'pending';
      }
    }
    return open;
  }
}

const MAX_KEPT = 65_536;
/** Choices of a thread that are asked for what they share: the last, which know the most. */
const CHOICES_ASKED = 64;
const MAX_DEPTH = 1;

/** For each thread how much of it is known to be before a place, while that still grows. */
class Rising {
  readonly ticks = new Map<ThreadId, number>();
  /** The edge that brought each thread to where it is. */
  readonly by = new Map<ThreadId, Edge>();
  readonly #risen: ThreadId[] = [];

  constructor(place: Place) {
    this.ticks.set(place.thread, place.tick);
    this.#risen.push(place.thread);
  }

  /** The same, with all threads still to be followed. */
  copy(): Rising {
    const [first] = this.ticks;
    const copy = new Rising({ thread: first?.[0] as ThreadId, tick: first?.[1] as number });
    for (const [thread, tick] of this.ticks) {
      copy.ticks.set(thread, tick);
      copy.#risen.push(thread);
    }
    return copy;
  }

  /** A thread that has risen since it was last followed. */
  next(): ThreadId | undefined {
    return this.#risen.pop();
  }

  canRise(thread: ThreadId, tick: number): boolean {
    return tick > (this.ticks.get(thread) ?? -1);
  }

  rise(thread: ThreadId, tick: number, by: Edge): void {
    this.ticks.set(thread, tick);
    this.by.set(thread, by);
    this.#risen.push(thread);
  }

  follow(columns: Iterable<EdgeColumn>, tick: number): void {
    for (const column of columns) {
      const index = column.latest(tick);
      if (index < 0 || !this.canRise(column.from, column.releaseAt(index))) continue;
      const edge = column.edgeAt(index);
      if (edge !== undefined) this.rise(column.from, edge.from.tick, edge);
    }
  }
}

/** How much of every thread is before one place. */
export class Clock {
  readonly place: Place;
  readonly #sure: Rising;
  readonly #hopes: ReadonlyMap<ThreadId, number>;
  readonly #open: Open | undefined;

  constructor(
    place: Place,
    sure: Rising,
    hopes: ReadonlyMap<ThreadId, number>,
    open: Open | undefined,
  ) {
    this.place = place;
    this.#sure = sure;
    this.#hopes = hopes;
    this.#open = open;
  }

  /** The last place of a thread that is before; −1 when none is. Of its own thread, the place itself. */
  tickOf(thread: ThreadId): number {
    return this.#sure.ticks.get(thread) ?? -1;
  }

  has({ thread, tick }: Place): boolean {
    return this.tickOf(thread) >= tick;
  }

  /** Why a place that is not certainly before may be so all the same. */
  openFor({ thread, tick }: Place): Open | undefined {
    if (this.#open === 'pending') return 'pending';
    if ((this.#hopes.get(thread) ?? -1) >= tick) return 'ambiguous';
    return this.#open;
  }

  /** The edges that lead from the last place of `thread` that is before, to this one. */
  pathFrom(thread: ThreadId): readonly Edge[] {
    const path: Edge[] = [];
    let at = thread;
    while (at !== this.place.thread && path.length < this.#sure.ticks.size) {
      const edge = this.#sure.by.get(at);
      if (edge === undefined) break;
      path.push(edge);
      at = edge.to.thread;
    }
    return path;
  }

  /** Whether edges that changed from these ticks on may change it. */
  dependsOn(changes: ReadonlyMap<ThreadId, number>): boolean {
    for (const [thread, tick] of changes) {
      if (tick <= (this.#hopes.get(thread) ?? -1)) return true;
    }
    return false;
  }
}
