import {
  atomicsLoad,
  atomicsStore,
  IntrinsicError,
  IntrinsicInt32Array,
  IntrinsicMap,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  max,
  min,
} from '../../base/intrinsics.ts';
import type { ShadowMessage } from '../../hooks/wasm/passed-modules.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { FromScope, SharedCells, ToScope } from '../../shared/passage.ts';
import { CONTROL } from '../../shared/slots.ts';
import { transferring } from '../../shared/transferring.ts';
import type { ThreadId } from '../../shared/units.ts';
import type { ContextThread } from '../entities.ts';
import type { PageRealm } from '../page-realm.ts';
import { SlotBuffer } from './slot-buffer.ts';

/** A worker that does not answer in that time is blocked; its ring can be read all the same. */
const BLOCKED_MS = 150;

/** What only workers say. */
export type WorkerMessage = Extract<
  FromScope,
  { kind: 'worker' | 'worker-ended' | 'last-words' | 'closing' }
>;

/** What threads say that run rewritten modules. */
export type MemoryMessage = ShadowMessage | Extract<FromScope, { kind: 'rewrite' }>;

/** Where a thread's output goes. */
export interface ThreadSink {
  slots(thread: ThreadId, bytes: Uint8Array<ArrayBuffer>): void;
  records(thread: ThreadId, bytes: Uint8Array<ArrayBuffer>): void;
  /** Slots that were not kept because recording is paused. */
  paused(thread: ThreadId, slots: number): void;
  /** Slots of which there will be no other word. */
  lost(thread: ThreadId, count: number): void;
  /** Something arrived that was not asked for. */
  stirred(): void;
  /** The context of `thread` has closed or is gone. */
  retire(thread: AudioThread): void;
  /** Runs what an event or a timer calls: nothing it throws gets out. */
  guard(run: () => void): void;
  readonly recording: boolean;
}

export interface AudioThreadOptions {
  readonly id: ThreadId;
  readonly kind: 'audio' | 'worker';
  /** Undefined where the page is not isolated. Without a ring, slots come in batches. */
  readonly shared: SharedCells | undefined;
  /** The private channel. */
  readonly port: MessagePort;
  /** Whether its context is rendering, as far as the page can see. */
  readonly isRunning: () => boolean;
  /** To be called now and then while anything happens. */
  readonly poll: () => void;
  readonly realm: PageRealm;
  readonly sink: ThreadSink;
  /** Called before each message, with those that are not for this end to understand. */
  readonly heard: ((message: WorkerMessage | undefined) => void) | undefined;
  readonly memory: (message: MemoryMessage) => void;
  /** How long it may still write once it has been told to end. */
  readonly lingerMs: number;
  readonly ended: (() => void) | undefined;
}

/** The page's end of one audio rendering thread: reads its ring or its batches. */
export class AudioThread implements ContextThread {
  readonly options: AudioThreadOptions;
  readonly #buffer = new SlotBuffer();
  readonly control: Int32Array | undefined;
  readonly #ring: Int32Array | undefined;
  readonly #answers = new IntrinsicMap<number, () => void>();
  /** Slots lost that the thread told of in answer to a flush. */
  #lost = 0;
  #flushes = 0;
  #asked = false;
  #tail = 0;
  /** The head as it was at the last look. */
  #announced = 0;
  /** Slots that the last look found. */
  #drained = 0;
  #callsBegun = 0;
  #records = 0;
  #isRetired = false;
  #ended = false;

