import type { BinaryReader } from './binary-reader.ts';
import { unsupported } from './refusal.ts';

/** Value types (5.3.1 … 5.3.5) as bytes. */
export const TYPE = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  func: 0x70,
  extern: 0x6f,
  ref: 0x64,
  refNull: 0x63,
  empty: 0x40,
} as const;

/** The shorthands for nullable references, from `exnref` on. */
const FIRST_SHORTHAND = 0x69;
const LAST_SHORTHAND = 0x74;

/** The letters by which signatures call value types. */
export function typeOfLetter(letter: string): number {
  switch (letter) {
    case 'l':
      return TYPE.i64;
    case 'f':
      return TYPE.f32;
    case 'd':
      return TYPE.f64;
    case 'v':
      return TYPE.v128;
    default:
      return TYPE.i32;
  }
}

/** Gives the first byte. */
export function skipValueType(reader: BinaryReader): number {
  const at = reader.at;
  const byte = reader.byte();
  if (byte === TYPE.ref || byte === TYPE.refNull) skipHeapType(reader);
  else if (
    (byte < TYPE.v128 || byte > TYPE.i32) &&
    (byte < FIRST_SHORTHAND || byte > LAST_SHORTHAND)
  ) {
    unsupported(`value type ${byte}`, at);
  }
  return byte;
}

export function skipHeapType(reader: BinaryReader): void {
  reader.s33();
}
