import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { SessionInput } from '../../../src/analysis/session-input.ts';
import {
  encodeSessionFile,
  isGzip,
  parseSessionFile,
  SESSION_FILE_VERSION,
  UPGRADERS,
} from '../../../src/export/session-file.ts';
import * as LIMITS from '../../../src/shared/limits.ts';
import { Random } from '../../support/random.ts';

const VERSION_OFFSET = 11;

const INPUTS: readonly SessionInput[] = [
  {
    kind: 'document',
    origin: { document: 'd1', frameId: 0, parentFrameId: -1, url: 'https://example.org/ß?𝄞' },
    timeOrigin: 1_790_000_000_123_456.8,
    isolated: true,
  },
  chunk('d1', 1, 'records', [1, 2, 3]),
  chunk(
    'd1',
    2,
    'slots',
    Array.from({ length: 32 }, (_, i) => i),
  ),
  chunk('d1', 3, 'records', []),
  { kind: 'refused', document: 'd1', count: 3, reason: 'chunk: bytes' },
  { kind: 'forgotten', document: 'd1', number: 2, bytes: 100 },
  { kind: 'gone', document: 'd1' },
];

describe('a session file', () => {
  test('gives back what was put in, in the same order', () => {
    expect(parseSessionFile(encodeSessionFile(INPUTS))).toEqual({ ok: true, value: INPUTS });
  });

  test('may be empty', () => {
    expect(parseSessionFile(encodeSessionFile([]))).toEqual({ ok: true, value: [] });
  });

  test('holds the chunks aligned for reading slots in place', () => {
    const parsed = parseSessionFile(encodeSessionFile(INPUTS));
    if (!parsed.ok) throw new Error(parsed.error);
    for (const input of parsed.value) {
      if (input.kind === 'chunk') expect(input.chunk.bytes.byteOffset % 4).toBe(0);
    }
  });

  test('keeps random sessions whole', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const inputs = randomInputs(new Random(seed));
      expect(parseSessionFile(encodeSessionFile(inputs)), `seed ${seed}`).toEqual({
        ok: true,
        value: inputs,
      });
    }
  });

  test('is refused when it is cut at any length', () => {
    const bytes = encodeSessionFile(INPUTS);
    for (let length = 0; length < bytes.length; length++) {
      const parsed = parseSessionFile(bytes.slice(0, length));
      expect(parsed.ok, `cut to ${length} bytes`).toBe(false);
    }
  });

  test('is refused when something follows it', () => {
    const bytes = encodeSessionFile(INPUTS);
    const longer = new Uint8Array(bytes.length + 4);
    longer.set(bytes);
    expect(parseSessionFile(longer)).toEqual({ ok: false, error: '4 bytes after the last chunk' });
  });

  test('never throws and hands out no more than it holds, whatever noise is in it', () => {
    const bytes = encodeSessionFile(INPUTS);
    const random = new Random(7);
    for (let run = 0; run < 3000; run++) {
      const noisy = bytes.slice();
      for (let i = 0; i <= random.below(4); i++) {
        noisy[random.below(noisy.length)] = random.below(256);
      }
      const parsed = parseSessionFile(noisy);
      if (!parsed.ok) continue;
      const size = parsed.value.reduce(
        (sum, each) => sum + (each.kind === 'chunk' ? each.chunk.bytes.byteLength : 0),
        0,
      );
      expect(size).toBeLessThanOrEqual(bytes.length);
    }
  });

  test('of a newer version is refused by the name of that version', () => {
    const bytes = encodeSessionFile(INPUTS);
    bytes[VERSION_OFFSET] = SESSION_FILE_VERSION + 1;
    expect(parseSessionFile(bytes)).toEqual({
      ok: false,
      error: `saved by a newer Worklet Lifeline: file version ${SESSION_FILE_VERSION + 1}, this one reads up to ${SESSION_FILE_VERSION}`,
    });
  });

  test('of an older version goes through one upgrader a step', () => {
    const bytes = encodeSessionFile([{ kind: 'gone', document: 'd1' }]);
    const rename = (to: string) => () => ({ inputs: [{ kind: 'gone', document: to }] });
    const upgraders = {
      [SESSION_FILE_VERSION]: rename('d2'),
      [SESSION_FILE_VERSION + 1]: (header: { readonly [key: string]: unknown }) => {
        expect(header).toEqual({ inputs: [{ kind: 'gone', document: 'd2' }] });
        return rename('d3')();
      },
    };
    expect(parseSessionFile(bytes, upgraders, SESSION_FILE_VERSION + 2)).toEqual({
      ok: true,
      value: [{ kind: 'gone', document: 'd3' }],
    });
  });

  test('has an upgrader for every step from the first version', () => {
    for (let version = 1; version < SESSION_FILE_VERSION; version++) {
      expect(UPGRADERS[version], `from ${version}`).toBeTypeOf('function');
    }
  });

  test('that is still compressed is told from one that is not ours', () => {
    const zipped = new Uint8Array(gzipSync(encodeSessionFile(INPUTS)));
    expect(isGzip(zipped)).toBe(true);
    expect(parseSessionFile(zipped)).toEqual({
      ok: false,
      error: 'gzip data: decompress it first',
    });
    const other = new Uint8Array(readFileSync(import.meta.filename));
    expect(parseSessionFile(other)).toEqual({
      ok: false,
      error: 'not a Worklet Lifeline session file',
    });
  });

  test.each([
    ['a chunk above the limit', { kind: 'chunk', length: LIMITS.chunkBytes + 1 }],
    ['a thread above the limit', { kind: 'chunk', thread: LIMITS.threads }],
    ['a chunk number of 0', { kind: 'chunk', number: 0 }],
    ['an unknown form', { kind: 'chunk', form: 'frames' }],
    ['an unknown kind', { kind: 'surprise' }],
    ['a document without a name', { kind: 'gone', document: '' }],
    ['a reason above the limit', { kind: 'refused', count: 1, reason: 'x'.repeat(10_000) }],
    ['a negative count', { kind: 'refused', count: -1, reason: 'x' }],
  ])('with %s is refused', (_what, fields) => {
    const forged = {
      document: 'd1',
      number: 1,
      thread: 0,
      form: 'records',
      length: 0,
      ...fields,
    };
    expect(parseSessionFile(fileOf({ inputs: [forged] })).ok).toBe(false);
  });

  test('keeps no field that it does not know', () => {
    const parsed = parseSessionFile(
      fileOf({ inputs: [{ kind: 'gone', document: 'd1', __proto__x: 1, extra: 'x' }] }),
    );
    expect(parsed).toEqual({ ok: true, value: [{ kind: 'gone', document: 'd1' }] });
  });
});

