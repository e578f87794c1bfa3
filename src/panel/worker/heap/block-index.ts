import type { BlockFacts, DocumentFacts, EntityKey, NodeFacts } from '../../../analysis/model.ts';
import type { MemoryId, ThreadId } from '../../../shared/units.ts';

/** More memories than a thread numbers. */
const MEMORY_SPAN = 2 ** 22;
const NOBODY = -1;

/** A memory as one thread numbers it. */
interface Numbered {
  readonly thread: ThreadId;
  readonly memory: MemoryId;
}

/** A place that allocates. */
export interface IndexedSite {
  readonly thread: ThreadId;
  readonly stack: string;
  /** The first block that came from it. */
  readonly first: BlockFacts;
}

/** The memory that blocks lie in. */
export interface Home {
  /** Where nothing is known of the memory, as the thread numbers it. */
  readonly key: EntityKey;
  /** The node that has it, if only one has. */
  readonly nodes: readonly NodeFacts[];
}

/**
 * The blocks of one document in columns, a row a block, in the document’s own time: what every look at the heap asks of
 * all of them. Takes up what has changed since it was asked last.
 */
export class BlockIndex {
  readonly document: DocumentFacts;
  readonly blocks: BlockFacts[] = [];
  readonly users: NodeFacts[] = [];
  readonly sites: IndexedSite[] = [];
  born = new Float64Array(64);
  /** Infinity while it lives. */
  freed = new Float64Array(64);
  bytes = new Float64Array(64);
  offset = new Float64Array(64);
  /** Indexes of memories as threads number them, of the first user (or −1), and of sites. */
  home = new Int32Array(64);
  user = new Int32Array(64);
  site = new Int32Array(64);
  readonly #homes: Numbered[] = [];
  readonly #homeIndex = new Map<number, number>();
  readonly #userIndex = new Map<NodeFacts, number>();
  readonly #rowsOfUser = new Map<NodeFacts, number[]>();
  readonly #siteIndex = new Map<ThreadId, Map<string, number>>();
  readonly #rowOfId = new Map<number, number>();
  #seen = 0;

  constructor(document: DocumentFacts) {
    this.document = document;
  }

  /** Of a block that has changed the row is the same. */
  refresh(): this {
    const { blockChanges } = this.document;
    for (; this.#seen < blockChanges.length; this.#seen++) {
      const block = blockChanges[this.#seen] as BlockFacts;
      const row = this.#rowOfId.get(block.id) ?? this.#add(block);
      this.freed[row] = block.freed?.at ?? Number.POSITIVE_INFINITY;
      this.#addUsers(block, row);
    }
    return this;
  }

  rowOf(block: BlockFacts): number | undefined {
    return this.#rowOfId.get(block.id);
  }

  /** Rows of the blocks in which the user data of a node lies. */
  rowsOf(node: NodeFacts): readonly number[] {
    return this.#rowsOfUser.get(node) ?? [];
  }

  /** The memories that `home` counts, as far as they are known by now. */
  homes(): readonly Home[] {
    const { index, memories } = this.document;
    return this.#homes.map(({ thread, memory }) => {
      const found = memories.find(thread, memory);
      const nodes = found?.nodes ?? [];
      return {
        key: found?.key ?? `${index}/m${thread}.${memory}`,
        nodes: nodes.length === 1 ? nodes : [],
      };
    });
  }

  #add(block: BlockFacts): number {
    const row = this.blocks.length;
    if (row === this.born.length) this.#widen(row * 2);
    const { allocated, offset, length, memory } = block;
    this.blocks.push(block);
    this.#rowOfId.set(block.id, row);
    this.born[row] = allocated.at;
    this.bytes[row] = length;
    this.offset[row] = offset;
    this.home[row] = this.#homeOf(allocated.thread, memory as MemoryId);
    this.user[row] = NOBODY;
    this.site[row] = this.#siteOf(block);
    return row;
  }

  #addUsers({ users }: BlockFacts, row: number): void {
    const [first] = users;
    if (first === undefined) return;
    let index = this.#userIndex.get(first);
    if (index === undefined) {
      index = this.users.push(first) - 1;
      this.#userIndex.set(first, index);
    }
    this.user[row] = index;
    for (const node of users) {
      const rows = this.#rowsOfUser.get(node);
      if (rows === undefined) this.#rowsOfUser.set(node, [row]);
      else if (!rows.includes(row)) rows.push(row);
    }
  }

  #homeOf(thread: ThreadId, memory: MemoryId): number {
    const number = thread * MEMORY_SPAN + memory;
    let index = this.#homeIndex.get(number);
    if (index === undefined) {
      index = this.#homes.push({ thread, memory }) - 1;
      this.#homeIndex.set(number, index);
    }
    return index;
  }

  #siteOf(block: BlockFacts): number {
    const { thread } = block.allocated;
    let own = this.#siteIndex.get(thread);
    if (own === undefined) {
      own = new Map();
      this.#siteIndex.set(thread, own);
    }
    let index = own.get(block.allocateStack);
    if (index === undefined) {
      index = this.sites.push({ thread, stack: block.allocateStack, first: block }) - 1;
      own.set(block.allocateStack, index);
    }
    return index;
  }

  #widen(rows: number): void {
    const wider = (column: Float64Array): Float64Array<ArrayBuffer> => {
      const out = new Float64Array(rows);
      out.set(column);
      return out;
    };
    const wider32 = (column: Int32Array): Int32Array<ArrayBuffer> => {
      const out = new Int32Array(rows);
      out.set(column);
      return out;
    };
    this.born = wider(this.born);
    this.freed = wider(this.freed);
    this.bytes = wider(this.bytes);
    this.offset = wider(this.offset);
    this.home = wider32(this.home);
    this.user = wider32(this.user);
    this.site = wider32(this.site);
  }
}

/** The indexes of the documents of whatever sessions are shown. */
export class BlockIndexes {
  readonly #known = new WeakMap<DocumentFacts, BlockIndex>();

  of(document: DocumentFacts): BlockIndex {
    let index = this.#known.get(document);
    if (index === undefined) {
      index = new BlockIndex(document);
      this.#known.set(document, index);
    }
    return index.refresh();
  }
}
