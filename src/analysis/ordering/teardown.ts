import type { MemoryId, Seq, ThreadId } from '../../shared/units.ts';
import { FRAME_UNSEEN } from '../farewells.ts';
import type { Certainty } from '../finding.ts';
import type {
  BlockFacts,
  Call,
  ContextCallFacts,
  ContextFacts,
  DataBlockFacts,
  DestroySignal,
  DocumentFacts,
  NodeFacts,
  Point,
} from '../model.ts';
import { closingCalls } from '../order.ts';
import type { Thresholds } from '../thresholds.ts';
import type { AtomicColumn } from './atomic-store.ts';
import { isOpaque, mayHoldAtomics } from './document-ordering.ts';
import { type Held, heldBy, lastWriteBefore, reads } from './locks.ts';
import { type Clock, OPEN, type Ordering } from './ordering.ts';
import type { Edge, Place } from './places.ts';

/** A moment at which something that a processor uses was given up. */
export interface Release extends Point {
  /** A farewell that is meant for good, or a freed block. */
  readonly kind: Exclude<DestroySignal, 'collected' | 'detached'> | 'free';
  /** The context’s frame as the page saw it then; −1 when it was not seen. */
  readonly frame: number;
  readonly stack: string;
  readonly block: BlockFacts | undefined;
}

/** What puts the last use before the release, and rules out another one. */
export const ORDERED_BY = {
  'never-used': 'no call has ever used it',
  message:
    'the processor had handled a message after its last use, and an answer to that came before',
  semaphore:
    'a cell of shared memory told before that the last use was over, and that no other would follow',
  suspended: 'the context had been suspended, and the promise had resolved',
  closed: 'the context had stopped for good, and the promise had resolved',
  'returned-false': 'process() had returned false, and word of that came before',
  threw: 'process() had thrown, and the error event came before',
  'same-thread': 'the thread that runs process() did it itself, between two calls',
} as const;
export type OrderedBy = keyof typeof ORDERED_BY;

export interface Teardown {
  readonly node: NodeFacts;
  readonly release: Release;
  readonly verdict: 'ordered' | 'racy' | 'unknown';
  /** Of `ordered`. */
  readonly by: OrderedBy | undefined;
  readonly certainty: Certainty;
  /** The last call that is not part of the processor’s own shutdown. */
  readonly lastUse: Call | undefined;
  /** Of a racy one: the call that shows that there was another after the last use, which nothing orders. */
  readonly closing: Call | undefined;
  /** The edges from the last use to the release. */
  readonly path: readonly Edge[];
  /** Why, in plain words. */
  readonly reason: string;
}

type Verdict = Omit<Teardown, 'node' | 'release'>;

const FINAL: ReadonlySet<string> = new Set(['declared', 'emscripten', 'closed', 'context-closed']);

/**
 * The verdicts on one document’s teardowns.
 *
 * A release is *ordered* when two things had to happen before it: the last use, and whatever rules out another
 * one. The second matters as much: that a meter’s message of the last call happened to be handled in time
 * proves luck, not order. It is *racy* when the last use, or what made it the last, is unordered with the
 * release or after it. It is *unknown* when that hangs on something that was not observed.
 */
export class Teardowns {
  readonly #document: DocumentFacts;
  readonly #ordering: Ordering;
  readonly #kept = new Map<NodeFacts, Kept>();

  constructor(document: DocumentFacts, ordering: Ordering) {
    this.#document = document;
    this.#ordering = ordering;
  }

