import { AtomicStore } from '../../../../src/analysis/ordering/atomic-store.ts';
import { EdgeStore } from '../../../../src/analysis/ordering/edge-store.ts';
import { Ordering } from '../../../../src/analysis/ordering/ordering.ts';
import type { Place } from '../../../../src/analysis/ordering/places.ts';
import { ATOMIC } from '../../../../src/shared/slots.ts';
import type { CellId, MemoryId, ThreadId } from '../../../../src/shared/units.ts';
import type { Seeded } from '../../../support/seeded.ts';

/**
 * Random programs of a few threads on shared cells, run one micro-step at a time by an adversary: between
 * taking a number, operating, and noting the place after it, any other thread may do anything. The
 * simulator knows which write every read really saw, and so what really had to happen before what; the recorder
 * in it knows only what `hooks/atomics.ts` would.
 */
export interface Run {
  /** What has an even place of its own, with what was truly before it. */
  readonly events: readonly TrueEvent[];
  /** What the recorders said, one list a thread, in its order. */
  readonly told: readonly (readonly Told[])[];
}

export interface TrueEvent {
  readonly place: Place;
  /** For each thread, how many of its operations are before this one (itself included in its own). */
  readonly clock: readonly number[];
  readonly index: number;
}

export type Told = (sinks: Sinks) => void;

export interface Sinks {
  readonly edges: EdgeStore;
  readonly atomics: AtomicStore;
}

export interface Options {
  readonly threads: number;
  readonly cells: number;
  readonly operations: number;
  /** Every write has a value of its own, and what the cells held at first is read before anything else. */
  readonly distinct: boolean;
  /** Whether repeated loads and writes are told together, and waits may find another value. */
  readonly vague: boolean;
}

interface Message {
  readonly index: number;
  readonly clock: readonly number[];
}

interface Waiter {
  woken: boolean;
  clock: readonly number[] | undefined;
}

type Steps = Generator<'step' | 'blocked', void, undefined>;

