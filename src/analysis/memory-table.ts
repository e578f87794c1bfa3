import * as LIMITS from '../shared/limits.ts';
import type { MemoryId, ThreadId } from '../shared/units.ts';
import type { EndState } from './channel-state.ts';
import type {
  BufferReadFacts,
  DataBlockFacts,
  DataBlocks,
  DocumentFacts,
  EntityKey,
  LocalMemoryFacts,
  MemoryGrowthFacts,
  NodeFacts,
  Point,
  StaleUseFacts,
} from './model.ts';
import { comparePoints, insertByTime } from './point.ts';

const MEMORY_SPAN = 2 ** 22;

interface Local extends LocalMemoryFacts {
  seen: LocalMemoryFacts['seen'];
}

function compareLocals(a: LocalMemoryFacts, b: LocalMemoryFacts): number {
  return a.thread - b.thread || a.memory - b.memory;
}

/** One data block, as far as its numbers in several threads are known to be one. */
export class DataBlock implements DataBlockFacts {
  readonly document: DocumentFacts;
  kind: 'shared' | 'wasm' = 'shared';
  bytes = 0;
  seen: Point | undefined;
  stack = '';
  /** Ends of nodes’ ports by which it was handed over. */
  readonly hands = new Set<EndState>();
  readonly growths: MemoryGrowthFacts[] = [];
  readonly bufferReads: BufferReadFacts[] = [];
  readonly staleUses: StaleUseFacts[] = [];
  readonly #heard: ReadonlySet<ThreadId>;
  readonly #locals: Local[];
  #first: Local;
  /** The block that this one turned out to be. */
  same: DataBlock | undefined;

  /** `heard`: workers that tell of the blocks in it. */
  constructor(document: DocumentFacts, local: Local, heard: ReadonlySet<ThreadId>) {
    this.document = document;
    this.#heard = heard;
    this.#locals = [local];
    this.#first = local;
  }

  get locals(): readonly Local[] {
    return this.#locals.toSorted(compareLocals);
  }

  get size(): number {
    return this.#locals.length;
  }

  get key(): EntityKey {
    const { thread, memory } = this.#first;
    return `${this.document.index}/m${thread}.${memory}`;
  }

  get nodes(): readonly NodeFacts[] {
    const nodes = new Set<NodeFacts>();
    for (const { channel } of this.hands) if (channel.node !== undefined) nodes.add(channel.node);
    return [...nodes].sort((a, b) => a.id - b.id);
  }

  get hasLeft(): boolean {
    for (const { channel } of this.hands) {
      const { node, worker } = channel;
      const isKnown = node?.context.audioThread !== undefined || this.#isHeard(worker?.thread?.id);
      if (!isKnown) return true;
    }
    return this.#locals.some(
      ({ thread }) =>
        this.document.threads.get(thread)?.kind === 'worker' && !this.#isHeard(thread),
    );
  }

  #isHeard(thread: ThreadId | undefined): boolean {
    return thread !== undefined && this.#heard.has(thread);
  }

  describe(kind: 'shared' | 'wasm', bytes: number, seen: Point | undefined, stack: string): void {
    if (kind === 'wasm') this.kind = kind;
    this.bytes = Math.max(this.bytes, bytes);
    if (seen === undefined) return;
    if (this.seen !== undefined && comparePoints(this.seen, seen) <= 0) return;
    this.seen = seen;
    this.stack = stack;
  }

  /** How it is known as `memory` in a thread. */
  describeLocal(memory: MemoryId, seen: NonNullable<Local['seen']>): void {
    const local = this.#locals.find(
      (each) => each.thread === seen.thread && each.memory === memory,
    );
    if (local !== undefined) local.seen ??= seen;
  }

  take(other: DataBlock): void {
    other.same = this;
    for (const growth of other.growths) insertByTime(this.growths, growth);
    for (const read of other.bufferReads) insertByTime(this.bufferReads, read);
    for (const use of other.staleUses) insertByTime(this.staleUses, use);
    this.describe(other.kind, other.bytes, other.seen, other.stack);
    for (const hand of other.hands) this.hands.add(hand);
    for (const local of other.#locals) this.#locals.push(local);
    if (compareLocals(other.#first, this.#first) < 0) this.#first = other.#first;
  }
}

/** The data blocks of a document: every thread has numbers of its own for them; messages join them. */
export class MemoryTable implements DataBlocks {
  readonly #document: DocumentFacts;
  readonly #blocks = new Map<number, DataBlock>();
  /** Workers that tell of the blocks of heaps. */
  readonly heard = new Set<ThreadId>();
  #joins = 0;

  constructor(document: DocumentFacts) {
    this.#document = document;
  }

  /** Grows when two blocks turn out to be one. */
  get joins(): number {
    return this.#joins;
  }

  *[Symbol.iterator](): Iterator<DataBlock> {
    for (const block of this.#blocks.values()) if (block.same === undefined) yield block;
  }

  /** Undefined when there are more than are kept. */
  block(thread: ThreadId, memory: MemoryId): DataBlock | undefined {
    const key = thread * MEMORY_SPAN + memory;
    const known = this.#blocks.get(key);
    if (known !== undefined) return rootOf(known);
    if (memory === 0 || this.#blocks.size >= LIMITS.eventsPerDocument) return undefined;
    const block = new DataBlock(this.#document, { thread, memory, seen: undefined }, this.heard);
    this.#blocks.set(key, block);
    return block;
  }

  find(thread: ThreadId, memory: MemoryId): DataBlock | undefined {
    const known = this.#blocks.get(thread * MEMORY_SPAN + memory);
    return known && rootOf(known);
  }

  /** It went with a message, or a node’s options, by this end. */
  handed(thread: ThreadId, memory: MemoryId, by: EndState): boolean {
    const block = this.block(thread, memory);
    block?.hands.add(by);
    return block !== undefined;
  }

  join(a: DataBlock | undefined, b: DataBlock | undefined): void {
    if (a === undefined || b === undefined) return;
    const first = rootOf(a);
    const second = rootOf(b);
    if (first === second) return;
    const keep = first.size >= second.size ? first : second;
    keep.take(keep === first ? second : first);
    this.#joins++;
  }
}

function rootOf(block: DataBlock): DataBlock {
  let root = block;
  while (root.same !== undefined) root = root.same;
  let each = block;
  while (each.same !== undefined) {
    const next: DataBlock = each.same;
    each.same = root;
    each = next;
  }
  return root;
}
