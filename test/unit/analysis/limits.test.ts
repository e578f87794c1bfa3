import { expect, test } from 'vitest';
import { judge } from '../../../src/analysis/judge.ts';
import { Session } from '../../../src/analysis/session.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { RecordWriter } from '../../../src/shared/record-codec.ts';
import type { FieldsOf, RecordName } from '../../../src/shared/records.ts';
import { SLOT, SLOT_BYTES } from '../../../src/shared/slots.ts';
import type { ContextId, Frames, NodeId, Ordinal } from '../../../src/shared/units.ts';

/** A session of one document, to which records and chunks are added as a page would. */
class Flood {
  readonly session = new Session();
  readonly #writer = new RecordWriter();
  #number = 0;

  constructor() {
    const origin = { document: 'd', frameId: 0, parentFrameId: -1, url: 'https://example.org/' };
    this.session.ingest({ kind: 'document', origin, timeOrigin: 0, isolated: true });
  }

  record<N extends RecordName>(name: N, seq: number, fields: FieldsOf<N>): void {
    this.#writer.write(name, seq, seq, fields);
    if (this.#writer.byteLength > LIMITS.chunkBytes / 2) this.flush();
  }

  flush(): void {
    if (this.#writer.count > 0) this.chunk('records', 0, this.#writer.take());
  }

  chunk(form: 'records' | 'slots', thread: number, bytes: Uint8Array<ArrayBuffer>) {
    const chunk = { number: ++this.#number, thread, form, bytes };
    return this.session.ingest({ kind: 'chunk', document: 'd', chunk });
  }

  context(id: number): void {
    this.record('contextCreated', id, {
      context: id as ContextId,
      kind: 'realtime',
      state: 'running',
      sampleRate: 48_000,
      length: 0 as Frames,
      quantumFrames: 128 as Frames,
      stack: '',
    });
  }

  node(id: number): void {
    this.record('nodeCreated', id, {
      context: 1 as ContextId,
      node: id as NodeId,
      ordinal: (id - 1) as Ordinal,
      processorName: 'voice',
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
}

test('keeps so many contexts of a document, counts the others, and says so', () => {
  const flood = new Flood();
  for (let id = 1; id <= LIMITS.contexts + 1000; id++) flood.context(id);
  flood.flush();
  const { session } = flood;
  expect(session.documents[0]?.contexts.size).toBe(LIMITS.contexts);
  expect(session.totals.dropped).toBe(1000);
  expect(session.coverage.filter((text) => /more than 16384 contexts/.test(text))).toHaveLength(1);
});

test('judges a document whose every node is wrong', () => {
  const flood = new Flood();
  flood.context(1);
  for (let id = 1; id <= 20_000; id++) flood.node(id);
  for (let id = 1; id <= 40_000; id++) {
    const node = ((id % 20_000) + 1) as NodeId;
    flood.record('declaredDestroyed', 100_000 + id, { node, frame: 0 as Frames, stack: '' });
  }
  flood.flush();
  const twice = judge(flood.session).filter(({ rule }) => rule === 'double-destroy');
  expect(twice).toHaveLength(20_000);
});

test('follows so many wires to one node and no more, in time that grows with their number', () => {
  const flood = new Flood();
  flood.context(1);
  const nodes = 2 * LIMITS.wiresPerNode + 1000;
  for (let id = 1; id <= nodes; id++) flood.node(id);
  const wire = { param: '', output: 0, input: 0, frame: 0 as Frames };
  for (let id = 2; id <= nodes; id++) {
    const ends = { source: id as NodeId, target: 1 as NodeId };
    flood.record('connected', nodes + id, { ...wire, ...ends });
  }
  for (let id = 2; id <= nodes; id++) {
    const ends = { source: id as NodeId, target: 1 as NodeId };
    const change = { ...wire, ...ends, what: 'target', stack: '' } as const;
    flood.record('disconnected', 2 * nodes + id, change);
  }
  flood.flush();
  const [hub] = flood.session.documents[0]?.nodes.values() ?? [];
  expect(hub?.wires).toEqual([]);
  expect(hub?.wireEvents).toHaveLength(2 * LIMITS.wiresPerNode);
});

test('takes no more chunks than a session file may hold, and says so', () => {
  const full = new Flood();
  const words = new Int32Array(LIMITS.chunkBytes / 4);
  for (let i = 0; i < words.length; i += SLOT_BYTES / 4) words[i] = SLOT.clock;
  const bytes = new Uint8Array(words.buffer);
  const fits = LIMITS.sessionBytes / LIMITS.chunkBytes;
  for (let i = 0; i < fits; i++) expect(full.chunk('slots', 1, bytes).ok).toBe(true);
  expect(full.chunk('slots', 1, bytes)).toMatchObject({
    ok: false,
    error: expect.stringContaining('full'),
  });
  expect(full.session.totals.dropped).toBe(1);
  expect(full.session.coverage.join()).toContain('what came after the session had');
});

test('says when a document went away before it could say its last', () => {
  const ends = (event: 'frozen' | 'ended' | 'resumed' | undefined): string => {
    const flood = new Flood();
    flood.context(1);
    if (event !== undefined) flood.record('page', 2, { event });
    flood.flush();
    flood.session.ingest({ kind: 'gone', document: 'd' });
    return flood.session.coverage.join();
  };
  expect(ends(undefined)).toContain('went away without a word');
  expect(ends('resumed')).toContain('went away without a word');
  expect(ends('ended')).toBe('');
  expect(ends('frozen')).toBe('');
});
