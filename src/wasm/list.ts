import { IntrinsicInt32Array, IntrinsicMap, lengthOf, mapGet, mapSet } from '../base/intrinsics.ts';

/** A list that no page can meddle with: an array's elements fall through to what a page put on its prototype. */
export class List<T> {
  readonly #items = new IntrinsicMap<number, T>();
  #length = 0;

  /** A list of what an array holds. */
  static of<T>(items: readonly T[]): List<T> {
    const list = new List<T>();
    for (let i = 0; i < items.length; i++) list.add(items[i] as T);
    return list;
  }

  get length(): number {
    return this.#length;
  }

  add(item: T): void {
    mapSet(this.#items, this.#length++, item);
  }

  /** `index` is below `length`. */
  at(index: number): T {
    return mapGet(this.#items, index) as T;
  }
}

/** A list of 32-bit integers. */
export class Ints {
  #values: Int32Array = new IntrinsicInt32Array(16);
  #capacity = 16;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The integers, and behind them room; another object after an `add`. */
  get values(): Int32Array {
    return this.#values;
  }

  /** Forgets all; the room stays. */
  clear(): void {
    this.#length = 0;
  }

  add(value: number): void {
    if (this.#length === this.#capacity) this.#grow();
    this.#values[this.#length++] = value;
  }

  /** Forgets all but the first `length`. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Takes off the last one; there is one. */
  pop(): number {
    return this.#values[--this.#length] as number;
  }

  /** 0 beyond the end. */
  at(index: number): number {
    return index < this.#length ? (this.#values[index] as number) : 0;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  #grow(): void {
    const old = this.#values;
    this.#capacity *= 2;
    this.#values = new IntrinsicInt32Array(this.#capacity);
    for (let i = 0; i < this.#length; i++) this.#values[i] = old[i] as number;
  }
}

/** An array of at least `size` integers: the old one if it is large enough, else a new one that forgets. */
export function room(old: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  return lengthOf(old) >= size ? old : new IntrinsicInt32Array(size * 2);
}
