import { err, ok, type Result } from '../base/result.ts';
import { type PageMessage, parsePageMessage } from '../shared/messages.ts';
import { parseRecords } from '../shared/record-codec.ts';
import { parseSlots } from '../shared/slot-reader.ts';
import { parseEarly } from './early.ts';

/**
 * Reads one message of the page, with the contents of its chunk. What comes out holds nothing but
 * fields we know, and bytes that nobody else can change and that carry no hidden larger buffer.
 */
export function parseIntake(value: unknown): Result<PageMessage> {
  const parsed = isEarly(value) ? parseEarly(value) : parsePageMessage(value);
  if (!parsed.ok || parsed.value.kind !== 'chunk') return parsed;
  const bytes = ownBytes(parsed.value.bytes);
  const contents = parsed.value.form === 'slots' ? parseSlots(bytes) : parseRecords(bytes);
  return contents.ok ? ok({ ...parsed.value, bytes }) : err(`chunk: ${contents.error}`);
}

function isEarly(value: unknown): value is object {
  return (value as { readonly kind?: unknown } | null | undefined)?.kind === 'early';
}

/** A clone of a view carries the whole buffer behind it, and a shared one can change after parsing. */
function ownBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const plain = Object.prototype.toString.call(buffer) === '[object ArrayBuffer]';
  const own = plain && !buffer.resizable && buffer.byteLength === bytes.byteLength;
  return own ? bytes : new Uint8Array(bytes);
}
