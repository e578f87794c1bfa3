import type { CallColumns } from '../../analysis/model.ts';
import {
  CLOCK_ID,
  INTERNED,
  INTERNED_ENTRY,
  PACKET,
  PACKET_DEFAULTS,
  TRACE,
  TRACK_EVENT_DEFAULTS,
} from './fields.ts';
import type { ProtoWriter } from './proto-writer.ts';
import { MAX_TRACE_MICROS } from './trace-time.ts';
import { writeSequenceStart } from './trace-writer.ts';

/**
 * What a slice of a call is named: how the call ended, and whether its duration was measured. Both
 * are in the name because a name costs two bytes whatever it says. Indexed by `CALL_RETURNED`.
 */
export const CALL_NAMES = [
  ['process() → false', 'process() → false, untimed'],
  ['process() → true', 'process() → true, untimed'],
  ['process() threw', 'process() threw, untimed'],
] as const;

/**
 * A slice without duration would look like an instant. Calls below the resolution of the clock, and
 * untimed ones, whose name says that it means nothing, are drawn this long.
 */
const MIN_MICROS = 1;
/** A call that lasts longer was forged; an hour keeps its number short of four bytes more. */
const MAX_CALL_MICROS = 3600 * 1e6;
const TRACKS_PER_SEQUENCE = CLOCK_ID.lastOfSequence - CLOCK_ID.firstOfSequence + 1;
const FRAME_IID = 1;
/** Of both packets of one call, at most. */
const CALL_BYTES = 80;

/**
 * Writes `process()` calls as slices of 15 to 16 bytes an event. What makes them small: names and
 * tracks travel once; each track has its own clock that only says how much later; and one sequence
 * serves as many tracks as it may have clocks, so that its number is one byte for 8000 nodes.
 *
 *   begin  0a len │ 40 later │ 50 sequence │ 5a len │ 48 01 │ 50 name │ 22 len 08 01 18 frame
 *   end    0a len │ 40 later │ 50 sequence │ 5a 02 48 02
 */
export class CallSliceWriter {
  readonly #out: ProtoWriter;
  readonly #start: number;
  #sequence: number;
  #tracks = TRACKS_PER_SEQUENCE;

  /** Sequences from `sequence + 1` on are its own. */
  constructor(out: ProtoWriter, sequence: number, start: number) {
    this.#out = out;
    this.#sequence = sequence;
    this.#start = start;
  }

  /**
   * The `calls` from index `from` on as slices of `track`, shifted by `offset` microseconds. Calls of
   * one node never overlap; a slice that would begin before the one before it has ended (clocks of
   * a millisecond) begins at that end.
   */
  write(track: number, calls: CallColumns, from: number, offset: number): void {
    if (this.#tracks === TRACKS_PER_SEQUENCE) this.#nextSequence();
    const out = this.#out;
    out.begin(TRACE.packet);
    out.uint(PACKET.sequenceId, this.#sequence);
    out.begin(PACKET.defaults);
    out.uint(PACKET_DEFAULTS.timestampClockId, CLOCK_ID.firstOfSequence + this.#tracks);
    out.begin(PACKET_DEFAULTS.trackEventDefaults);
    out.uint(TRACK_EVENT_DEFAULTS.trackUuid, track);
    out.end();
    out.end();
    out.end();
    this.#tracks++;
    this.#slices(calls, from, offset);
  }

  #nextSequence(): void {
    const out = this.#out;
    this.#sequence++;
    this.#tracks = 0;
    const clocks: { readonly id: number; readonly incremental: boolean }[] = [];
    for (let i = 0; i < TRACKS_PER_SEQUENCE; i++) {
      clocks.push({ id: CLOCK_ID.firstOfSequence + i, incremental: true });
    }
    writeSequenceStart(out, this.#sequence, this.#start, clocks);
    out.begin(TRACE.packet);
    out.uint(PACKET.sequenceId, this.#sequence);
    out.begin(PACKET.internedData);
    for (const [index, name] of CALL_NAMES.flat().entries()) {
      out.begin(INTERNED.names);
      out.uint(INTERNED_ENTRY.iid, index + 1);
      out.text(INTERNED_ENTRY.value, name);
      out.end();
    }
    out.begin(INTERNED.annotationNames);
    out.uint(INTERNED_ENTRY.iid, FRAME_IID);
    out.text(INTERNED_ENTRY.value, 'frame');
    out.end();
    out.end();
    out.end();
  }

  #slices(calls: CallColumns, from: number, offset: number): void {
    const out = this.#out;
    const sequence = this.#sequence;
    let clock = 0;
    let bytes = out.bytes;
    let p = out.length;
    calls.each(from, calls.length, (_enter, _exit, frame, at, duration, returned) => {
      if (p + CALL_BYTES > bytes.length) {
        out.length = p;
        out.reserve(CALL_BYTES);
        bytes = out.bytes;
      }
      const untimed = duration < 0;
      let later = Math.floor(at + offset - clock);
      if (!(later > 0)) later = 0;
      else if (later > MAX_TRACE_MICROS) later = MAX_TRACE_MICROS;
      const lasting = Math.max(MIN_MICROS, Math.min(Math.floor(duration), MAX_CALL_MICROS));
      clock += later + lasting;

      const begin = p;
      bytes[p] = 0x0a;
      bytes[p + 2] = 0x40;
      p += 3;
      while (later > 0x7f) {
        bytes[p++] = (later % 0x80) | 0x80;
        later = Math.floor(later / 0x80);
      }
      bytes[p++] = later;
      bytes[p++] = 0x50;
      let rest = sequence;
      while (rest > 0x7f) {
        bytes[p++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      bytes[p++] = rest;
      const event = p;
      bytes[p] = 0x5a;
      bytes[p + 2] = 0x48;
      bytes[p + 3] = 1;
      bytes[p + 4] = 0x50;
      bytes[p + 5] = returned * 2 + (untimed ? 2 : 1);
      bytes[p + 6] = 0x22;
      bytes[p + 8] = 0x08;
      bytes[p + 9] = FRAME_IID;
      bytes[p + 10] = 0x18;
      p += 11;
      rest = frame;
      while (rest > 0x7f) {
        bytes[p++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      bytes[p++] = rest;
      bytes[event + 7] = p - event - 8;
      bytes[event + 1] = p - event - 2;
      bytes[begin + 1] = p - begin - 2;

      const end = p;
      bytes[p] = 0x0a;
      bytes[p + 2] = 0x40;
      p += 3;
      rest = lasting;
      while (rest > 0x7f) {
        bytes[p++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      bytes[p++] = rest;
      bytes[p++] = 0x50;
      rest = sequence;
      while (rest > 0x7f) {
        bytes[p++] = (rest % 0x80) | 0x80;
        rest = Math.floor(rest / 0x80);
      }
      bytes[p++] = rest;
      bytes[p++] = 0x5a;
      bytes[p++] = 2;
      bytes[p++] = 0x48;
      bytes[p++] = 2;
      bytes[end + 1] = p - end - 2;
    });
    out.length = p;
  }
}
