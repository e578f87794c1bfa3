import {
  deref,
  IntrinsicMap,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  isView,
  mapForEach,
  mapSet,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import * as LIMITS from '../shared/limits.ts';
import type { EndId, MemoryId } from '../shared/units.ts';
import {
  bufferBehind,
  bufferOfMemory,
  CargoWalk,
  NativeMemory,
  sharedLength,
  wasm,
} from './cargo-walk.ts';
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

export interface KnownMemory {
  readonly ref: WeakRef<object>;
  readonly block: SharedBlock;
}

/** The memories of one thread by their data block, whatever objects stand for it. */
export class Memories {
  readonly #witness: Witness;
  readonly #blocks = new IntrinsicWeakMap<object, SharedBlock>();
  /** The engine's `WebAssembly.Memory`; undefined where there is none. */
  readonly native = NativeMemory;
  /** The newest shared `WebAssembly.Memory` objects. */
  readonly known = new IntrinsicMap<number, KnownMemory>();
  /** Hears of a `WebAssembly.Memory` that goes to another thread, or came from one, before that is told. */
  declare passing?: (memory: object, end: EndId) => void;
  /** Whether what is sent is searched. */
  maySend = true;
  #newest = 0;
  #count = 0;
  /** How many blocks have crossed from one thread to another. */
  crossed = 0;
  #record: 'passed' | 'arrived' = 'passed';
  #end = 0 as EndId;
  #message = 0;
  #seq = 0;
  #place = 0;

  constructor(witness: Witness) {
    this.#witness = witness;
    if (!witness.isolated || !wasm) return;
    observeMade(this.#witness, wasm, 'Memory', (memory) => {
      const buffer = bufferOfMemory(memory);
      if (buffer && sharedLength(buffer) !== undefined) this.#ofMemory(memory, buffer);
    });
  }

  /** Whether memory that crosses is told. */
  get isWatching(): boolean {
    return this.#witness.isolated && this.#witness.isActive;
  }

  /** The number of the block that `buffer` is a view of; 0 while it has crossed no thread. */
  sharedIdOf(buffer: object): MemoryId | 0 {
    const block = this.crossed === 0 ? undefined : this.of(buffer);
    return block?.hasCrossed ? block.id : 0;
  }

  /** The block that `buffer` is a view of; undefined where it is no SharedArrayBuffer. */
  of(buffer: object): SharedBlock | undefined {
    const known = weakMapGet(this.#blocks, buffer);
    if (known || sharedLength(buffer) === undefined) return known;
    const block = this.#grown(buffer) ?? { kind: 'shared', id: NONE, hasCrossed: false };
    weakMapSet(this.#blocks, buffer, block);
    this.maySend = true;
    return block;
  }

  /** The number of `block`, which `buffer` is a view of. 0 when there are none left. */
  idOf(block: SharedBlock, buffer: object): MemoryId {
    if (block.id === NONE) {
      const memory = this.nextId();
      const stack = this.#record === 'passed' ? this.#witness.stack() : '';
      const bytes = sharedLength(buffer) ?? 0;
      block.id = memory;
      this.#witness.record('memorySeen', { memory, kind: block.kind, bytes, stack });
    }
    return block.id;
  }

  /** The buffer that an object stands for, if it is none itself. */
  bufferIn(named: object): object {
    return (isView(named) ? bufferBehind(named) : bufferOfMemory(named)) ?? named;
  }

  /** The next number of a memory; 0 when there are none left. */
  nextId(): MemoryId {
    return this.#count < LIMITS.ids ? (++this.#count as MemoryId) : NONE;
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
    if (record === 'passed' && !this.maySend) return;
    this.#record = record;
    this.#end = end;
    this.#message = message;
    this.#seq = seq;
    this.#place = 0;
    this.#walk.find(value, record === 'arrived');
    this.#record = 'passed';
  }

  readonly #walk = new CargoWalk((buffer, memory) => {
    const block = memory ? this.#ofMemory(memory, buffer) : this.of(buffer);
    if (!block || this.#place === LIMITS.cargoPerMessage) return;
    if (memory) this.passing?.(memory, this.#end);
    if (!block.hasCrossed) this.crossed++;
    block.hasCrossed = true;
    const local = this.idOf(block, buffer);
    const place = this.#place++;
    const end = this.#end;
    const fields = { end, message: this.#message, what: 'memory', place, local } as const;
    this.#witness.record(this.#record, fields, this.#seq);
  });

  #ofMemory(memory: object, buffer: object): SharedBlock {
    const known = weakMapGet(this.#blocks, memory);
    const block = known ??
      weakMapGet(this.#blocks, buffer) ?? { kind: 'wasm', id: NONE, hasCrossed: false };
    weakMapSet(this.#blocks, buffer, block);
    this.maySend = true;
    if (!known) {
      weakMapSet(this.#blocks, memory, block);
      mapSet(this.known, this.#newest++ % MAX_KNOWN, { ref: new IntrinsicWeakRef(memory), block });
    }
    return block;
  }

  /** A shared memory that has grown hands out another buffer of the same block. */
  #grown(buffer: object): SharedBlock | undefined {
    let found: SharedBlock | undefined;
    mapForEach(this.known, ({ ref, block }) => {
      const memory = deref(ref);
      if (memory && bufferOfMemory(memory) === buffer) found = block;
    });
    return found;
  }
}

/** What this thread sends is not searched until it has had shared memory at all. */
export function leanMemories(witness: Witness): Memories {
  const memories = new Memories(witness);
  memories.maySend = false;
  if (witness.isolated) {
    observeMade(witness, globalThis, 'SharedArrayBuffer', () => {
      memories.maySend = true;
    });
  }
  return memories;
}

/** Of so many shared memories of a thread, the newest, is it seen when they have grown. */
const MAX_KNOWN = 64;
