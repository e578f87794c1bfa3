import { fromCharCode, lengthOf } from '../base/intrinsics.ts';
import * as LIMITS from './limits.ts';
import { beyondLimit, malformed } from './refusal.ts';

/** Reads the values that the binary format is made of (core specification 5.2), and refuses what is none. */
export class BinaryReader {
  readonly bytes: Uint8Array;
  /** Where the next value begins. */
  at: number;
  /** Nothing is read from here on. */
  end: number;

  constructor(bytes: Uint8Array, from = 0, end: number = lengthOf(bytes)) {
    this.bytes = bytes;
    this.at = from;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    if (this.at >= this.end) malformed('unexpected end', this.at);
    return this.bytes[this.at++] as number;
  }

  /** The next byte, which stays. */
  peek(): number {
    if (this.at >= this.end) malformed('unexpected end', this.at);
    return this.bytes[this.at] as number;
  }

  u32(): number {
    const first = this.byte();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.byte();
    if (last > 0x0f) malformed('integer too large', this.at - 1);
    return (value | (last << 28)) >>> 0;
  }

  /** An unsigned integer of up to 64 bits; its upper bits are not exact. */
  u64(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (i === 9 && byte > 1) break;
        return value;
      }
      scale *= 0x80;
    }
    return malformed('integer too large', this.at - 1);
  }

  s32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        const unused = 25 - shift;
        // The last of five bytes has four bits of value; the rest repeat the sign.
        if (shift === 28 && byte > 0x07 && byte < 0x78) break;
        return unused > 0 ? (value << unused) >> unused : value;
      }
    }
    return malformed('integer too large', this.at - 1);
  }

  /** A block's type, or a heap type: 33 bits, of which the negative ones stand for what is built in. */
  s33(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) return byte & 0x40 ? value - scale : value;
    }
    return malformed('integer too large', this.at - 1);
  }

  /** Passes over a LEB128 of up to 64 bits. */
  skipLong(): void {
    for (let i = 0; i < 10; i++) if (this.byte() < 0x80) return;
    malformed('integer too large', this.at - 1);
  }

  skip(count: number): void {
    // Told as a comparison with what is left: a sum of both could lose bits.
    if (count > this.end - this.at) malformed('unexpected end', this.at);
    this.at += count;
  }

  /** How many items follow, of which an engine takes `limit`. */
  count(limit: number, what: string): number {
    const at = this.at;
    const count = this.u32();
    if (count > limit) beyondLimit(`${count} ${what}`, at);
    return count;
  }

  skipName(): void {
    this.skip(this.u32());
  }

  /** A name (5.2.4), decoded; what is no UTF-8 becomes U+FFFD, since an engine refuses it anyway. */
  name(): string {
    const length = this.count(LIMITS.nameBytes, 'bytes of name');
    const end = this.at + length;
    this.skip(length);
    let text = '';
    for (let at = end - length; at < end; ) {
      const first = this.bytes[at++] as number;
      const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
      let point = more === 0 ? first : first & (0x3f >> more);
      for (let i = 0; i < more; i++) {
        const next = at < end ? (this.bytes[at] as number) : 0;
        if ((next & 0xc0) !== 0x80) {
          point = 0xfffd;
          break;
        }
        point = (point << 6) | (next & 0x3f);
        at++;
      }
      text +=
        point < 0x10000
          ? fromCharCode(point)
          : fromCharCode(0xd7c0 + (point >> 10)) + fromCharCode(0xdc00 | (point & 0x3ff));
    }
    return text;
  }
}