  /** Of all nodes that were given up in a way that is meant for good, or whose memory was freed. */
  all(thresholds: Thresholds): readonly Teardown[] {
    const out: Teardown[] = [];
    const freed = this.#freedBlocks();
    for (const node of this.#document.nodes.values()) {
      if (node.emscripten === 'bootstrap') continue;
      const blocks = freed.get(node);
      if (blocks === undefined && !node.farewells.some(({ signal }) => FINAL.has(signal))) continue;
      for (const each of this.#of(node, blocks ?? [], thresholds)) out.push(each);
    }
    return out;
  }

  /** A verdict stands as long as nothing that it rests on has changed. */
  #of(node: NodeFacts, blocks: readonly BlockFacts[], thresholds: Thresholds): readonly Teardown[] {
    const releases = releasesOf(node, blocks);
    const { calls, context } = node;
    const basis: unknown[] = [
      calls.length,
      calls.trailingFalse,
      thresholds.closingCalls,
      this.#document.atomics.columnChanges,
      this.#document.losses.length,
      mayHoldAtomics(this.#document),
      context.calls.length,
      context.audioThread,
    ];
    for (const release of releases) basis.push(this.#ordering.clockOf(release));
    const kept = this.#kept.get(node);
    if (kept !== undefined && isSame(kept.basis, basis)) return kept.teardowns;
    const teardowns = releases.map((release): Teardown => {
      const { lastUse, closing, ...verdict } = this.#verdict(node, release, thresholds);
      return {
        node,
        release,
        ...verdict,
        // When a call was is known better and better.
        get lastUse() {
          return lastUse && node.calls.at(lastUse.index);
        },
        get closing() {
          return closing && node.calls.at(closing.index);
        },
      };
    });
    this.#kept.set(node, { basis, teardowns });
    return teardowns;
  }

  #verdict(node: NodeFacts, release: Release, thresholds: Thresholds): Verdict {
    const { calls, context } = node;
    const thread = context.audioThread?.id;
    const uses = calls.length - closingCalls(node, calls.length, thresholds);
    const lossy = this.#document.incomplete || this.#document.losses.length > 0;
    const sure: Certainty = lossy ? 'likely' : 'proven';
    if (thread === undefined || uses === 0) {
      const reason = ORDERED_BY['never-used'];
      return ordered('never-used', sure, undefined, [], reason);
    }
    const clock = this.#ordering.clockOf(release);
    const last = this.#lastUse(node, thread, uses);
    const { call, held } = last;
    const next = calls.at(call.index + 1);
    const heard = clock.tickOf(thread);
    const own = release.thread === thread;
    const until = own ? call.enter + 1 : held !== undefined ? held.letGo : call.exit;
    if (heard < until) {
      return this.#uncovered(node, release, clock, call, { thread, tick: until }, sure);
    }
    const path = own ? [] : clock.pathFrom(thread);
    const by = own ? 'same-thread' : this.#ruledOut(node, clock, thread, call, next, held, path);
    const certainty = this.#restsOnFrames(context, path) ? 'likely' : sure;
    if (by !== undefined) return ordered(by, certainty, call, path, ORDERED_BY[by]);
    if (next === undefined) {
      return unknown(
        call,
        sure,
        'the last call seen had to come before, but process() has not been called since, and nothing says that it will not be',
      );
    }
    const open = this.#openReason(node, clock, { thread, tick: next.enter });
    if (open !== undefined) return unknown(call, sure, open);
    return {
      verdict: 'racy',
      by: undefined,
      certainty,
      lastUse: call,
      closing: next,
      path: [],
      reason:
        'the last use had to come before, but by luck: that no other one follows was decided in a call that nothing orders before it',
    };
  }

  /** Without a shared counter, frames tell which calls came before a suspension that was ended again. */
  #restsOnFrames({ calls }: ContextFacts, path: readonly Edge[]): boolean {
    if (this.#document.isolated) return false;
    const suspended = calls.find(({ method }) => method === 'suspend');
    const resumes = calls.some(
      ({ method, called }) =>
        method === 'resume' && suspended !== undefined && called.tick > suspended.called.tick,
    );
    return path.some(({ kind }) => kind === 'resumption' || (kind === 'standstill' && resumes));
  }

  /** The last use is not known to be before the release. */
  #uncovered(
    node: NodeFacts,
    release: Release,
    clock: Clock,
    call: Call,
    until: Place,
    certainty: Certainty,
  ): Verdict {
    const late = hasHappenedAfter(call, release, node);
    const open = late ? undefined : this.#openReason(node, clock, until);
    if (open !== undefined) return unknown(call, certainty, open);
    const reason =
      late === 'after'
        ? 'process() used it afterwards'
        : late === 'during'
          ? 'a call that used it was under way'
          : 'the last use was over by then, but by luck: no message, no lock and no suspension had to make it so';
    return {
      verdict: 'racy',
      by: undefined,
      certainty,
      lastUse: call,
      closing: undefined,
      path: [],
      reason,
    };
  }

