import { ATOMIC } from '../../src/shared/slots.ts';
import type { Seeded } from './seeded.ts';
import type { SlotWriter } from './slot-writer.ts';

/** What random workers, channels and memories need of the page that they are part of. */
export interface RandomPage {
  readonly random: Seeded;
  now(): number;
  next(): number;
  write(name: string, fields: object, thread: number): void;
  slot(thread: number, put: (slots: SlotWriter) => void): void;
}

interface Holder {
  readonly thread: number;
  readonly end: number;
  sent: number;
  received: number;
}

interface Cargo {
  readonly what: 'port' | 'memory';
  readonly place: number;
  /** The side that moves, or the memory. */
  readonly index: number;
}

interface Side {
  /** Undefined while it is on its way. */
  holder: Holder | undefined;
  readonly queue: { readonly cargo: readonly Cargo[] }[];
  readonly other: number;
}

const WORKER_THREAD = 10;
const MAX_WORKERS = 3;

/**
 * Workers that are made and end, channels whose ports move between the page and them, broadcasts, and
 * memories that all of them change atomically. Each act does one thing at random.
 */
export function randomChannels(page: RandomPage): readonly (() => void)[] {
  const { random, write, slot, next } = page;
  const sides: Side[] = [];
  const ends = new Map<number, number>();
  const memoryCounts = new Map<number, number>();
  const cellCounts = new Map<number, number>();
  /** The number of each memory, and of a cell in it, in the threads that know it. */
  const memories: Map<number, { readonly memory: number; readonly cell: number }>[] = [];
  const listeners: { readonly holder: Holder; readonly queue: number[] }[] = [];
  const workers: { readonly parent: number; readonly own: number; ended: boolean }[] = [];

  const count = (counts: Map<number, number>, thread: number, first: number, step: number) => {
    const number = counts.get(thread) ?? first;
    counts.set(thread, number + step);
    return number;
  };
  const endOf = (thread: number) => count(ends, thread, thread === 0 ? 1 : 3, 2);
  const threads = () => [0, ...workers.map((_, i) => WORKER_THREAD + i)];
  const holderOf = (thread: number, end: number): Holder => ({ thread, end, sent: 0, received: 0 });

  function knowMemory(index: number, thread: number): number {
    const known = memories[index]?.get(thread);
    if (known !== undefined) return known.memory;
    const memory = count(memoryCounts, thread, 1, 1);
    const cell = count(cellCounts, thread, 1, 1);
    memories[index]?.set(thread, { memory, cell });
    const kind = random.pick(['shared', 'wasm']);
    write('memorySeen', { memory, kind, bytes: 64, stack: 'at memory' }, thread);
    write('cellSeen', { cell, memory, offset: 4 * random.below(2), width: 4 }, thread);
    return memory;
  }

  function send(holder: Holder, hash = 0): void {
    const { thread, end } = holder;
    const index = holder.sent++;
    if (hash === 0 && random.chance(0.4)) {
      const place = next();
      const time = Math.floor(page.now() / 10);
      slot(thread, (slots) => slots.port('portSent', end, place, time, index));
      return;
    }
    const preview = random.pick(['', `{id: ${index}}`]);
    write('portSent', { end, index, bytes: 8, hash, preview, stack: 'at post' }, thread);
  }

  function receive(holder: Holder, hash = 0): void {
    const { thread, end } = holder;
    const index = holder.received++;
    if (hash === 0 && random.chance(0.4)) {
      const place = next();
      const time = Math.floor(page.now() / 10);
      slot(thread, (slots) => slots.port('portReceived', end, place, time, index));
      return;
    }
    const failed = random.chance(0.02);
    write('portReceived', { end, index, failed, bytes: 8, hash, preview: '' }, thread);
  }

  function makeWorker(): void {
    if (workers.length >= MAX_WORKERS) return;
    const parent = random.pick(threads());
    const thread = WORKER_THREAD + workers.length;
    const worker = workers.length + 1;
    const end = endOf(parent);
    const first = sides.length;
    sides.push(
      { holder: holderOf(parent, end), queue: [], other: first + 1 },
      { holder: holderOf(thread, 1), queue: [], other: first },
    );
    workers.push({ parent, own: first, ended: false });
    const fields = { worker, end, url: 'w.js', name: '', type: 'classic', entered: 'yes' };
    write('workerCreated', { ...fields, stack: 'at w' }, parent);
    write('threadStarted', { thread, kind: 'worker', context: 0, name: `w${worker}` }, 0);
    write('workerThread', { thread, parent, worker }, 0);
    write('scopeState', { state: 'started', url: 'w.js' }, thread);
  }

  function endWorker(): void {
    const live = workers.filter(({ ended }) => !ended);
    if (live.length === 0 || random.chance(0.8)) return;
    const worker = random.pick(live);
    worker.ended = true;
    const number = workers.indexOf(worker) + 1;
    if (random.chance(0.3)) {
      write('scopeState', { state: 'closing', url: '' }, WORKER_THREAD + number - 1);
      return;
    }
    const fields = { worker: number, how: 'terminated', reason: '', stack: 'at end' };
    write('workerEnded', fields, worker.parent);
  }

  function makeChannel(): void {
    if (sides.length > 16) return;
    const thread = random.pick(threads());
    const made = sides.length;
    const [first, second] = [endOf(thread), endOf(thread)];
    sides.push(
      { holder: holderOf(thread, first), queue: [], other: made + 1 },
      { holder: holderOf(thread, second), queue: [], other: made },
    );
    write('channelCreated', { first, second, stack: 'at channel' }, thread);
    if (random.chance(0.5)) {
      write('endState', { end: first, state: 'listened', stack: '' }, thread);
      if (random.chance(0.5))
        write('endState', { end: first, state: 'started', stack: '' }, thread);
    }
  }

  function closePort(): void {
    if (sides.length === 0 || random.chance(0.8)) return;
    const { holder, other } = random.pick(sides);
    if (holder === undefined) return;
    write('endState', { end: holder.end, state: 'closed', stack: 'at close' }, holder.thread);
    const heard = sides[other]?.holder;
    if (heard === undefined) return;
    write('endState', { end: heard.end, state: 'close-event', stack: '' }, heard.thread);
  }

  function makeMemory(): void {
    if (memories.length >= 4) return;
    memories.push(new Map());
    knowMemory(memories.length - 1, random.pick(threads()));
  }

  function post(): void {
    if (sides.length === 0) return;
    const side = random.pick(sides);
    if (side.holder === undefined) return;
    const cargo: Cargo[] = [];
    if (workers.some(({ own }) => sides[own] === side || sides[own + 1] === side))
      load(side, cargo);
    sides[side.other]?.queue.push({ cargo });
    send(side.holder);
  }

  /** Only what a worker’s own channel carries, which never moves itself. */
  function load(side: Side, cargo: Cargo[]): void {
    const { holder } = side;
    if (holder === undefined) return;
    const message = holder.sent + 1;
    const movable = sides.findIndex(
      (each) =>
        each.holder?.thread === holder.thread &&
        !workers.some(({ own }) => sides[own] === each || sides[own + 1] === each),
    );
    const moved = sides[movable];
    if (moved?.holder !== undefined && random.chance(0.3)) {
      const local = moved.holder.end;
      write('passed', { end: holder.end, message, what: 'port', place: 0, local }, holder.thread);
      moved.holder = undefined;
      cargo.push({ what: 'port', place: 0, index: movable });
    }
    const held = memories.findIndex((each) => each.has(holder.thread));
    if (held < 0 || random.chance(0.5)) return;
    const local = knowMemory(held, holder.thread);
    write('passed', { end: holder.end, message, what: 'memory', place: 0, local }, holder.thread);
    cargo.push({ what: 'memory', place: 0, index: held });
  }

  function deliver(): void {
    const waiting = sides.filter(({ holder, queue }) => holder !== undefined && queue.length > 0);
    if (waiting.length === 0) return;
    const { holder, queue } = random.pick(waiting);
    const message = queue.shift();
    if (holder === undefined || message === undefined) return;
    for (const { what, place, index } of message.cargo) {
      const side = sides[index];
      let local: number;
      if (what === 'memory') local = knowMemory(index, holder.thread);
      else {
        local = endOf(holder.thread);
        if (side !== undefined) side.holder = holderOf(holder.thread, local);
      }
      const fields = { end: holder.end, message: holder.received + 1, what, place, local };
      write('arrived', fields, holder.thread);
    }
    receive(holder);
  }

  function broadcast(): void {
    if (listeners.length < 3) {
      const thread = random.pick(threads());
      const holder = holderOf(thread, endOf(thread));
      listeners.push({ holder, queue: [] });
      write('broadcastOpened', { end: holder.end, name: 'news' }, thread);
      return;
    }
    const hash = 1 + random.below(4);
    const from = random.chance(0.8) ? listeners[0] : random.pick(listeners);
    if (from === undefined) return;
    send(from.holder, hash);
    for (const each of listeners) if (each !== from) each.queue.push(hash);
  }

  function hear(): void {
    const waiting = listeners.filter(({ queue }) => queue.length > 0);
    if (waiting.length === 0) return;
    const { holder, queue } = random.pick(waiting);
    receive(holder, queue.shift());
  }

  function change(): void {
    const index = random.below(4);
    const knowing = [...(memories[index] ?? [])];
    if (knowing.length === 0) return;
    const [thread, { cell }] = random.pick(knowing);
    const code = random.pick([ATOMIC.load, ATOMIC.store, ATOMIC.readModifyWrite, ATOMIC.notify]);
    const before = next();
    const after = next();
    const values = { read: random.below(3), written: random.below(3) };
    const time = Math.floor(page.now() / 10);
    slot(thread, (slots) => slots.atomic(cell, code, { before, after, time, ...values }));
  }

  return [
    makeWorker,
    endWorker,
    makeChannel,
    closePort,
    makeMemory,
    post,
    post,
    deliver,
    deliver,
  ].concat([deliver, broadcast, hear, hear, change, change]);
}
