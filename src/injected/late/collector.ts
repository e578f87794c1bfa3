import {
  floor,
  IntrinsicMap,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  max,
  min,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { Command, PageMessage } from '../../shared/messages.ts';
import { RecordWriter } from '../../shared/record-codec.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../shared/settings.ts';
import { DURATION_UNIT_MICROS } from '../../shared/slots.ts';
import { MAIN_THREAD, type Micros, type Seq, type ThreadId } from '../../shared/units.ts';
import type { PageRealm } from '../page-realm.ts';
import type { Recorder } from '../recorder.ts';
import type { AudioThread, ThreadSink } from './audio-thread.ts';
import { History } from './history.ts';
import { MainSlots } from './main-slots.ts';
import { Outbox } from './outbox.ts';

/** Between two drains: while a panel watches; while none does; while nothing comes but might. */
const WATCHED_TICK_MS = 40;
const UNWATCHED_TICK_MS = 250;
const QUIET_TICK_MS = 1000;
const SHORTEST_TICK_MS = 4;
/** Ticks without anything new after which the timer slows down, or stops when no context runs. */
const QUIET_TICKS = 8;
/** Ticks a second apart that still come then. */
const LAST_TICKS = 3;
/** A drain that finds more than this shortens the time to the next. */
const HIGH_WATER_SLOTS = LIMITS.ringSlots / 8;
/** How long a document that has spoken may wait to be asked for more. */
const ANSWER_MICROS = 2e6;
/** How long audio rendering threads may take to answer a flush. */
const FLUSH_MS = 1000;

/**
 * Gathers what the threads of this document recorded, keeps it in the history and sends it on. Its
 * timer runs only while something happens.
 */
export class Collector implements ThreadSink {
  readonly #realm: PageRealm;
  readonly #recorder: Recorder;
  /** The records of the main thread since the last chunk of them. */
  readonly #writer = new RecordWriter();
  /** The slots of the main thread. */
  readonly main = new MainSlots((bytes, slots) => {
    if (this.recording) this.slots(MAIN_THREAD, bytes);
    else this.paused(MAIN_THREAD, slots);
  });
  readonly #history = new History();
  readonly #outbox: Outbox;
  readonly #threads = new IntrinsicMap<ThreadId, AudioThread>();
  readonly #pausedSlots = new IntrinsicMap<ThreadId, number>();
  #settings: Settings = DEFAULT_SETTINGS;
  #tickMs = UNWATCHED_TICK_MS;
  /** Of the timer that counts; those set before it come to nothing. 0: none is set. */
  #timer = 0;
  #timers = 0;
  #quiet = 0;
  #stirred = false;
  readonly #wakeUps = new IntrinsicMap<number, () => void>();
  #wakeUpCount = 0;
  #threadCount = 0;

  constructor(realm: PageRealm, recorder: Recorder, send: (message: PageMessage) => void) {
    this.#realm = realm;
    this.#recorder = recorder;
    this.#outbox = new Outbox(this.#history, send);
  }

  get recording(): boolean {
    return this.#recorder.recording;
  }

  get fineClock(): boolean {
    return this.#settings.fineClock;
  }

  /** Takes a record of the main thread. */
  write<N extends RecordName>(name: N, seq: Seq, at: Micros, fields: FieldsOf<N>): void {
    this.main.writer.settle();
    this.#writer.write(name, seq, at, fields);
    if (this.#writer.byteLength >= LIMITS.chunkBytes / 2) this.#cutRecords();
    this.stirred();
  }

  stirred(): void {
    this.#stirred = true;
    if (this.#timer !== 0 && this.#quiet < QUIET_TICKS) return;
    this.#quiet = 0;
    if (this.#outbox.watching || this.#threadCount > 0) this.#schedule(this.#steadyTickMs);
  }

  add(thread: AudioThread): void {
    mapSet(this.#threads, thread.id, thread);
    this.#threadCount++;
    this.stirred();
  }

  /** The context of `thread` has closed or is gone. Messages that are still under way get their time. */
  retire(thread: AudioThread): void {
    thread.drain(true);
    this.#realm.after(thread.options.lingerMs, () => {
      thread.drain(true);
      thread.cut();
      thread.end();
      const count = thread.missing;
      if (count > 0) {
        this.#recorder.record('lost', { thread: thread.id, count, why: 'thread-ended' });
      }
      if (mapDelete(this.#threads, thread.id)) this.#threadCount--;
    });
  }

  guard(run: () => void): void {
    this.#recorder.guard(run);
  }

  slots(thread: ThreadId, bytes: Uint8Array<ArrayBuffer>): void {
    this.#history.add('slots', thread, bytes);
  }

  records(thread: ThreadId, bytes: Uint8Array<ArrayBuffer>): void {
    this.#history.add('records', thread, bytes);
  }

  lost(thread: ThreadId, count: number): void {
    this.#recorder.record('lost', { thread, count, why: 'ring-full' });
  }

  paused(thread: ThreadId, slots: number): void {
    mapSet(this.#pausedSlots, thread, (mapGet(this.#pausedSlots, thread) ?? 0) + slots);
  }

  /** Takes what the rings hold, as `AudioThread.drain` does; gives the most that one of them held. */
  drain(settled: boolean): number {
    if (settled) this.main.settle?.();
    let most = 0;
    mapForEach(this.#threads, (thread) => {
      most = max(most, thread.drain(settled));
    });
    return most;
  }

  /**
   * The document is going away: all that there is, at once. One that has only just spoken is not asked
   * yet for what it has, so it offers it.
   */
  drainForGood(): void {
    this.drain(true);
    this.#cut();
    const young = this.#realm.now() < this.#recorder.begunAt + ANSWER_MICROS;
    if (young && !this.#outbox.watching) this.#outbox.offer();
    this.#outbox.pump(true);
  }

  obey(command: Command): void {
    switch (command.kind) {
      case 'watch':
        this.drain(true);
        this.#cut();
        this.#outbox.watch(command.from);
        this.#tickMs = WATCHED_TICK_MS;
        this.stirred();
        return;
      case 'unwatch':
        this.#outbox.unwatch();
        return;
      case 'ack':
        this.#outbox.acknowledge(command.number);
        return;
      case 'flush':
        this.#flush(command.id);
        return;
      case 'clear':
        this.drain(true);
        this.#cut();
        this.#history.clear();
        return;
      case 'configure':
        this.#configure(command.settings);
    }
  }

  get #steadyTickMs(): number {
    return this.#outbox.watching ? WATCHED_TICK_MS : UNWATCHED_TICK_MS;
  }

  #schedule(milliseconds: number): void {
    const timer = ++this.#timers;
    this.#timer = timer;
    this.#realm.after(milliseconds, () => {
      if (timer !== this.#timer) return;
      this.#timer = 0;
      this.#recorder.guard(() => this.#tick());
    });
  }

  /** Has `run` called whenever the collector wakes up by itself. */
  eachTick(run: () => void): void {
    mapSet(this.#wakeUps, this.#wakeUpCount++, run);
  }

  #tick(): void {
    mapForEach(this.#wakeUps, (run) => run());
    const found = this.drain(false);
    mapForEach(this.#threads, (thread) => thread.options.poll());
    if (this.#quiet > QUIET_TICKS) this.#sayTime();
    if (this.#outbox.watching) this.#cut();
    this.#outbox.pump();
    this.#quiet = found > 0 || this.#stirred ? 0 : this.#quiet + 1;
    if (!this.#stirred) this.#ask();
    this.#stirred = false;
    this.#tickMs =
      found > HIGH_WATER_SLOTS
        ? max(SHORTEST_TICK_MS, this.#tickMs / 2)
        : min(this.#steadyTickMs, this.#tickMs * 2);
    if (this.#quiet < QUIET_TICKS) this.#schedule(this.#tickMs);
    else if (this.#quiet < QUIET_TICKS + LAST_TICKS || this.anyRunning)
      this.#schedule(QUIET_TICK_MS);
  }

  /** That nothing came until now is worth knowing: somebody may wait in vain, and make no record of it. */
  #sayTime(): void {
    if (!this.recording || !this.#outbox.watching) return;
    const micros = this.#realm.now();
    this.main.writer.clock(floor(micros / DURATION_UNIT_MICROS) | 0, micros - (micros % 1));
  }

  /** A thread may hold a batch, or the end of a quantum, that no further quantum will push out. */
  #ask(): void {
    mapForEach(this.#threads, (thread) => thread.ask());
  }

  /** Whether a context renders, as far as the page can see. */
  get anyRunning(): boolean {
    let running = false;
    mapForEach(this.#threads, (thread) => {
      running ||= thread.options.isRunning();
    });
    return running;
  }

  #flush(id: number): void {
    let waiting = 1;
    const done = (): void => {
      if (--waiting !== 0) return;
      this.drain(true);
      this.#sayTime();
      this.#cut();
      this.#outbox.answerFlush(id);
    };
    mapForEach(this.#threads, (thread) => {
      if (!thread.answers) return;
      waiting++;
      thread.flush(done);
    });
    this.#realm.after(FLUSH_MS, () => {
      if (waiting <= 0) return;
      waiting = 1;
      done();
    });
    done();
  }

  #cut(): void {
    this.#cutRecords();
    this.main.cut();
    mapForEach(this.#threads, (thread) => thread.cut());
  }

  #cutRecords(): void {
    if (this.#writer.count > 0) this.#history.add('records', MAIN_THREAD, this.#writer.take());
  }

  #configure(settings: Settings): void {
    const { recording: wanted, fineClock } = settings;
    this.#settings = settings;
    mapForEach(this.#threads, (thread) => thread.tell({ kind: 'configure', fineClock }));
    if (wanted === this.recording) return;
    this.drain(true);
    this.#cut();
    if (wanted) this.resume();
    else this.#recorder.recording = false;
  }

  /** Records go on being made; tells how many were not meanwhile. */
  resume(): void {
    const count = this.#recorder.resume();
    if (count > 0) this.#recorder.record('lost', { thread: MAIN_THREAD, count, why: 'paused' });
    mapForEach(this.#pausedSlots, (slots, thread) => {
      mapDelete(this.#pausedSlots, thread);
      this.#recorder.record('lost', { thread, count: slots, why: 'paused' });
    });
  }
}