export function run(random: Seeded, { threads, cells, operations, distinct, vague }: Options): Run {
  let counter = 0;
  let values = 0;
  const memory = Array.from({ length: cells }, () => ({
    value: 0,
    clock: undefined as readonly number[] | undefined,
    waiters: [] as Waiter[],
  }));
  const queues = new Map<string, Message[]>();
  const sends = new Map<string, number>();
  const events: TrueEvent[] = [];
  const told: Told[][] = Array.from({ length: threads }, () => []);

  const look = () => 2 * counter + 1;
  const bump = () => 2 * ++counter;
  const value = () => (distinct ? ++values : random.below(3));

  function* thread(id: number, steps: number): Steps {
    const clock = new Array<number>(threads).fill(0);
    const say = told[id] as Told[];
    const loads = Array.from({ length: cells }, () => ({ count: 0, value: 0, before: 0 }));
    /** The run of writes: its cell, its last value, and whether it is held back. */
    const held = { cell: -1, at: -1, value: 0, on: false, before: 0, after: 0, read: 0, count: 0 };
    const self = id as ThreadId;

    const begin = () => {
      clock[id] = (clock[id] as number) + 1;
    };
    const acquire = (from: readonly number[] | undefined) => {
      from?.forEach((tick, i) => {
        clock[i] = Math.max(clock[i] as number, tick);
      });
    };
    const event = (tick: number) => {
      const place = { thread: self, tick };
      events.push({ place, clock: [...clock], index: clock[id] as number });
    };
    const entry = (
      cell: number,
      code: number,
      before: number,
      after: number,
      read: number,
      written: number,
      count = 1,
    ) => {
      say.push(({ atomics }) => {
        if (!atomics.add(self, cell as CellId, code, before, after, read, written, count, 0)) {
          throw new Error('an entry was refused');
        }
      });
    };
    const settleRun = () => {
      if (!held.on) return;
      held.on = false;
      entry(held.cell, ATOMIC.writes, held.before, held.after, held.read, held.value, held.count);
      held.at = say.length;
    };
    const record = (tell: Told) => {
      settleRun();
      say.push(tell);
    };
    function* tell(cell: number, code: number, before: number, read: number, written: number) {
      const after = look();
      yield 'step' as const;
      settleRun();
      entry(cell, code, before, after, read, written);
    }
    function* tellLoads(cell: number) {
      const state = loads[cell] as (typeof loads)[number];
      if (state.count < 2) return;
      const after = look();
      yield 'step' as const;
      settleRun();
      entry(cell, ATOMIC.loads, state.before, after, state.value, 0, state.count - 1);
      state.count = 1;
    }
    function* readOf(cell: number, code: number, before: number, read: number) {
      const state = loads[cell] as (typeof loads)[number];
      if (state.count > 0 && state.value === read) {
        if (state.count++ === 1) state.before = before;
        return;
      }
      yield* tellLoads(cell);
      yield* tell(cell, code, before, read, 0);
      state.count = 1;
      state.value = read;
    }
    function* wrote(cell: number, code: number, before: number, read: number, written: number) {
      const expected = code === ATOMIC.store || read === held.value;
      if (before === 0) {
        const from = held.after;
        held.after = look();
        yield 'step' as const;
        held.count++;
        held.value = written;
        if (expected) return;
        settleRun();
        entry(cell, ATOMIC.load, from, held.after, read, 0);
        return;
      }
      if (vague && cell === held.cell && held.at === say.length && expected) {
        held.after = look();
        yield 'step' as const;
        held.on = true;
        held.before = before;
        held.read = held.value;
        held.value = written;
        held.count = 1;
        return;
      }
      yield* tellLoads(cell);
      (loads[cell] as (typeof loads)[number]).count = 0;
      yield* tell(cell, code, before, read, written);
      held.cell = cell;
      held.at = say.length;
      held.value = written;
    }
    const number = (cell: number) => (held.on && held.cell === cell ? 0 : bump());

    if (id === 0 && distinct) {
      for (let cell = 0; cell < cells; cell++) yield* readOf(cell, ATOMIC.load, look(), 0);
    }
    for (let i = 0; i < steps; i++) {
      const cell = random.below(cells);
      const shared = memory[cell] as (typeof memory)[number];
      begin();
      switch (random.below(12)) {
        case 0:
        case 1: {
          const before = number(cell);
          if (before > 0) event(before);
          yield 'step';
          const written = value();
          shared.value = written;
          shared.clock = [...clock];
          yield 'step';
          yield* wrote(cell, ATOMIC.store, before, 0, written);
          break;
        }
        case 2:
        case 3:
        case 4: {
          for (let times = random.chance(0.2) ? 4 : 1; times > 0; times--) {
            const before = look();
            yield 'step';
            const read = shared.value;
            acquire(shared.clock);
            yield 'step';
            yield* readOf(cell, ATOMIC.load, before, read);
          }
          break;
        }
        case 5: {
          const before = number(cell);
          yield 'step';
          const read = shared.value;
          const written = value();
          acquire(shared.clock);
          if (before > 0) event(before);
          shared.value = written;
          shared.clock = [...clock];
          yield 'step';
          yield* wrote(cell, ATOMIC.readModifyWrite, before, read, written);
          break;
        }
        case 6:
        case 7: {
          const wanted = random.chance(0.6) ? shared.value : random.below(3);
          const written = value();
          const before = number(cell);
          yield 'step';
          const read = shared.value;
          acquire(shared.clock);
          const exchanged = read === wanted;
          if (exchanged) {
            if (before > 0) event(before);
            shared.value = written;
            shared.clock = [...clock];
          }
          yield 'step';
          if (exchanged) yield* wrote(cell, ATOMIC.readModifyWrite, before, read, written);
          else {
            yield* readOf(cell, ATOMIC.failedExchange, before === 0 ? held.after : before, read);
          }
          break;
        }
        case 8: {
          if (!vague) break;
          const wanted = random.chance(0.7) ? shared.value : random.below(3);
          const timesOut = random.chance(0.6);
          const before = look();
          settleRun();
          entry(cell, ATOMIC.waitBegin, before, before, wanted, 0);
          yield 'step';
          acquire(shared.clock);
          let code: number = ATOMIC.waitNotEqual;
          if (shared.value === wanted) {
            const waiter: Waiter = { woken: false, clock: undefined };
            shared.waiters.push(waiter);
            for (let patience = timesOut ? random.below(8) : 200; !waiter.woken; patience--) {
              if (patience <= 0) break;
              yield 'blocked';
            }
            if (!waiter.woken) shared.waiters.splice(shared.waiters.indexOf(waiter), 1);
            acquire(waiter.clock);
            code = waiter.woken ? ATOMIC.waitOk : ATOMIC.waitTimedOut;
          }
          yield 'step';
          yield* tell(cell, code, before, wanted, 0);
          break;
        }
        case 9: {
          const before = bump();
          event(before);
          yield 'step';
          const woken = shared.waiters.splice(0, 1 + random.below(2));
          for (const waiter of woken) {
            waiter.woken = true;
            waiter.clock = [...clock];
          }
          yield 'step';
          yield* tell(cell, ATOMIC.notify, before, 0, woken.length);
          break;
        }
        case 10: {
          const to = random.below(threads);
          if (to === id) break;
          const way = `${id}→${to}`;
          const queue = queues.get(way) ?? [];
          queues.set(way, queue);
          const index = sends.get(way) ?? 0;
          sends.set(way, index + 1);
          queue.push({ index, clock: [...clock] });
          yield 'step';
          const place = { thread: self, tick: bump() };
          event(place.tick);
          record(({ edges }) => new Ends(edges, way).sent(index, place));
          break;
        }
        default: {
          const from = random.below(threads);
          const message = queues.get(`${from}→${id}`)?.shift();
          const tick = bump();
          if (message === undefined) {
            event(tick);
            break;
          }
          acquire(message.clock);
          event(tick);
          yield 'step';
          const place = { thread: self, tick };
          record(({ edges }) => new Ends(edges, `${from}→${id}`).received(message.index, place));
        }
      }
      yield 'step';
    }
    for (let cell = 0; cell < cells; cell++) yield* tellLoads(cell);
    settleRun();
  }

  const all = Array.from({ length: threads }, (_, id) => thread(id, operations));
  if (distinct) for (let i = 0; i < 2 * cells; i++) all[0]?.next();
  const live = [...all];
  while (live.length > 0) {
    // Now and then one thread runs on for long, or stands still for long.
    const one = random.pick(live);
    for (let steps = random.chance(0.1) ? random.below(60) : 1; steps > 0; steps--) {
      if (one.next().done !== true) continue;
      live.splice(live.indexOf(one), 1);
      break;
    }
  }
  return { events, told };
}

