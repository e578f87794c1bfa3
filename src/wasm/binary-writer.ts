import { ByteWriter } from '../base/byte-writer.ts';
import { charCodeAt, floor } from '../base/intrinsics.ts';

/** Writes the values that the binary format is made of, each as short as it can be. Mirrors `BinaryReader`. */
export class BinaryWriter extends ByteWriter {
  /** Written out: the one that is made otherwise passes its arguments on through the page's iterators. */
  constructor(capacity = 256) {
    super(capacity);
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

  /** What another has written so far, behind its length. */
  sized(other: ByteWriter): void {
    this.u32(other.length);
    this.append(other);
  }
}
