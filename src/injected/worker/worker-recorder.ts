import { dateNow, IntrinsicMap, mapClear, mapForEach, mapSet } from '../../base/intrinsics.ts';
import type { Patches } from '../../base/patch.ts';
import { type AtomicsObserver, type InstallAtomics, observeAtomics } from '../../hooks/atomics.ts';
import { type End, listen, type MessageSink } from '../../hooks/channels.ts';
import { hashContent } from '../../hooks/content-hash.ts';
import type { Memories } from '../../hooks/memories.ts';
import { type PortCount, portCountIn, UNKNOWN_PORT_COUNT } from '../../hooks/port-count.ts';
import { PreviewBudget } from '../../hooks/preview-budget.ts';
import { sendClock } from '../../hooks/send-clock.ts';
import { ThreadOutlet } from '../../hooks/thread-outlet.ts';
import { digestValue, type ValueDigest } from '../../hooks/value-digest.ts';
import type { Witness } from '../../hooks/witness.ts';
import { describeError } from '../../shared/describe-error.ts';
import * as LIMITS from '../../shared/limits.ts';
import type {
  FirstWords,
  FromScope,
  PassageCells,
  ToScope,
  UnplacedRecord,
} from '../../shared/passage.ts';
import type { FieldsOf, RecordName } from '../../shared/records.ts';
import { CONTROL, DURATION_UNIT_MICROS, SLOT, SLOT_FLAG } from '../../shared/slots.ts';
import { captureStack } from '../../shared/stack.ts';
import {
  type Address,
  after,
  dataOf,
  isIsolated,
  microsOfEpoch,
  microsOfEvent,
  post,
  startPort,
} from './scope.ts';

/** How long repeated operations are held back. */
const SETTLE_MS = 1000;
/** Records that follow each other leave together, at most this long after the first. */
const TOGETHER_MS = 20;
const NO_DIGEST: ValueDigest = { bytes: 0, preview: '', memory: 'none' };

/**
 * Records what happens in one worker. Until its passage has come, records wait here without a place in the order.
 * Messages that take no preview go into slots.
 */
export class WorkerRecorder implements Witness, MessageSink {
  readonly patches: Patches;
  readonly isActive = true;
  readonly isolated = isIsolated;
  ports: PortCount = UNKNOWN_PORT_COUNT;
  /** What records atomic operations, once the passage has come. */
  atomics: AtomicsObserver | undefined;
  readonly #address: Address;
  readonly #previews = new PreviewBudget();
  readonly #sendTime = sendClock(microsOfEpoch, dateNow);
  readonly #waiting = new IntrinsicMap<number, UnplacedRecord>();
  #made = 0;
  #outlet: ThreadOutlet | undefined;
  #port: object | undefined;
  #originMicros = 0;
  #sentAt = 0;
  #isLeaving = false;
  #isClosing = false;
  #records = 0;
  #faults = 0;

  constructor(patches: Patches, address: Address) {
    this.patches = patches;
    this.#address = address;
  }

  /** Undefined until the passage has come. */
  get outlet(): ThreadOutlet | undefined {
    return this.#outlet;
  }

  /** The private channel is there. `obey` hears what is nobody else’s. */
  open(port: object, obey: (command: ToScope) => void): void {
    this.#port = port;
    listen(port, 'message', (event) => {
      try {
        const command = dataOf(event) as ToScope;
        this.#outlet?.obey(command);
        obey(command);
      } catch (error) {
        this.fault(error);
      }
    });
    startPort(port);
  }

