type Field =
  | { readonly wire: 'varint'; readonly value: bigint }
  | { readonly wire: 'bytes'; readonly value: Uint8Array };

const text = new TextDecoder();

/**
 * One protocol buffer message, read whole, looked up by field number. Mirrors `ProtoWriter`; for the
 * answers of the trace processor, which are trusted: a malformed message throws.
 */
export class ProtoReader {
  readonly #fields = new Map<number, Field[]>();

  constructor(bytes: Uint8Array) {
    const input = new Cursor(bytes);
    while (!input.done) {
      const tag = Number(input.varint());
      const field = input.field(tag & 7);
      const number = Math.floor(tag / 8);
      const known = this.#fields.get(number);
      if (known === undefined) this.#fields.set(number, [field]);
      else known.push(field);
    }
  }

  get numbers(): readonly number[] {
    return [...this.#fields.keys()];
  }

  message(number: number): ProtoReader | undefined {
    return this.messages(number).at(-1);
  }

  messages(number: number): readonly ProtoReader[] {
    return this.blobs(number).map((bytes) => new ProtoReader(bytes));
  }

  text(number: number): string | undefined {
    return this.texts(number).at(-1);
  }

  texts(number: number): readonly string[] {
    return this.blobs(number).map((bytes) => text.decode(bytes));
  }

  blobs(number: number): readonly Uint8Array[] {
    const out: Uint8Array[] = [];
    for (const field of this.#fields.get(number) ?? []) {
      if (field.wire === 'bytes') out.push(field.value);
    }
    return out;
  }

  big(number: number): bigint | undefined {
    const field = this.#fields.get(number)?.at(-1);
    return field?.wire === 'varint' ? field.value : undefined;
  }

  uint(number: number): number | undefined {
    const value = this.big(number);
    return value === undefined ? undefined : Number(value);
  }

  /** A repeated integer field, packed or not, as signed 64-bit values. */
  packedBig(number: number): readonly bigint[] {
    const out: bigint[] = [];
    for (const field of this.#fields.get(number) ?? []) {
      if (field.wire === 'varint') {
        out.push(BigInt.asIntN(64, field.value));
        continue;
      }
      const input = new Cursor(field.value);
      while (!input.done) out.push(BigInt.asIntN(64, input.varint()));
    }
    return out;
  }

  packed(number: number): readonly number[] {
    return this.packedBig(number).map(Number);
  }

  /** A packed field of doubles. */
  packedDoubles(number: number): readonly number[] {
    const out: number[] = [];
    for (const bytes of this.blobs(number)) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      for (let i = 0; i + 8 <= bytes.length; i += 8) out.push(view.getFloat64(i, true));
    }
    return out;
  }
}

class Cursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  varint(): bigint {
    let small = 0;
    let scale = 1;
    for (let i = 0; i < 7; i++) {
      const byte = this.#byte();
      small += (byte & 0x7f) * scale;
      if (byte < 0x80) return BigInt(small);
      scale *= 0x80;
    }
    let value = BigInt(small);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error(`varint too long at byte ${this.#offset}`);
  }

  field(wire: number): Field {
    switch (wire) {
      case 0:
        return { wire: 'varint', value: this.varint() };
      case 1:
        return { wire: 'varint', value: this.#fixed(8) };
      case 2:
        return { wire: 'bytes', value: this.#take(Number(this.varint())) };
      case 5:
        return { wire: 'varint', value: this.#fixed(4) };
      default:
        throw new Error(`wire type ${wire} at byte ${this.#offset}`);
    }
  }

  #fixed(count: number): bigint {
    let value = 0n;
    for (const [i, byte] of this.#take(count).entries()) value |= BigInt(byte) << BigInt(i * 8);
    return value;
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset++];
    if (byte === undefined) throw new Error(`message ends at byte ${this.#offset}`);
    return byte;
  }

  #take(count: number): Uint8Array {
    const end = this.#offset + count;
    if (end > this.#bytes.length) throw new Error(`message ends before byte ${end}`);
    const out = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return out;
  }
}
