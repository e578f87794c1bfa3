import { err, ok, type Result } from '../base/result.ts';
import * as LIMITS from '../shared/limits.ts';
import type { Chunk, EarlyMessage } from '../shared/messages.ts';
import { RecordWriter } from '../shared/record-codec.ts';
import { type FieldType, RECORDS, type RecordName, type RecordShape } from '../shared/records.ts';

/**
 * Writes the records that a document left behind as they were, into its first chunk, as far as they fit.
 * The first that makes no sense refuses them all.
 */
export function parseEarly(value: object): Result<{ readonly kind: 'chunk' } & Chunk> {
  const { records } = value as { readonly [field in keyof EarlyMessage]?: unknown };
  if (!(records instanceof Map)) return err('early: records');
  if (records.size === 0 || records.size > LIMITS.earlyRecords) return err('early: how many');
  const writer = new RecordWriter();
  for (const record of records.values()) {
    const { name, seq, at, fields } = isRecord(record) ? record : {};
    if (typeof name !== 'string' || !Object.hasOwn(RECORDS, name)) return err('early: name');
    if (typeof seq !== 'number' || typeof at !== 'number') return err('early: place');
    const known = name as RecordName;
    if (!isRecord(fields) || !fits(RECORDS[known], fields)) return err(`early: ${name}`);
    if (writer.byteLength >= LIMITS.chunkBytes / 2) break;
    writer.write(known, seq, at, fields as never);
  }
  return ok({ kind: 'chunk', number: 1, thread: 0, form: 'records', bytes: writer.take() });
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function fits(shape: RecordShape, fields: { readonly [field: string]: unknown }): boolean {
  return Object.entries(shape.fields).every(([name, type]) => typeof fields[name] === kindOf(type));
}

function kindOf(type: FieldType): 'string' | 'boolean' | 'number' {
  if (type === 'text' || type === 'stack' || typeof type !== 'string') return 'string';
  return type === 'flag' ? 'boolean' : 'number';
}
