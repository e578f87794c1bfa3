import {
  ANNOTATION,
  CLOCK,
  CLOCK_ID,
  CLOCK_SNAPSHOT,
  EVENT_TYPE,
  PACKET,
  PACKET_DEFAULTS,
  SEQUENCE_FLAGS,
  TRACE,
  TRACK_EVENT,
} from './fields.ts';
import { Interner } from './interner.ts';
import { ProtoWriter } from './proto-writer.ts';

export type Arg =
  | string
  | number
  | boolean
  | readonly Arg[]
  | { readonly [name: string]: Arg | undefined };

export interface TraceEvent {
  readonly track: number;
  readonly type: keyof typeof EVENT_TYPE;
  /** Microseconds since the start of the trace. */
  readonly at: number;
  readonly name?: string;
  readonly category?: string;
  readonly args?: { readonly [name: string]: Arg | undefined };
  /** Flows that pass or begin here. */
  readonly flows?: readonly number[];
  readonly endingFlows?: readonly number[];
  /** As an engine prints it. */
  readonly stack?: string;
  /** Of counters. */
  readonly value?: number;
}

const NS_PER_MICRO = 1000n;

/**
 * The packets of one sequence whose events come one by one and in any order: tracks, instants,
 * counters. Time is that of the sequence's own clock, in microseconds since the trace's start.
 */
export class TraceWriter {
  readonly #out: ProtoWriter;
  readonly #sequence: number;
  readonly #interner = new Interner();
  readonly #event = new ProtoWriter(1024);

  /** `start` is in whole microseconds since the Unix epoch. */
  constructor(out: ProtoWriter, sequence: number, start: number) {
    this.#out = out;
    this.#sequence = sequence;
    writeSequenceStart(out, sequence, start, [
      { id: CLOCK_ID.firstOfSequence, incremental: false },
    ]);
    out.begin(TRACE.packet);
    out.uint(PACKET.sequenceId, sequence);
    out.begin(PACKET.defaults);
    out.uint(PACKET_DEFAULTS.timestampClockId, CLOCK_ID.firstOfSequence);
    out.end();
    out.end();
  }

  /** `describe` writes the fields of a `TrackDescriptor`. */
  track(describe: (out: ProtoWriter) => void): void {
    const out = this.#out;
    out.begin(TRACE.packet);
    out.uint(PACKET.sequenceId, this.#sequence);
    out.begin(PACKET.trackDescriptor);
    describe(out);
    out.end();
    out.end();
  }

  write(event: TraceEvent): void {
    this.#body(event);
    const out = this.#out;
    const { pending } = this.#interner;
    out.begin(TRACE.packet);
    out.uint(PACKET.timestamp, event.at);
    out.uint(PACKET.sequenceId, this.#sequence);
    out.uint(PACKET.sequenceFlags, SEQUENCE_FLAGS.needsState);
    if (pending.length > 0) {
      out.blob(PACKET.internedData, pending.bytes.subarray(0, pending.length));
      pending.reset();
    }
    out.blob(PACKET.trackEvent, this.#event.bytes.subarray(0, this.#event.length));
    out.end();
    this.#event.reset();
  }

  #body(event: TraceEvent): void {
    const body = this.#event;
    body.uint(TRACK_EVENT.type, EVENT_TYPE[event.type]);
    body.uint(TRACK_EVENT.trackUuid, event.track);
    if (event.category !== undefined) {
      body.uint(TRACK_EVENT.categoryIids, this.#interner.string('categories', event.category));
    }
    if (event.name !== undefined) {
      body.uint(TRACK_EVENT.nameIid, this.#interner.string('names', event.name));
    }
    for (const [name, value] of Object.entries(event.args ?? {})) {
      if (value === undefined) continue;
      body.begin(TRACK_EVENT.debugAnnotations);
      body.uint(ANNOTATION.nameIid, this.#interner.string('annotationNames', name));
      this.#arg(value);
      body.end();
    }
    for (const flow of event.flows ?? []) body.fixed64(TRACK_EVENT.flowIds, flow);
    for (const flow of event.endingFlows ?? []) body.fixed64(TRACK_EVENT.terminatingFlowIds, flow);
    const stack = event.stack === undefined ? undefined : this.#interner.callstack(event.stack);
    if (stack !== undefined) body.uint(TRACK_EVENT.callstackIid, stack);
    if (event.value !== undefined) body.int(TRACK_EVENT.counterValue, event.value);
  }

  #arg(value: Arg): void {
    const body = this.#event;
    if (typeof value === 'string') body.text(ANNOTATION.string, value);
    else if (typeof value === 'boolean') body.flag(ANNOTATION.bool, value);
    else if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) body.int(ANNOTATION.int, value);
      else body.double(ANNOTATION.double, value);
    } else if (isList(value)) {
      for (const each of value) {
        body.begin(ANNOTATION.arrayValues);
        this.#arg(each);
        body.end();
      }
    } else {
      for (const [name, each] of Object.entries(value)) {
        if (each === undefined) continue;
        body.begin(ANNOTATION.dictEntries);
        body.uint(ANNOTATION.nameIid, this.#interner.string('annotationNames', name));
        this.#arg(each);
        body.end();
      }
    }
  }
}

/**
 * The first packets of a sequence: its state begins here, and its clocks, in microseconds, are 0 at
 * `start`. The wall clock is the clock of the whole trace.
 */
export function writeSequenceStart(
  out: ProtoWriter,
  sequence: number,
  start: number,
  clocks: readonly { readonly id: number; readonly incremental: boolean }[],
): void {
  out.begin(TRACE.packet);
  out.uint(PACKET.sequenceId, sequence);
  out.uint(PACKET.sequenceFlags, SEQUENCE_FLAGS.cleared);
  out.flag(PACKET.firstOnSequence, true);
  out.begin(PACKET.clockSnapshot);
  out.begin(CLOCK_SNAPSHOT.clocks);
  out.uint(CLOCK.id, CLOCK_ID.realtime);
  out.big(CLOCK.timestamp, BigInt(start) * NS_PER_MICRO);
  out.end();
  for (const { id, incremental } of clocks) {
    out.begin(CLOCK_SNAPSHOT.clocks);
    out.uint(CLOCK.id, id);
    out.uint(CLOCK.timestamp, 0);
    if (incremental) out.flag(CLOCK.isIncremental, true);
    out.uint(CLOCK.unitMultiplierNs, 1000);
    out.end();
  }
  out.uint(CLOCK_SNAPSHOT.primaryTraceClock, CLOCK_ID.realtime);
  out.end();
  out.end();
}

function isList(value: Arg): value is readonly Arg[] {
  return Array.isArray(value);
}