  constructor(options: AudioThreadOptions) {
    const { shared, port, realm, sink } = options;
    this.options = options;
    if (shared) {
      this.control = new IntrinsicInt32Array(shared.control);
      if (shared.ring) this.#ring = new IntrinsicInt32Array(shared.ring);
    }
    realm.listen(port, 'message', (event) =>
      sink.guard(() => this.#heard(realm.dataOf(event) as FromScope)),
    );
    realm.start(port);
  }

  get id(): ThreadId {
    return this.options.id;
  }

  /** False once its context has closed, or the worker was told to end. */
  get answers(): boolean {
    return !this.#ended && !(this.#isRetired && this.options.kind === 'worker');
  }

  /**
   * Calls of `process()` that began and whose slots neither arrived nor were said to be lost. Of a worker, whose ring
   * outlives it: records that were made and did not arrive.
   */
  get missing(): number {
    const begun = this.control ? (this.control[CONTROL.calls] as number) : this.#callsBegun;
    if (this.options.kind === 'worker') return max((begun - this.#records) | 0, 0);
    const missing = (begun - this.#buffer.calls - this.#buffer.lost - this.#lost) | 0;
    return max(missing, 0);
  }

  /** Whether its end is near. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /**
   * Takes what is in the ring; gives how many slots that was. The thread announces a slot without a fence,
   * so that it may be seen late on some processors: only what was announced at the last look is taken, or
   * everything once something else has `settled` that the thread is done with it.
   */
  drain(settled: boolean): number {
    const ring = this.#ring;
    if (!ring || !this.control) return 0;
    const head = atomicsLoad(this.control, CONTROL.head);
    const until = settled ? head : this.#announced;
    this.#announced = head;
    const total = (until - this.#tail) | 0;
    this.#drained = total;
    if (total > LIMITS.ringSlots) return 0; // Never written by our prelude.
    let left = total;
    while (left > 0) {
      const at = this.#tail & (LIMITS.ringSlots - 1);
      const run = min(left, LIMITS.ringSlots - at);
      const taken = this.#take(ring, at, run);
      this.#tail = (this.#tail + taken) | 0;
      left -= taken;
      atomicsStore(this.control, CONTROL.tail, this.#tail);
    }
    return total;
  }

  /** Hands what was gathered so far to the sink as a chunk. */
  cut(): void {
    if (!this.options.sink.recording) {
      const slots = this.#buffer.drop();
      if (slots > 0) this.options.sink.paused(this.id, slots);
      return;
    }
    const bytes = this.#buffer.cut();
    if (bytes) this.options.sink.slots(this.id, bytes);
  }

  /**
   * Asks for what the thread holds back, unless that was asked already. One whose ring filled at the last look is
   * left alone: the next quantum will push it out.
   */
  ask(): void {
    if (this.#ended || this.#asked || this.#drained > 0) return;
    this.#asked = true;
    this.flush(() => {
      this.#asked = false;
    });
  }

  /** Asks the thread for all it holds; `done` is called once it has come, or never. */
  flush(done: () => void): void {
    const id = ++this.#flushes;
    mapSet(this.#answers, id, done);
    this.tell({ kind: 'flush', id });
    if (this.options.kind === 'worker' && this.#ring) {
      this.options.realm.after(BLOCKED_MS, () => this.#answered(id));
    }
  }

  tell(command: ToScope): void {
    this.options.realm.post(this.options.port, command);
  }

  retire(): void {
    this.#isRetired = true;
    this.options.sink.retire(this);
  }

  /** Nothing will come any more: whoever waits is told so. */
  end(): void {
    this.#ended = true;
    this.options.ended?.();
    mapForEach(this.#answers, (done, id) => {
      mapDelete(this.#answers, id);
      done();
    });
  }

  #answered(id: number): void {
    const done = mapGet(this.#answers, id);
    mapDelete(this.#answers, id);
    done?.();
  }

  #take(words: Int32Array, from: number, slots: number): number {
    const taken = this.#buffer.take(words, from, slots);
    if (this.#buffer.isFull) this.cut();
    return taken;
  }

  #heard(message: FromScope): void {
    this.options.heard?.(undefined);
    switch (message.kind) {
      case 'records':
        this.#records += message.count;
        if (this.options.sink.recording) this.options.sink.records(this.id, message.bytes);
        this.options.sink.stirred();
        return;
      case 'batch': {
        const words = new IntrinsicInt32Array(message.buffer);
        this.#callsBegun = message.calls;
        for (let from = 0; from < message.slots; ) {
          from += this.#take(words, from, message.slots - from);
        }
        this.options.realm.post(
          this.options.port,
          { kind: 'batch', buffer: message.buffer },
          transferring(message.buffer),
        );
        this.options.sink.stirred();
        return;
      }
      case 'fault':
        throw new IntrinsicError(message.message);
      case 'flushed': {
        this.#callsBegun = message.calls;
        if (message.lost > 0) {
          this.#lost += message.lost;
          this.options.sink.lost(this.id, message.lost);
        }
        this.#answered(message.id);
        return;
      }
      case 'touched':
      case 'unshadowed':
      case 'original':
      case 'rewrite':
        this.options.memory(message);
        return;
      case 'worker':
      case 'worker-ended':
      case 'last-words':
      case 'closing':
        this.options.heard?.(message);
    }
  }
}
