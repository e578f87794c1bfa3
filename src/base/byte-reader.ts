/** Thrown by `ByteReader` only; every parser that uses one catches it at its door. */
export class ByteReaderError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = 'ByteReaderError';
    this.offset = offset;
  }
}

/** Reads what `ByteWriter` wrote; throws `ByteReaderError` on truncated or malformed input. */
export class ByteReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get offset(): number {
    return this.#offset;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset];
    if (value === undefined) throw new ByteReaderError('unexpected end', this.#offset);
    this.#offset++;
    return value;
  }

  uint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new ByteReaderError('integer too large', this.#offset);
  }

  int(): number {
    const zigzag = this.uint();
    return zigzag % 2 === 1 ? -(zigzag + 1) / 2 : zigzag / 2;
  }

  float(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    return value;
  }

  /** `maxUnits` is in UTF-16 code units. */
  text(maxUnits: number): string {
    const length = this.uint();
    if (length > maxUnits) throw new ByteReaderError(`text of ${length} units`, this.#offset);
    const parts: string[] = [];
    let units: number[] = [];
    for (let i = 0; i < length; i++) {
      units.push(this.uint());
      if (units.length === 4096) {
        parts.push(String.fromCharCode(...units));
        units = [];
      }
    }
    parts.push(String.fromCharCode(...units));
    return parts.join('');
  }

  /** A view of the next `length` bytes, not a copy. */
  bytes(length: number): Uint8Array {
    this.#need(length);
    const out = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return out;
  }

  #need(length: number): void {
    if (this.#offset + length > this.#bytes.length) {
      throw new ByteReaderError('unexpected end', this.#offset);
    }
  }
}
