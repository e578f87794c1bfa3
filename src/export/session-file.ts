import type { SessionInput } from '../analysis/session-input.ts';
import { ByteReader, ByteReaderError } from '../base/byte-reader.ts';
import { ByteWriter } from '../base/byte-writer.ts';
import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from '../shared/limits.ts';
import type { FrameOrigin } from '../shared/messages.ts';

/**
 * A saved session: what entered it, in the order it did, so that opening a file and watching a page
 * go through the same door.
 *
 *   file   := magic · version uint · header text · padding · chunk*
 *   header := JSON, `Header` below; text and uint as in `base/byte-writer.ts`
 *   chunk  := the bytes of the n-th input of kind `chunk`, then padding
 *
 * Padding is zeros up to the next multiple of four bytes from the start of the file, so that slots
 * are read in place. Magic, version, header and chunks keep this shape in every version; what the
 * header says may change, and then `UPGRADERS` gets a step.
 */
export const SESSION_FILE_VERSION = 1;
export const SESSION_FILE_EXTENSION = '.lifeline';

/** Not text, and broken by every conversion of line ends: `\x89LIFELINE\r\n`. */
const MAGIC = [0x89, 0x4c, 0x49, 0x46, 0x45, 0x4c, 0x49, 0x4e, 0x45, 0x0d, 0x0a] as const;
const ALIGNMENT = 4;
const MAX_HEADER_UNITS = 64 * 1024 * 1024;
const MAX_INPUTS = 1_000_000;
const MAX_URL_UNITS = 64 * 1024;

/** Chunk inputs carry the length of their bytes, which follow the header. */
type HeaderInput =
  | Exclude<SessionInput, { readonly kind: 'chunk' }>
  | {
      readonly kind: 'chunk';
      readonly document: string;
      readonly number: number;
      readonly thread: number;
      readonly form: 'records' | 'slots';
      readonly length: number;
    };

type Json = { readonly [key: string]: unknown };

/** `table[n]` turns a header of version n into one of version n + 1. */
export type Upgraders = { readonly [version: number]: (header: Json) => Json };
export const UPGRADERS: Upgraders = {};

export function encodeSessionFile(inputs: Iterable<SessionInput>): Uint8Array<ArrayBuffer> {
  const header: HeaderInput[] = [];
  const chunks: Uint8Array[] = [];
  for (const input of inputs) {
    if (input.kind !== 'chunk') {
      header.push(input);
      continue;
    }
    const { number, thread, form, bytes } = input.chunk;
    header.push({
      kind: 'chunk',
      document: input.document,
      number,
      thread,
      form,
      length: bytes.byteLength,
    });
    chunks.push(bytes);
  }
  const head = new ByteWriter(4096);
  for (const byte of MAGIC) head.byte(byte);
  head.uint(SESSION_FILE_VERSION);
  head.text(JSON.stringify({ inputs: header }));

  let length = padded(head.length);
  for (const chunk of chunks) length += padded(chunk.byteLength);
  const out = new Uint8Array(length);
  out.set(head.take());
  let offset = padded(head.length);
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += padded(chunk.byteLength);
  }
  return out;
}

/**
 * Reads a saved session. The bytes of its chunks are views into `bytes`; whether they hold records
 * is for `Session.ingest` to say. `upgraders` is for tests.
 */
export function parseSessionFile(
  bytes: Uint8Array<ArrayBuffer>,
  upgraders: Upgraders = UPGRADERS,
  version: number = SESSION_FILE_VERSION,
): Result<readonly SessionInput[]> {
  if (bytes.byteLength > LIMITS.sessionFileBytes) {
    return err(
      `a session file of ${bytes.byteLength} bytes; the limit is ${LIMITS.sessionFileBytes}`,
    );
  }
  if (isGzip(bytes)) return err('gzip data: decompress it first');
  const input = new ByteReader(bytes);
  try {
    for (const byte of MAGIC) {
      if (input.done || input.byte() !== byte) return err('not a Worklet Lifeline session file');
    }
    const from = input.uint();
    if (from > version) {
      return err(
        `saved by a newer Worklet Lifeline: file version ${from}, this one reads up to ${version}`,
      );
    }
    if (from < 1) return err(`no such file version: ${from}`);
    const text = input.text(MAX_HEADER_UNITS);
    const json = parseJson(text);
    if (!json.ok) return json;
    const header = upgrade(json.value, from, version, upgraders);
    if (!header.ok) return header;
    const inputs = header.value['inputs'];
    if (!Array.isArray(inputs)) return err('header: no inputs');
    if (inputs.length > MAX_INPUTS) return err(`header: ${inputs.length} inputs`);
    skipPadding(input);
    const out: SessionInput[] = [];
    for (const [index, each] of inputs.entries()) {
      const parsed = parseInput(each, input, bytes);
      if (!parsed.ok) return err(`input ${index}: ${parsed.error}`);
      out.push(parsed.value);
    }
    if (!input.done) return err(`${bytes.byteLength - input.offset} bytes after the last chunk`);
    return ok(out);
  } catch (error) {
    if (error instanceof ByteReaderError)
      return err(`the file is cut short or damaged: ${error.message}`);
    throw error;
  }
}