  /** Why something that is not known to be before may be so all the same. */
  #openReason(node: NodeFacts, clock: Clock, place: Place): string | undefined {
    const open = clock.openFor(place);
    if (open !== undefined)
      return `it cannot be told whether the last use had to come before: ${OPEN[open]}`;
    if (!this.#document.isolated) return undefined;
    for (const block of this.#document.memories) {
      if (!block.nodes.includes(node) || !isOpaque(this.#document, block)) continue;
      return 'it cannot be told whether the last use had to come before: the memory is also reached by WebAssembly code, or by a worker, whose atomic operations are not recorded';
    }
    if (node.emscripten !== 'no' && isOpaque(this.#document, { kind: 'wasm' })) {
      return 'it cannot be told whether the last use had to come before: atomic operations of WebAssembly code are not recorded';
    }
    return undefined;
  }

  /**
   * The last call that uses memory. Calls behind one that took a lock by an exchange, and in which its
   * thread writes nothing any more, did not get the lock.
   */
  #lastUse(
    node: NodeFacts,
    thread: ThreadId,
    uses: number,
  ): { readonly call: Call; readonly held: Held | undefined } {
    const { calls } = node;
    const { atomics } = this.#document;
    const call = calls.at(uses - 1) as Call;
    const held = heldBy(atomics, thread, call);
    if (held !== undefined) return { call, held };
    const wrote = lastWriteBefore(atomics, thread, call.exit);
    const before = wrote < 0 ? undefined : calls.at(calls.firstEnteredAfter(wrote as Seq) - 1);
    if (before === undefined || before.index >= call.index || wrote > before.exit) {
      return { call, held };
    }
    const lock = heldBy(atomics, thread, before);
    return lock?.exclusive ? { call: before, held: lock } : { call, held };
  }

  /** What rules out that a call after the last use uses it again, and had to come before the release. */
  #ruledOut(
    node: NodeFacts,
    clock: Clock,
    thread: ThreadId,
    call: Call,
    next: Call | undefined,
    held: Held | undefined,
    path: readonly Edge[],
  ): OrderedBy | undefined {
    const heard = clock.tickOf(thread);
    const still = standstill(node.context.calls, clock);
    if (still !== undefined) return still.method === 'suspend' ? 'suspended' : 'closed';
    if (call.returned === 'threw') return 'threw';
    const answered = next !== undefined && heard > next.enter && next.returned === 'false';
    const told = path[0]?.kind === 'atomic' || path[0]?.kind === 'notify';
    if (told && answered) return 'semaphore';
    if (held !== undefined && this.#locksOut(held, thread, path)) return 'semaphore';
    // That a call has answered `false` by then may be chance, unless word of its end came from that very call.
    const sent = path[0]?.from.tick ?? -1;
    const fromWithin = answered && next.enter < sent && sent <= next.exit;
    if (!fromWithin && this.#handledSince(node, thread, call.exit, heard)) return 'message';
    return answered ? 'returned-false' : undefined;
  }

  /** Whether the thread had handled a message between two ticks. */
  #handledSince(node: NodeFacts, thread: ThreadId, after: number, until: number): boolean {
    for (const column of this.#document.edges.into(thread)) {
      for (let i = column.latest(until); i >= 0; i--) {
        const edge = column.edgeAt(i);
        if (edge === undefined || edge.to.tick <= after) break;
        if (edge.kind === 'message') return true;
      }
    }
    for (const { from, received } of node.messages) {
      if (from !== 'node' || received === undefined) continue;
      if (received.tick > after && received.tick <= until) return true;
    }
    return false;
  }

  /**
   * Whether who saw the lock free has kept others out: by taking it, or by seeing to it first that calls find
   * something written where they look (a shutdown bit, then the semaphore: who takes that later sees the bit).
   */
  #locksOut({ column }: Held, thread: ThreadId, path: readonly Edge[]): boolean {
    const [seen] = path;
    if (seen?.kind !== 'atomic') return false;
    const { atomics, memories } = this.#document;
    const { to } = seen;
    const blockOf = ({ place }: AtomicColumn) =>
      place.memory === undefined ? undefined : memories.find(place.thread, place.memory);
    const isOfCell = (a: AtomicColumn, b: AtomicColumn) =>
      a.place.offset === b.place.offset && blockOf(a) === blockOf(b);
    const known = this.#ordering.clockOf({ thread: to.thread, tick: to.tick - 1 });
    for (const other of atomics.allColumns()) {
      if (other.thread === thread || other.firstWrite < 0) continue;
      if (isOfCell(other, column)) {
        const at = other.firstFrom(to.tick);
        const taken = at < other.length && other.before(at) === to.tick;
        if (taken && other.thread === to.thread) return true;
      } else if (known.has({ thread: other.thread, tick: other.before(other.firstWrite) })) {
        if (reads(atomics, thread, (each) => isOfCell(each, other))) return true;
      }
    }
    return false;
  }

  /** Freed blocks by the nodes that use them. */
  #freedBlocks(): ReadonlyMap<NodeFacts, readonly BlockFacts[]> {
    const { blocks, memories } = this.#document;
    const out = new Map<NodeFacts, BlockFacts[]>();
    const nodesOf = new Map<DataBlockFacts, readonly NodeFacts[]>();
    const add = (node: NodeFacts, block: BlockFacts): void => {
      const known = out.get(node);
      if (known === undefined) out.set(node, [block]);
      else known.push(block);
    };
    for (const block of blocks.values()) {
      if (block.freed === undefined) continue;
      if (block.users.length > 0) {
        for (const node of block.users) add(node, block);
        continue;
      }
      const memory = memories.find(block.allocated.thread, block.memory as MemoryId);
      if (memory === undefined) continue;
      let nodes = nodesOf.get(memory);
      if (nodes === undefined) {
        nodes = memory.nodes.filter(({ emscripten }) => emscripten !== 'bootstrap');
        nodesOf.set(memory, nodes);
      }
      for (const node of memory.kind === 'shared' ? nodes : usersInHeap(nodes, block)) {
        add(node, block);
      }
    }
    return out;
  }
}