/** Pairs messages as the document’s state does: whichever end comes first. */
class Ends {
  static readonly #known = new WeakMap<EdgeStore, Map<string, { from?: Place; to?: Place }>>();
  readonly #edges: EdgeStore;
  readonly #way: string;

  constructor(edges: EdgeStore, way: string) {
    this.#edges = edges;
    this.#way = way;
  }

  sent(index: number, from: Place): void {
    const message = this.#message(index);
    message.from = from;
    if (message.to === undefined) return;
    this.#edges.add('message', from, message.to);
    this.#edges.resolve(message.to);
  }

  received(index: number, to: Place): void {
    const message = this.#message(index);
    message.to = to;
    if (message.from === undefined) this.#edges.pend(to);
    else this.#edges.add('message', message.from, to);
  }

  #message(index: number): { from?: Place; to?: Place } {
    const messages = Ends.#known.get(this.#edges) ?? new Map();
    Ends.#known.set(this.#edges, messages);
    const key = `${this.#way}#${index}`;
    const message = messages.get(key) ?? {};
    messages.set(key, message);
    return message;
  }
}

export interface Analysis {
  readonly sinks: Sinks;
  readonly ordering: Ordering;
}

export function analysis(threads: number, cells: number): Analysis {
  const edges = new EdgeStore();
  const atomics = new AtomicStore();
  const block = {};
  const blocks = { blockOf: () => block, isOpaque: () => false, version: '' };
  for (let thread = 0; thread < threads; thread++) {
    for (let cell = 0; cell < cells; cell++) {
      atomics.cell(thread as ThreadId, cell as CellId, 1 as MemoryId, 4 * cell, 4);
    }
  }
  const ordering = new Ordering({ edges, atomics, blocks, isLossy: () => false });
  return { sinks: { edges, atomics }, ordering };
}

/** Takes what the threads said, in pieces of any length and in any order of threads. */
export function take(told: Run['told'], sinks: Sinks, random: Seeded, between?: () => void): void {
  const rest = told.map((list) => ({ list, next: 0 }));
  for (;;) {
    const open = rest.filter(({ list, next }) => next < list.length);
    if (open.length === 0) return;
    const one = random.pick(open);
    const until = Math.min(one.list.length, one.next + 1 + random.below(20));
    for (; one.next < until; one.next++) one.list[one.next]?.(sinks);
    between?.();
  }
}

export function isTrulyBefore(a: TrueEvent, b: TrueEvent): boolean {
  return (b.clock[a.place.thread] as number) >= a.index;
}
