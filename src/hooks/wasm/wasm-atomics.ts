import {
  bufferBytes,
  bufferOf,
  byteIndexOf,
  byteOffsetOf,
  dataViewBytes,
  IntrinsicUint8Array,
  min,
  notANumber,
  setBytes,
  typedArrayBytes,
  typedArrayName,
} from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';

type Found = FieldsOf<'wasmCompiled'>['atomics'];
export type Compiled = Omit<FieldsOf<'wasmCompiled'>, 'stack'>;

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;
const SECTION = { import: 2, memory: 5, code: 10 } as const;
const IMPORT = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
/** Bits of the flags of a memory's limits. */
const LIMIT = { maximum: 1, shared: 2, pageSize: 8 } as const;
/** Value types that a heap type follows. */
const REFERENCES = [0x63, 0x64] as const;
const ATOMIC_PREFIX = 0xfe;
const FENCE = 3;
/** `memory.atomic.notify`, `.wait32`, `.wait64`: the exponent of their alignment. */
const WAIT_ALIGNMENTS = [2, 2, 3] as const;
/** From here on loads, stores, and read-modify-writes of seven kinds, each for seven widths. */
const FIRST_ACCESS = 0x10;
const LAST_ACCESS = 0x4e;
const ACCESS_ALIGNMENTS = [2, 3, 0, 1, 0, 1, 2] as const;

/**
 * Whether the code of a module may hold atomic instructions on memory that threads share: `none` is certain, `some`
 * may be a constant that looks like one. Undefined for what is no module. Sections are those of the core
 * specification (5.5), instructions those of the threads proposal.
 */
export function scanModule(bytes: Uint8Array, length: number): Found | undefined {
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC[i]) return undefined;
  let at: number = MAGIC.length;
  let shared = false;

  /** Gives NaN, which fails every comparison, past the end. */
  const uint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined || scale > 2 ** 63) return notANumber;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  const type = (): void => {
    const kind = bytes[at++];
    if (kind === REFERENCES[0] || kind === REFERENCES[1]) uint();
  };
  /** Gives the flags. */
  const limits = (): number => {
    const flags = bytes[at++] ?? 0;
    uint();
    if (flags & LIMIT.maximum) uint();
    if (flags & LIMIT.pageSize) uint();
    return flags;
  };
  const memory = (): void => {
    if (limits() & LIMIT.shared) shared = true;
  };
  /** False for an import that we cannot read, which may be of any kind. */
  const oneImport = (): boolean => {
    for (let name = 0; name < 2; name++) {
      const length = uint();
      at += length;
    }
    switch (bytes[at++]) {
      case IMPORT.function:
        uint();
        return true;
      case IMPORT.table:
        type();
        limits();
        return true;
      case IMPORT.memory:
        memory();
        return true;
      case IMPORT.global:
        type();
        at++;
        return true;
      case IMPORT.tag:
        at++;
        uint();
        return true;
      default:
        return false;
    }
  };

  while (at < length) {
    const section = bytes[at++];
    const size = uint();
    const end = at + size;
    if (!(end <= length)) return 'unknown';
    if (section === SECTION.code) return shared ? scanCode(bytes, at, end) : 'none';
    if (section === SECTION.import || section === SECTION.memory) {
      const count = uint();
      for (let i = 0; i < count && !shared; i++) {
        if (section === SECTION.memory) memory();
        else if (!oneImport()) shared = true;
        if (!(at <= end)) shared = true;
      }
    }
    at = end;
  }
  return 'none';
}

function scanCode(bytes: Uint8Array, from: number, end: number): Found {
  const until = min(end, from + LIMITS.scannedCode);
  let at = byteIndexOf(bytes, ATOMIC_PREFIX, from);
  while (at >= 0 && at < until) {
    if (isAtomic(bytes, at + 1)) return 'some';
    at = byteIndexOf(bytes, ATOMIC_PREFIX, at + 1);
  }
  return until < end ? 'unknown' : 'none';
}

/** Whether what follows the prefix makes an instruction: each must name exactly the alignment of its width. */
function isAtomic(bytes: Uint8Array, start: number): boolean {
  let at = start;
  let byte = bytes[at++] ?? 0;
  let code = byte & 0x7f;
  for (let scale = 0x80; byte >= 0x80 && at < start + 5; scale *= 0x80) {
    byte = bytes[at++] ?? 0;
    code += (byte & 0x7f) * scale;
  }
  const alignment =
    code < FENCE
      ? WAIT_ALIGNMENTS[code]
      : code >= FIRST_ACCESS && code <= LAST_ACCESS
        ? ACCESS_ALIGNMENTS[(code - FIRST_ACCESS) % ACCESS_ALIGNMENTS.length]
        : undefined;
  const given = bytes[at] ?? 0;
  if (code === FENCE) return given === 0;
  // Above the exponent a bit says whether the number of a memory follows; a longer form is as good.
  return alignment !== undefined && (given >= 0x80 || (given & 0x3f) === alignment);
}

/** What is said of a module compiled from `source`; undefined for what is no module, or was one already. */
export function describeSource(source: object | undefined, sync: boolean): Compiled | undefined {
  if (source === undefined) return { bytes: 0, atomics: 'unknown', sync };
  const length = byteLengthOf(source);
  // A detached buffer has none, and the engine refuses it.
  if (!length) return undefined;
  const bytes = bytesOf(source, length);
  const atomics = bytes ? scanModule(bytes, length) : 'unknown';
  return atomics && { bytes: length, atomics, sync };
}

/** A copy of the bytes of a BufferSource as they are now; undefined for anything else. */
export function copyOfBytes(source: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  const length = byteLengthOf(source);
  const bytes = length ? bytesOf(source, length) : undefined;
  if (!bytes || !length) return undefined;
  const copy = new IntrinsicUint8Array(length);
  setBytes(copy, bytes, 0);
  return copy;
}

/** Bytes of a BufferSource; undefined for anything else, such as a module that was compiled before. */
function byteLengthOf(source: object): number | undefined {
  if (typedArrayName(source) !== undefined) return typedArrayBytes(source as Uint8Array);
  return sizeBy(bufferBytes, source) ?? sizeBy(dataViewBytes, source);
}

function sizeBy<T extends object>(size: (self: T) => number, source: object): number | undefined {
  try {
    return size(source as T);
  } catch {
    return undefined;
  }
}

function bytesOf(source: object, length: number): Uint8Array | undefined {
  if (typedArrayName(source) !== undefined) {
    const view = source as Uint8Array;
    return new IntrinsicUint8Array(bufferOf(view), byteOffsetOf(view), length);
  }
  if (sizeBy(bufferBytes, source) === undefined) return undefined;
  return new IntrinsicUint8Array(source as ArrayBuffer);
}