/** Whether these bytes must go through a decompressor before `parseSessionFile` can read them. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function upgrade(header: Json, from: number, to: number, upgraders: Upgraders): Result<Json> {
  let value = header;
  for (let step = from; step < to; step++) {
    const upgrader = upgraders[step];
    if (upgrader === undefined) return err(`no way from file version ${step} to ${step + 1}`);
    value = upgrader(value);
  }
  return ok(value);
}

function parseInput(
  value: unknown,
  input: ByteReader,
  file: Uint8Array<ArrayBuffer>,
): Result<SessionInput> {
  if (!isJson(value)) return err('not an object');
  const { kind, document } = value;
  if (kind === 'document') return parseDocument(value);
  if (!isId(document)) return err(`${String(kind)}: document`);
  switch (kind) {
    case 'chunk': {
      const { number, thread, form, length } = value;
      if (!isCount(number) || number < 1) return err('chunk: number');
      if (!isCount(thread) || thread >= LIMITS.threads) return err('chunk: thread');
      if (form !== 'records' && form !== 'slots') return err('chunk: form');
      if (!isCount(length) || length > LIMITS.chunkBytes) return err('chunk: length');
      const { offset } = input;
      input.bytes(length);
      skipPadding(input);
      const bytes = file.subarray(offset, offset + length);
      return ok({ kind, document, chunk: { number, thread, form, bytes } });
    }
    case 'forgotten': {
      const { number, bytes } = value;
      if (!isCount(number) || !isCount(bytes)) return err('forgotten');
      return ok({ kind, document, number, bytes });
    }
    case 'refused': {
      const { count, reason } = value;
      if (!isCount(count) || !isText(reason, LIMITS.textUnits)) return err('refused');
      return ok({ kind, document, count, reason });
    }
    case 'gone':
      return ok({ kind, document });
    default:
      return err('unknown kind');
  }
}

function parseDocument(value: Json): Result<SessionInput> {
  const { timeOrigin, isolated } = value;
  const origin = parseOrigin(value['origin']);
  if (origin === undefined) return err('document: origin');
  if (
    typeof timeOrigin !== 'number' ||
    !(timeOrigin >= 0) ||
    timeOrigin > Number.MAX_SAFE_INTEGER
  ) {
    return err('document: timeOrigin');
  }
  if (typeof isolated !== 'boolean') return err('document: isolated');
  return ok({ kind: 'document', origin, timeOrigin, isolated });
}

function parseOrigin(value: unknown): FrameOrigin | undefined {
  if (!isJson(value)) return undefined;
  const { document, frameId, parentFrameId, url } = value;
  if (!isId(document) || !isText(url, MAX_URL_UNITS)) return undefined;
  if (!Number.isSafeInteger(frameId) || !Number.isSafeInteger(parentFrameId)) return undefined;
  return { document, frameId: Number(frameId), parentFrameId: Number(parentFrameId), url };
}

function parseJson(text: string): Result<Json> {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? ok(value) : err('header: not an object');
  } catch (error) {
    if (error instanceof SyntaxError) return err(`header: ${error.message}`);
    throw error;
  }
}

/** Padding is checked, so that every byte outside the chunks means something. */
function skipPadding(input: ByteReader): void {
  const count = padded(input.offset) - input.offset;
  for (let i = 0; i < count; i++) {
    if (input.byte() !== 0) throw new ByteReaderError('padding is not zero', input.offset - 1);
  }
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isText(value: unknown, maxUnits: number): value is string {
  return typeof value === 'string' && value.length <= maxUnits;
}

function isId(value: unknown): value is string {
  return isText(value, LIMITS.textUnits) && value.length > 0;
}
