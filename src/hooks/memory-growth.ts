import {
  bufferBytes,
  deref,
  IntrinsicMap,
  IntrinsicWeakMap,
  IntrinsicWeakRef,
  mapClear,
  mapForEach,
  mapSet,
  sharedBufferBytes,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import type { Patches } from '../base/patch.ts';
import type { FieldsOf, RecordName } from '../shared/records.ts';
import type { MemoryId, Micros, NodeId } from '../shared/units.ts';
import type { Memories } from './memories.ts';
import type { MemoryNumbers } from './memory-numbers.ts';

/** What the growth of memories needs of the thread that it is seen in. */
export interface GrowthHost extends MemoryNumbers {
  readonly patches: Patches;
  readonly memories: Memories;
  next(): number;
  now(): Micros;
  /** Whose processor is at work; 0: none. */
  running(): NodeId;
  stack(): string;
  record<N extends RecordName>(name: N, fields: FieldsOf<N>, seq?: number, at?: number): void;
  fault(error: unknown): void;
}

interface BufferRead {
  readonly seq: number;
  readonly at: Micros;
  readonly node: NodeId;
  readonly stack: string;
}

/** One `WebAssembly.Memory` of this thread. */
export interface GrowingMemory {
  id: MemoryId;
  readonly isShared: boolean;
  /** What it hands out now; the buffers before it are old. */
  buffer: object;
  bytes: number;
  /** Those reads of `buffer` of which the stack was taken. */
  readonly reads: Map<number, BufferRead>;
  readCount: number;
}

/** Of so many memories of a thread, the newest, is it seen when their modules make them grow. */
const MAX_KNOWN = 64;
/** Reads of one buffer whose stack is taken: views are made of it once, and may be made again and again. */
const READS_TOLD = 4;

/** The memories of one thread that may grow, and the buffers that they have handed out. */
export class MemoryGrowth {
  readonly #host: GrowthHost;
  readonly #memories = new IntrinsicWeakMap<object, GrowingMemory>();
  readonly #byBuffer = new IntrinsicWeakMap<object, GrowingMemory>();
  readonly #known = new IntrinsicMap<number, WeakRef<object>>();
  readonly #heard: (memory: GrowingMemory) => void;
  #newest = 0;
  /** Whether any has grown. */
  hasGrown = false;

  /** `heard` is told of every growth. */
  constructor(host: GrowthHost, heard: (memory: GrowingMemory) => void) {
    this.#host = host;
    this.#heard = heard;
  }

  /** A memory is there; undefined for what is none. */
  saw(memory: object): GrowingMemory | undefined {
    const known = weakMapGet(this.#memories, memory);
    if (known) return known;
    const buffer = this.#host.memories.bufferIn(memory);
    if (buffer === memory) return undefined;
    const plain = plainLength(buffer);
    const made: GrowingMemory = {
      id: 0 as MemoryId,
      isShared: plain === undefined,
      buffer,
      bytes: plain ?? bufferLength(buffer),
      reads: new IntrinsicMap(),
      readCount: 0,
    };
    weakMapSet(this.#memories, memory, made);
    weakMapSet(this.#byBuffer, buffer, made);
    mapSet(this.#known, this.#newest++ % MAX_KNOWN, new IntrinsicWeakRef(memory));
    return made;
  }

  /** The memory whose old buffer this is; undefined while it is the one that is handed out. */
  outgrown(buffer: object): GrowingMemory | undefined {
    const memory = weakMapGet(this.#byBuffer, buffer);
    return memory && memory.buffer !== buffer ? memory : undefined;
  }

  /** The page has read the buffer of `memory`, of which it most likely makes a view. */
  read(memory: object): void {
    this.look(memory, 'noticed');
    const known = this.saw(memory);
    if (!known || known.readCount === READS_TOLD) return;
    const host = this.#host;
    const stack = host.stack();
    const read = { seq: host.next(), at: host.now(), node: host.running(), stack };
    mapSet(known.reads, known.readCount++, read);
  }

  /** Looks whether any memory has grown. */
  lookAtAll(): void {
    mapForEach(this.#host.memories.known, this.#arrived);
    mapForEach(this.#known, this.#look);
  }

  /** Looks whether `memory` has grown. */
  look(memory: object, how: 'called' | 'noticed'): void {
    const known = this.saw(memory);
    const buffer = known && this.#host.memories.bufferIn(memory);
    if (!buffer || buffer === known.buffer) return;
    const host = this.#host;
    const { numbers } = host;
    if (known.id === 0) {
      known.id = weakMapGet(numbers, known.buffer) ?? host.numberOf(memory);
      if (!known.isShared) this.#describe(known);
    }
    if (!known.isShared) weakMapSet(numbers, buffer, known.id);
    const from = known.bytes;
    const memoryId = known.id;
    mapForEach(known.reads, ({ seq, at, node, stack }) =>
      host.record('bufferRead', { memory: memoryId, bytes: from, node, stack }, seq, at),
    );
    mapClear(known.reads);
    known.readCount = 0;
    known.buffer = buffer;
    known.bytes = plainLength(buffer) ?? bufferLength(buffer);
    weakMapSet(this.#byBuffer, buffer, known);
    const stack = how === 'called' ? host.stack() : '';
    const { bytes: to, isShared: shared } = known;
    host.record('memoryGrown', { memory: memoryId, from, to, shared, how, stack });
    this.hasGrown = true;
    this.#heard(known);
  }

  readonly #arrived = ({ ref }: { readonly ref: WeakRef<object> }): void => {
    const memory = deref(ref);
    if (memory) this.saw(memory);
  };

  readonly #look = (ref: WeakRef<object>): void => {
    const memory = deref(ref);
    if (memory) this.look(memory, 'noticed');
  };

  /** A memory that cannot cross is told when there is something to say of it. */
  #describe({ id, bytes }: GrowingMemory): void {
    this.#host.record('memorySeen', { memory: id, kind: 'wasm', bytes, stack: '' });
  }
}

/** The bytes of an ArrayBuffer, 0 where it is detached; undefined for one that is shared. */
function plainLength(buffer: object): number | undefined {
  try {
    return bufferBytes(buffer);
  } catch {
    return undefined;
  }
}

/** The bytes of an old or new buffer of a memory. */
export function bufferLength(buffer: object): number {
  return sharedBufferBytes?.(buffer) ?? 0;
}
