import { charCodeAt, floor, IntrinsicUint8Array } from '../base/intrinsics.ts';
import { copyBytes } from './intrinsics.ts';

/** Writes the values that the binary format is made of, each as short as it can be. Mirrors `BinaryReader`. */
export class BinaryWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #capacity: number;
  #length = 0;

  constructor(capacity = 256) {
    this.#capacity = capacity;
    this.#bytes = new IntrinsicUint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Forgets what was written; the room stays. */
  clear(): void {
    this.#length = 0;
  }

  /** What was written, copied into a buffer of exactly that size. */
  take(): Uint8Array<ArrayBuffer> {
    const out = new IntrinsicUint8Array(this.#length);
    copyBytes(out, 0, this.#bytes, 0, this.#length);
    return out;
  }

  byte(value: number): void {
    if (this.#length === this.#capacity) this.#grow(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.byte(rest);
  }

  s32(value: number): void {
    let rest = value | 0;
    while (rest < -0x40 || rest > 0x3f) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  /** A signed integer of up to 53 bits. */
  s53(value: number): void {
    let rest = value;
    while (rest < -0x40 || rest > 0x3f) {
      const next = floor(rest / 0x80);
      this.byte((rest - next * 0x80) | 0x80);
      rest = next;
    }
    this.byte(rest & 0x7f);
  }

  /** A name of ASCII characters: ours are. */
  name(text: string): void {
    const { length } = text;
    this.u32(length);
    for (let i = 0; i < length; i++) this.byte(charCodeAt(text, i) & 0x7f);
  }

  /** `source[from … to)`, as it is. */
  copy(source: Uint8Array, from: number, to: number): void {
    const count = to - from;
    if (this.#length + count > this.#capacity) this.#grow(count);
    copyBytes(this.#bytes, this.#length, source, from, to);
    this.#length += count;
  }

  /** What another has written so far. */
  append(other: BinaryWriter): void {
    this.copy(other.#bytes, 0, other.#length);
  }

  /** What another has written so far, behind its length. */
  sized(other: BinaryWriter): void {
    this.u32(other.#length);
    this.append(other);
  }

  #grow(room: number): void {
    const old = this.#bytes;
    this.#capacity = this.#capacity * 2 + room;
    this.#bytes = new IntrinsicUint8Array(this.#capacity);
    copyBytes(this.#bytes, 0, old, 0, this.#length);
  }
}
