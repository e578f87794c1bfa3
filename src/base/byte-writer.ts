import { copyBytes } from './copy-bytes.ts';
import {
  charCodeAt,
  floor,
  IntrinsicArrayBuffer,
  IntrinsicDataView,
  IntrinsicUint8Array,
  lengthOf,
  setFloat64,
} from './intrinsics.ts';

const MAX_UINT = 2 ** 53 - 1;
const scratchBuffer = new IntrinsicArrayBuffer(8);
const scratch = new IntrinsicDataView(scratchBuffer);
const scratchBytes = new IntrinsicUint8Array(scratchBuffer);

/**
 * A growing byte buffer with the few primitives that all our formats are made of. Mirrors
 * `ByteReader` method for method. Runs inside pages: uses captured intrinsics only.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #capacity: number;
  #length = 0;

  constructor(capacity = 1024) {
    this.#capacity = capacity;
    this.#bytes = new IntrinsicUint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written; the capacity stays. */
  reset(): void {
    this.#length = 0;
  }

  /** The bytes written so far, copied into a buffer of exactly that size. */
  take(): Uint8Array<ArrayBuffer> {
    const out = new IntrinsicUint8Array(this.#length);
    copyBytes(out, 0, this.#bytes, 0, this.#length);
    return out;
  }

  byte(value: number): void {
    if (this.#length === this.#capacity) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  /** LEB128 of an integer in 0 … 2^53 − 1; anything else is clamped into that range. */
  uint(value: number): void {
    let rest = value > 0 ? (value < MAX_UINT ? floor(value) : MAX_UINT) : 0;
    while (rest > 0x7f) {
      this.byte((rest % 0x80) | 0x80);
      rest = floor(rest / 0x80);
    }
    this.byte(rest);
  }

  /** Zigzag LEB128 of an integer in ±2^52. */
  int(value: number): void {
    this.uint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** An IEEE 754 double, little-endian. */
  float(value: number): void {
    setFloat64(scratch, 0, value, true);
    for (let i = 0; i < 8; i++) this.byte(scratchBytes[i] as number);
  }

  /** Length in UTF-16 code units, then each unit as LEB128: one byte for ASCII, lossless for all. */
  text(value: string): void {
    const length = value.length;
    this.uint(length);
    for (let i = 0; i < length; i++) this.uint(charCodeAt(value, i));
  }

  bytes(value: Uint8Array): void {
    this.copy(value, 0, lengthOf(value));
  }

  /** `source[from … to)`, as it is. */
  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (this.#length + count > this.#capacity) this.#grow(count);
    copyBytes(this.#bytes, this.#length, source, from, to);
    this.#length += count;
  }

  /** What another has written so far. */
  append(other: ByteWriter): void {
    this.copy(other.#bytes, 0, other.#length);
  }

  #grow(room: number): void {
    const old = this.#bytes;
    this.#capacity = this.#capacity * 2 + room;
    this.#bytes = new IntrinsicUint8Array(this.#capacity);
    copyBytes(this.#bytes, 0, old, 0, this.#length);
  }
}