interface Kept {
  readonly basis: readonly unknown[];
  readonly teardowns: readonly Teardown[];
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

/**
 * The nodes that use a block of a WebAssembly heap, which holds more than one node’s memory: that whose
 * `userData` lies in it, or the only one that has the heap. (Of other memory, all to whom it was handed.)
 */
function usersInHeap(nodes: readonly NodeFacts[], block: BlockFacts): readonly NodeFacts[] {
  const end = block.offset + block.length;
  const pointing = nodes.filter(
    ({ userData }) => userData > 0 && userData >= block.offset && userData < end,
  );
  if (pointing.length > 0) return pointing;
  return nodes.length === 1 && nodes[0]?.emscripten === 'no' ? nodes : [];
}

/**
 * The first farewell that was meant for the node itself, and every block. The end of its context counts where it is
 * the only one: a page closes that when all is done.
 */
function releasesOf(node: NodeFacts, blocks: readonly BlockFacts[]): readonly Release[] {
  const releases: Release[] = [];
  let closed: Release | undefined;
  for (const { at, seq, thread, tick, signal, frame, stack } of node.farewells) {
    if (signal === 'collected' || signal === 'detached') continue;
    const release = { at, seq, thread, tick, kind: signal, frame, stack, block: undefined };
    if (signal === 'context-closed') closed ??= release;
    else if (releases.length === 0) releases.push(release);
  }
  for (const block of blocks) {
    if (block.freed === undefined) continue;
    const { at, seq, thread, tick, stack } = block.freed;
    releases.push({ at, seq, thread, tick, kind: 'free', frame: FRAME_UNSEEN, stack, block });
  }
  if (releases.length === 0 && closed !== undefined) releases.push(closed);
  return releases;
}

/** What has the context standing still, as far as a clock knows. */
function standstill(
  calls: readonly ContextCallFacts[],
  clock: Clock,
): ContextCallFacts | undefined {
  let still: ContextCallFacts | undefined;
  for (const call of calls) {
    const { method, called, settled } = call;
    if (method === 'resume') {
      if (clock.has(called) && still?.method === 'suspend') still = undefined;
      continue;
    }
    if (settled?.outcome === 'resolved' && clock.has(settled)) still = call;
  }
  return still;
}

/** Whether a use was not over when it was released, by what did happen. */
function hasHappenedAfter(
  call: Call,
  release: Release,
  { document, context }: NodeFacts,
): 'after' | 'during' | undefined {
  if (release.thread === context.audioThread?.id || (document.isolated && release.seq > 0)) {
    if (call.enter > release.tick) return 'after';
    return call.exit > release.tick ? 'during' : undefined;
  }
  return undefined;
}

function ordered(
  by: OrderedBy,
  certainty: Certainty,
  lastUse: Call | undefined,
  path: readonly Edge[],
  reason: string,
): Verdict {
  return { verdict: 'ordered', by, certainty, lastUse, closing: undefined, path, reason };
}

/** That it is not known is as certain as that nothing more was said. */
function unknown(lastUse: Call, certainty: Certainty, reason: string): Verdict {
  return {
    verdict: 'unknown',
    by: undefined,
    certainty,
    lastUse,
    closing: undefined,
    path: [],
    reason,
  };
}