  /** What waits gets its place in the order now. */
  begin({ shared, timeOrigin }: PassageCells): void {
    this.#originMicros = timeOrigin * 1000;
    const outlet = new ThreadOutlet({
      shared,
      kind: 'offline',
      micros: () => this.#micros(),
      send: (message, transfer) => this.send(message, transfer),
      calls: () => this.#records,
    });
    this.#outlet = outlet;
    if (shared) this.ports = portCountIn(outlet.order);
    mapForEach(this.#waiting, ({ name, at, fields }) =>
      this.#write(outlet, name, fields, undefined, at - this.#originMicros),
    );
    mapClear(this.#waiting);
    outlet.flush();
  }

  /** Atomic operations are recorded from now on; before, this thread could share nothing. */
  observeAtomics(install: InstallAtomics, memories: Memories): void {
    const outlet = this.#outlet;
    if (!outlet) return;
    const observer = observeAtomics(install, memories, {
      order: outlet.order,
      slots: outlet.slots,
      mayBlock: true,
      numbersLoops: true,
      time: () => this.tick(),
      record: (name, fields) => this.record(name, fields),
      publish: () => outlet.flush(),
      soon: () => after(SETTLE_MS, () => observer.settle()),
    });
    outlet.settle = () => observer.settle();
    this.atomics = observer;
  }

  /** This worker hears no timers any more: from now on everything leaves at once. */
  close(): void {
    this.#isClosing = true;
    this.flush();
    this.send({ kind: 'closing' });
  }

  /** All that waits, for a worker that ends before its passage has come. */
  lastWords(): FirstWords {
    return { name: this.#address.name, records: this.#waiting };
  }

  next(): number {
    return this.#outlet?.next() ?? 0;
  }

  /** Since the document’s time origin. */
  now(): number {
    return this.#micros();
  }

  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number, at?: number): void {
    const outlet = this.#outlet;
    if (!outlet) {
      const record = { name, at: microsOfEpoch(), fields } as unknown as UnplacedRecord;
      if (this.#made < LIMITS.earlyRecords) mapSet(this.#waiting, this.#made++, record);
      return;
    }
    this.#write(outlet, name, fields, seq, at);
    this.#leave(outlet);
  }

  /** All that was recorded so far leaves at once: this thread may block, or end. */
  flush(): void {
    this.#outlet?.flush();
  }

  send(message: FromScope, transfer?: Iterable<object>): void {
    if (!this.#port) return;
    if (transfer) post(this.#port, message, transfer);
    else post(this.#port, message);
  }

  sent(end: End, seq: number, index: number, value: unknown): void {
    const at = this.#sendTime();
    const seen = this.#previews.take(at);
    const hash = end.isBroadcast ? hashContent(value) : 0;
    if (!seen && this.#outlet && hash === 0) {
      this.#outlet.slots.message(SLOT.portSent, end.id >> 1, 0, seq, this.#tickAt(at), index);
      return;
    }
    const { bytes, preview } = seen ? digestValue(value) : NO_DIGEST;
    const stack = seen ? this.stack() : '';
    const fields = { end: end.id, index, bytes, hash, preview, stack };
    this.record('portSent', fields, seq, at - this.#originMicros);
  }

  received(end: End, seq: number, index: number, event: object | undefined): void {
    const failed = event === undefined;
    const at = failed ? microsOfEpoch() : microsOfEvent(event);
    const seen = this.#previews.take(at);
    const value = event && (seen || end.isBroadcast) ? dataOf(event) : undefined;
    const hash = end.isBroadcast && !failed ? hashContent(value) : 0;
    if (!seen && this.#outlet && hash === 0) {
      const flags = failed ? SLOT_FLAG.failed : 0;
      const tick = this.#tickAt(at);
      this.#outlet.slots.message(SLOT.portReceived, end.id >> 1, flags, seq, tick, index);
      return;
    }
    const { bytes, preview } = seen && !failed ? digestValue(value) : NO_DIGEST;
    const fields = { end: end.id, index, failed, bytes, hash, preview };
    this.record('portReceived', fields, seq, at - this.#originMicros);
    // At once: whoever sent it may terminate this worker for having handled it.
    this.#outlet?.sendRecords();
  }

  closed(_end: End): boolean {
    return false;
  }

  /** Without the frame of the script that the engine was given, which the page does not know of. */
  stack(): string {
    return captureStack(this.#address.own, this.#address.stand);
  }

  fault(error: unknown): void {
    if (this.#faults++ < LIMITS.faults) this.send({ kind: 'fault', message: describeError(error) });
  }

  /** The time as slots tell it, low 32 bits. */
  tick(): number {
    return this.#tickAt(microsOfEpoch());
  }

  #tickAt(epochMicros: number): number {
    return ((epochMicros - this.#originMicros) / DURATION_UNIT_MICROS) | 0;
  }

  #micros(): number {
    return microsOfEpoch() - this.#originMicros;
  }

  #write<N extends RecordName>(
    outlet: ThreadOutlet,
    name: N,
    fields: FieldsOf<N>,
    seq?: number,
    at?: number,
  ): void {
    outlet.write(name, fields, seq, at);
    this.#records = (this.#records + 1) | 0;
    outlet.control[CONTROL.calls] = this.#records;
    if (outlet.heldBytes > LIMITS.chunkBytes / 4) outlet.sendRecords();
  }

  /** At once when nothing has left for a while, as timers of a busy thread are late; else a little later. */
  #leave(outlet: ThreadOutlet): void {
    const now = microsOfEpoch() / 1000;
    const wait = this.#isClosing ? 0 : this.#sentAt + TOGETHER_MS - now;
    if (wait > 0) {
      if (this.#isLeaving) return;
      this.#isLeaving = true;
      after(wait, () => {
        this.#isLeaving = false;
        this.#sentAt = microsOfEpoch() / 1000;
        outlet.sendRecords();
      });
      return;
    }
    this.#sentAt = now;
    outlet.sendRecords();
  }
}