/** A well-formed file with any header: that of an empty session, with its text replaced. */
function fileOf(header: unknown): Uint8Array<ArrayBuffer> {
  const empty = encodeSessionFile([]);
  const text = JSON.stringify(header);
  const head = [...empty.slice(0, VERSION_OFFSET + 1)];
  for (let rest = text.length; ; rest = Math.floor(rest / 128)) {
    head.push(rest > 127 ? (rest % 128) | 128 : rest);
    if (rest <= 127) break;
  }
  for (const unit of text) head.push(unit.charCodeAt(0));
  while (head.length % 4 !== 0) head.push(0);
  return new Uint8Array(head);
}

function chunk(
  document: string,
  number: number,
  form: 'records' | 'slots',
  bytes: readonly number[],
): SessionInput {
  return {
    kind: 'chunk',
    document,
    chunk: { number, thread: 0, form, bytes: new Uint8Array(bytes) },
  };
}

function randomInputs(random: Random): readonly SessionInput[] {
  const inputs: SessionInput[] = [];
  for (let i = 0; i < random.below(20); i++) {
    const document = `d${random.below(3)}`;
    const length = random.below(200);
    const bytes = Array.from({ length }, () => random.below(256));
    inputs.push(
      random.pick<SessionInput>([
        chunk(document, 1 + random.below(1e6), random.pick(['records', 'slots']), bytes),
        { kind: 'gone', document },
        { kind: 'forgotten', document, number: random.below(1e9), bytes: random.below(1e9) },
      ]),
    );
  }
  return inputs;
}
