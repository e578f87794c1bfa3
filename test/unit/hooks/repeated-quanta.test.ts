import { expect, test } from 'vitest';
import { Session } from '../../../src/analysis/session.ts';
import type { SessionInput } from '../../../src/analysis/session-input.ts';
import { SlotWriter } from '../../../src/hooks/slot-writer.ts';
import { RecordWriter } from '../../../src/shared/record-codec.ts';
import { CONTROL, CONTROL_WORDS, SLOT, SLOT_FLAG, SLOT_WORDS } from '../../../src/shared/slots.ts';
import type { ContextId, Frames, ThreadId } from '../../../src/shared/units.ts';
import { expectAlike } from '../../support/expect-alike.ts';
import { Random } from '../../support/random.ts';
import { seeds } from '../../support/seeds.ts';

interface Told {
  readonly ordinal: number;
  readonly enter: number;
  readonly exit: number;
  readonly frame: number;
  readonly returned: string;
}

const RING_SLOTS = 1 << 14;

/** A writer with a ring that nobody empties unless told, and what it wrote. */
function recorder() {
  const words = new Int32Array(RING_SLOTS * SLOT_WORDS);
  const control = new Int32Array(CONTROL_WORDS);
  const writer = new SlotWriter({ words, slots: RING_SLOTS }, control, (each) =>
    each.refreshTail(),
  );
  let read = 0;
  return {
    writer,
    /** What was announced since the last time. */
    drain(): Int32Array<ArrayBuffer> {
      const head = control[CONTROL.head] as number;
      const out = new Int32Array((head - read) * SLOT_WORDS);
      for (let slot = read; slot < head; slot++) {
        const at = (slot & (RING_SLOTS - 1)) * SLOT_WORDS;
        out.set(words.subarray(at, at + SLOT_WORDS), (slot - read) * SLOT_WORDS);
      }
      read = head;
      control[CONTROL.tail] = head;
      return out;
    },
  };
}

/** A session that reads these runs of slots as chunks of one audio rendering thread; `undefined`: one that is missing. */
function sessionOf(runs: readonly (Int32Array<ArrayBuffer> | undefined)[]): Session {
  const records = new RecordWriter();
  const context = 1 as ContextId;
  records.write('contextCreated', 2, 0, {
    context,
    kind: 'realtime',
    state: 'running',
    sampleRate: 48_000,
    length: 0 as Frames,
    quantumFrames: 128 as Frames,
    stack: '',
  });
  const thread = 1 as ThreadId;
  records.write('threadStarted', 4, 0, { thread, kind: 'audio', context, name: '' });
  const document = 'doc';
  const chunk = (number: number, thread: number, form: 'records' | 'slots', bytes: Uint8Array) =>
    ({ kind: 'chunk', document, chunk: { number, thread, form, bytes } }) as SessionInput;
  const session = new Session();
  const origin = { document, frameId: 0, parentFrameId: -1, url: '' };
  session.ingest({ kind: 'document', origin, timeOrigin: 0, isolated: true });
  session.ingest(chunk(1, 0, 'records', records.take()));
  let number = 1;
  for (const run of runs) {
    if (run?.length === 0) continue;
    number++;
    if (run === undefined) continue;
    const taken = session.ingest(chunk(number, 1, 'slots', new Uint8Array(run.buffer)));
    if (!taken.ok) throw new Error(taken.error);
  }
  return session;
}

/** All calls that the session holds, by processor. */
function callsIn(session: Session, ordinals: number): readonly (readonly Told[])[] {
  const records = new RecordWriter();
  for (let ordinal = 0; ordinal < ordinals; ordinal++) {
    records.write('nodeCreated', 6, 0, {
      context: 1 as ContextId,
      node: (ordinal + 1) as never,
      ordinal: ordinal as never,
      processorName: 'p',
      className: 'AudioWorkletNode',
      numberOfInputs: 1,
      numberOfOutputs: 1,
      emscripten: 'no',
      userData: 0,
      callback: 0,
      memory: 'none',
      options: '',
      frame: 0 as Frames,
      stack: '',
    });
  }
  const bytes = records.take();
  session.ingest({
    kind: 'chunk',
    document: 'doc',
    chunk: { number: 1_000_000, thread: 0, form: 'records', bytes },
  });
  const [document] = session.documents;
  return Array.from({ length: ordinals }, (_, ordinal) => {
    const calls = document?.nodes.get((ordinal + 1) as never)?.calls;
    return Array.from({ length: calls?.length ?? 0 }, (_, index) => {
      const call = calls?.at(index);
      if (call === undefined) throw new Error('no such call');
      const { enter, exit, frame, returned } = call;
      return { ordinal, enter, exit, frame, returned };
    });
  });
}

function byProcessor(told: readonly Told[], ordinals: number): readonly (readonly Told[])[] {
  const calls: Told[][] = Array.from({ length: ordinals }, () => []);
  for (const each of told) calls[each.ordinal]?.push(each);
  return calls;
}

const slotsOf = (words: Int32Array, op: number): number => {
  let count = 0;
  for (let i = 0; i < words.length; i += SLOT_WORDS) if ((words[i] ?? 0) % 256 === op) count++;
  return count;
};

const { returnedTrue, threw, timed } = SLOT_FLAG;

