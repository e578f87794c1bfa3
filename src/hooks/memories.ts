import {
  deref,
  IntrinsicMap,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  isView,
  mapGet,
  mapSet,
  ownData,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { EndId, MemoryId } from '../shared/units.ts';
import { bufferBehind, bufferOfMemory, CargoWalk, sharedLength } from './cargo-walk.ts';
import { observeMade, type Witness } from './witness.ts';

const NONE = 0 as MemoryId;

/** A data block that other threads may hold too. Several buffers, one after another, may be views of it. */
export interface SharedBlock {
  readonly kind: 'shared' | 'wasm';
  /** 0 until there is something to say of it. */
  id: MemoryId;
  /** Whether it came from another thread or was handed to one. Atomic operations on others say nothing. */
  hasCrossed: boolean;
}

interface KnownMemory {
  readonly ref: WeakRef<object>;
  readonly block: SharedBlock;
}

/** The memories of one thread by their data block, whatever objects stand for it. */
export class Memories {
  readonly #witness: Witness;
  readonly #blocks = new IntrinsicWeakMap<object, SharedBlock>();
  /** Numbers of buffers that no other thread can hold. */
  readonly #own = new IntrinsicWeakMap<object, MemoryId>();
  readonly #known = new IntrinsicMap<number, KnownMemory>();
  readonly #walk = new CargoWalk();
  #maySend: boolean;
  #knownCount = 0;
  #count = 0;
  #crossed = 0;
  #record: 'passed' | 'arrived' = 'passed';
  #end = 0 as EndId;
  #message = 0;
  #seq = 0;
  #place = 0;

  /** `isLean`: what is sent is not searched until this thread has had shared memory at all. */
  constructor(witness: Witness, isLean = false) {
    this.#witness = witness;
    this.#maySend = !isLean;
    if (!witness.isolated) return;
    if (isLean) {
      observeMade(this.#witness, globalThis, 'SharedArrayBuffer', () => {
        this.#maySend = true;
      });
    }
    const wasm = ownData(globalThis, 'WebAssembly') as object | undefined;
    if (!wasm) return;
    observeMade(this.#witness, wasm, 'Memory', (memory) => {
      const buffer = bufferOfMemory(memory);
      if (buffer && sharedLength(buffer) !== undefined) this.#ofMemory(memory, buffer);
    });
  }

  /** Whether memory that crosses is told. */
  get isWatching(): boolean {
    return this.#witness.isolated && this.#witness.isActive;
  }

  /** How many blocks have crossed from one thread to another. */
  get crossed(): number {
    return this.#crossed;
  }

  /** The number of the block that `buffer` is a view of; 0 while it has crossed no thread. */
  sharedIdOf(buffer: object): MemoryId | 0 {
    const block = this.#crossed === 0 ? undefined : this.of(buffer);
    return block?.hasCrossed ? block.id : 0;
  }

  /** The block that `buffer` is a view of; undefined where it is no SharedArrayBuffer. */
  of(buffer: object): SharedBlock | undefined {
    const known = weakMapGet(this.#blocks, buffer);
    if (known || sharedLength(buffer) === undefined) return known;
    const block = this.#grown(buffer) ?? { kind: 'shared', id: NONE, hasCrossed: false };
    weakMapSet(this.#blocks, buffer, block);
    this.#maySend = true;
    return block;
  }

  /** The number of `block`, which `buffer` is a view of. 0 when there are none left. */
  idOf(block: SharedBlock, buffer: object): MemoryId {
    if (block.id === NONE && this.#count < LIMITS.ids) {
      block.id = ++this.#count as MemoryId;
      this.#witness.record('memorySeen', {
        memory: block.id,
        kind: block.kind,
        bytes: sharedLength(buffer) ?? 0,
        stack: this.#record === 'passed' ? this.#witness.stack() : '',
      });
    }
    return block.id;
  }

  /** A number for whatever the page calls memory: a buffer, a view of one, a `WebAssembly.Memory`. */
  numberOf(named: object): MemoryId {
    const buffer = isView(named) ? bufferBehind(named) : (bufferOfMemory(named) ?? named);
    if (!buffer) return NONE;
    const block = this.of(buffer);
    if (block) return this.idOf(block, buffer);
    const known = weakMapGet(this.#own, buffer);
    if (known !== undefined || this.#count >= LIMITS.ids) return known ?? NONE;
    const id = ++this.#count as MemoryId;
    weakMapSet(this.#own, buffer, id);
    return id;
  }

  /**
   * Tells what shared memory `value` carries away or brings, before the message itself is told. `message` is its
   * index + 1, or 0 for the options of the node whose port `end` is.
   */
  carried(
    record: 'passed' | 'arrived',
    end: EndId,
    message: number,
    value: unknown,
    seq: number,
  ): void {
    if (!this.isWatching || typeof value !== 'object' || value === null) return;
    if (record === 'passed' && !this.#maySend) return;
    this.#record = record;
    this.#end = end;
    this.#message = message;
    this.#seq = seq;
    this.#place = 0;
    this.#walk.find(value, this.#met);
    this.#record = 'passed';
  }

  readonly #met = (buffer: object, memory: object | undefined): void => {
    if (this.#place === LIMITS.cargoPerMessage) return;
    const block = memory ? this.#ofMemory(memory, buffer) : this.of(buffer);
    if (!block) return;
    if (!block.hasCrossed) this.#crossed++;
    block.hasCrossed = true;
    const local = this.idOf(block, buffer);
    if (local === NONE) return;
    const place = this.#place++;
    const fields = {
      end: this.#end,
      message: this.#message,
      what: 'memory',
      place,
      local,
    } as const;
    this.#witness.record(this.#record, fields, this.#seq);
  };

  #ofMemory(memory: object, buffer: object): SharedBlock {
    const known = weakMapGet(this.#blocks, memory);
    const block = known ??
      weakMapGet(this.#blocks, buffer) ?? { kind: 'wasm', id: NONE, hasCrossed: false };
    weakMapSet(this.#blocks, buffer, block);
    this.#maySend = true;
    if (!known) {
      weakMapSet(this.#blocks, memory, block);
      this.#remember({ ref: new IntrinsicWeakRef(memory), block });
    }
    return block;
  }

  /** Takes the place of one that is gone, so that the list is no longer than memories live. */
  #remember(memory: KnownMemory): void {
    for (let i = 0; i < this.#knownCount; i++) {
      const known = mapGet(this.#known, i);
      if (known && deref(known.ref)) continue;
      mapSet(this.#known, i, memory);
      return;
    }
    if (this.#knownCount < MAX_KNOWN) mapSet(this.#known, this.#knownCount++, memory);
  }

  /** A shared memory that has grown hands out another buffer of the same block. */
  #grown(buffer: object): SharedBlock | undefined {
    for (let i = 0; i < this.#knownCount; i++) {
      const known = mapGet(this.#known, i);
      const memory = known && deref(known.ref);
      if (memory && bufferOfMemory(memory) === buffer) return known.block;
    }
    return undefined;
  }
}

/** Shared memories of one thread that are asked for a new buffer. */
const MAX_KNOWN = 64;
