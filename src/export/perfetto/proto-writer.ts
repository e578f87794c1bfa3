const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const TWO_POW_32 = 2 ** 32;

/**
 * Writes protocol buffers (https://protobuf.dev/programming-guides/encoding) into one growing
 * buffer. Knows no schema: callers give field numbers. A nested message is written in place between
 * `begin` and `end`; its length takes one byte and moves the message only when it needs more.
 *
 * `bytes` and `length` are open for inner loops, which call `reserve` first.
 */
export class ProtoWriter {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  readonly #starts: number[] = [];
  readonly #text = new TextEncoder();
  readonly #scratch = new DataView(new ArrayBuffer(8));

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
  }

  /** The bytes written so far, in a buffer of exactly that size. */
  take(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  reset(): void {
    this.length = 0;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** An unsigned integer of at most 53 bits. */
  uint(field: number, value: number): void {
    this.varint(field * 8 + VARINT);
    this.varint(value);
  }

  /** A `uint64` or an `int64` (two's complement). */
  big(field: number, value: bigint): void {
    this.varint(field * 8 + VARINT);
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.length++] = Number(rest);
  }

  /** An `int64` of at most 53 bits and a sign. */
  int(field: number, value: number): void {
    if (value >= 0) this.uint(field, value);
    else this.big(field, BigInt(value));
  }

  flag(field: number, value: boolean): void {
    this.uint(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.#scratch.setFloat64(0, value, true);
    this.#copyScratch(8);
  }

  fixed64(field: number, value: number): void {
    this.varint(field * 8 + FIXED64);
    this.#scratch.setUint32(0, value % TWO_POW_32, true);
    this.#scratch.setUint32(4, Math.floor(value / TWO_POW_32), true);
    this.#copyScratch(8);
  }

  fixed32(field: number, value: number): void {
    this.varint(field * 8 + FIXED32);
    this.#scratch.setUint32(0, value, true);
    this.#copyScratch(4);
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. */
  text(field: number, value: string): void {
    this.begin(field);
    this.reserve(value.length * 3);
    const { written } = this.#text.encodeInto(value, this.bytes.subarray(this.length));
    this.length += written;
    this.end();
  }

  blob(field: number, value: Uint8Array): void {
    this.varint(field * 8 + BYTES);
    this.varint(value.length);
    this.reserve(value.length);
    this.bytes.set(value, this.length);
    this.length += value.length;
  }

  /** Opens a nested message; every `begin` needs its `end`. */
  begin(field: number): void {
    this.varint(field * 8 + BYTES);
    this.reserve(1);
    this.length++;
    this.#starts.push(this.length);
  }

  end(): void {
    const start = this.#starts.pop();
    if (start === undefined) throw new Error('end without begin');
    const size = this.length - start;
    let extra = 0;
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 0x80)) extra++;
    if (extra > 0) {
      this.reserve(extra);
      this.bytes.copyWithin(start + extra, start, this.length);
      this.length += extra;
    }
    let at = start - 1;
    let rest = size;
    while (rest > 0x7f) {
      this.bytes[at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[at] = rest;
  }

  /** A bare LEB128 integer of at most 53 bits. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.bytes[this.length++] = rest;
  }

  #copyScratch(count: number): void {
    this.reserve(count);
    for (let i = 0; i < count; i++) this.bytes[this.length++] = this.#scratch.getUint8(i);
  }
}