test('a quantum like the one before is one slot', () => {
  const { writer, drain } = recorder();
  for (let quantum = 0; quantum < 10; quantum++) {
    writer.beginQuantum(quantum === 0);
    if (quantum === 0) writer.clock(0, 0);
    for (let ordinal = 0; ordinal < 50; ordinal++) {
      writer.call(ordinal, returnedTrue, 7, 7, quantum * 128);
    }
  }
  writer.publish();
  const words = drain();
  expect(words.length / SLOT_WORDS).toBe(1 + 50 + 9);
  const session = sessionOf([words]);
  expect(session.totals).toMatchObject({ calls: 500, lost: 0, dropped: 0 });
});

for (const seed of seeds(20)) {
  test(`whatever calls are written, the same are read (seed ${seed})`, () => {
    const random = new Random(seed);
    const { writer, drain } = recorder();
    const ordinals = 1 + random.below(seed % 5 === 0 ? 400 : 8);
    let alive = Array.from({ length: ordinals }, (_, ordinal) => ordinal);
    let place = 1;
    let frame = 0;
    const told: Told[] = [];
    const runs: Int32Array<ArrayBuffer>[] = [];
    for (let quantum = 0; quantum < 120; quantum++) {
      const clock = quantum % 17 === 0;
      const isTimed = random.below(10) === 0;
      writer.beginQuantum(clock || isTimed);
      if (clock) writer.clock(frame, quantum * 2667);
      for (const ordinal of alive) {
        const enter = place;
        if (random.below(60) === 0) place += 2 * (1 + random.below(40_000));
        const odd = random.below(80);
        const flags = odd === 0 ? threw : odd === 1 ? 0 : returnedTrue;
        const returned = odd === 0 ? 'threw' : odd === 1 ? 'false' : 'true';
        told.push({ ordinal, enter, exit: place, frame, returned });
        if (isTimed) writer.timedCall(ordinal, flags | timed, enter, place, frame, 3);
        else writer.call(ordinal, flags, enter, place, frame);
        if (random.below(100) === 0) {
          place += 2;
          writer.message(SLOT.sent, ordinal, 0, place - 1, frame, 0);
        }
      }
      if (random.below(12) === 0) alive = alive.filter(() => random.below(6) > 0);
      if (random.below(12) === 0) {
        alive = Array.from({ length: ordinals }, (_, ordinal) => ordinal);
        if (random.below(2) === 0) alive.reverse();
      }
      if (random.below(9) === 0) writer.publish();
      if (random.below(5) === 0) runs.push(drain());
      frame += 128;
    }
    writer.publish();
    runs.push(drain());
    const session = sessionOf(runs);
    expect(session.totals.lost).toBe(0);
    expect(session.totals.calls).toBe(told.length);
    expectAlike(callsIn(session, ordinals), byProcessor(told, ordinals));
  });
}

test('after a gap nothing is repeated that was not seen, and what was lost is counted', () => {
  const { writer, drain } = recorder();
  const runs: Int32Array<ArrayBuffer>[] = [];
  for (let quantum = 0; quantum < 40; quantum++) {
    const clock = quantum % 10 === 0;
    writer.beginQuantum(clock);
    if (clock) writer.clock(quantum * 128, quantum * 2667);
    // The second half of the voices comes in while the chunk is under way that is lost.
    for (let ordinal = 0; ordinal < (quantum < 4 ? 2 : 4); ordinal++) {
      writer.call(ordinal, returnedTrue, 7, 7, quantum * 128);
    }
    writer.publish();
    if (quantum === 2 || quantum === 6 || quantum === 39) runs.push(drain());
  }
  const [first, lost, last] = runs;
  if (!first || !lost || !last) throw new Error('three runs');
  expect(slotsOf(last, SLOT.again)).toBeGreaterThan(0);
  const session = sessionOf([first, undefined, last]);
  // Quanta 7, 8 and 9 cannot be read: the clock of quantum 10 begins anew.
  expect(session.totals).toMatchObject({ calls: 3 * 2 + 30 * 4, lost: 3 * 4, dropped: 0 });
});

test('what found no room is not repeated', () => {
  const { writer, drain } = recorder();
  const quanta = RING_SLOTS + 500;
  for (let quantum = 0; quantum < quanta; quantum++) {
    writer.beginQuantum(quantum % 10 === 0);
    if (quantum % 10 === 0) writer.clock(quantum * 128, quantum * 2667);
    writer.call(0, returnedTrue, 7, 7, quantum * 128);
  }
  const first = drain();
  writer.beginQuantum(false);
  writer.call(0, returnedTrue, 7, 7, quanta * 128);
  writer.call(1, returnedTrue, 7, 7, quanta * 128);
  writer.publish();
  const { calls, lost, dropped } = sessionOf([first, drain()]).totals;
  expect(dropped).toBe(0);
  expect(calls + lost).toBe(quanta + 2);
  expect(lost).toBeGreaterThan(0);
});

test('a call is expected only where the last quantum had it, and never as the first', () => {
  const { writer } = recorder();
  const quantum = (ordinals: readonly number[], frame: number): readonly boolean[] => {
    writer.beginQuantum(frame === 0);
    if (frame === 0) writer.clock(0, 0);
    return ordinals.map((ordinal) => {
      const expected = writer.expects(ordinal);
      writer.call(ordinal, returnedTrue, 7, 7, frame);
      return expected;
    });
  };
  expect(quantum([3, 4, 5], 0)).toEqual([false, false, false]);
  expect(quantum([3, 4, 5], 128)).toEqual([false, true, true]);
  expect(quantum([3, 5, 4], 256)).toEqual([false, false, false]);
  expect(quantum([3, 5, 4, 6], 384)).toEqual([false, true, true, false]);
  expect(quantum([5, 4], 512)).toEqual([false, false]);
  expect(quantum([5, 4], 640)).toEqual([false, true]);
});
