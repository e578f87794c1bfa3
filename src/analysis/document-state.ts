import * as LIMITS from '../shared/limits.ts';
import type { FrameOrigin } from '../shared/messages.ts';
import {
  type CallId,
  type ContextId,
  type EndId,
  MAIN_THREAD,
  type MemoryId,
  type Micros,
  type NodeId,
  type ThreadId,
} from '../shared/units.ts';
import type { Cargo, EndState } from './channel-state.ts';
import { ChannelTable } from './channel-table.ts';
import type { CallTally, ContextState } from './context-state.ts';
import type { AnchoredClock } from './frame-clock.ts';
import type { Lane } from './lane.ts';
import { MemoryTable } from './memory-table.ts';
import type { ContextCallFacts, DocumentFacts, NodeFacts } from './model.ts';
import { AtomicStore } from './ordering/atomic-store.ts';
import { EdgeStore } from './ordering/edge-store.ts';
import { UNSEQUENCED } from './point.ts';
import { StrayFrees } from './stray-frees.ts';
import { WireTable } from './wire-table.ts';
import { WorkerTable } from './worker-table.ts';

const UNSURE =
  'Memory: something was freed that seems to be no block; a worker has the memory, whose modules nobody hears, so it is not told.';

/** Everything a document's handlers share: its facts and the indexes that join its records. */
export class DocumentState {
  readonly facts: DocumentFacts;
  readonly contexts = new Map<ContextId, ContextState>();
  readonly lanes = new Map<NodeId, Lane>();
  readonly calls = new Map<CallId, { readonly context: ContextState; call: ContextCallFacts }>();
  /** The context whose audio rendering thread this is. */
  readonly byThread = new Map<ThreadId, ContextState>();
  readonly wires = new WireTable();
  readonly edges = new EdgeStore();
  readonly atomics = new AtomicStore();
  readonly channels: ChannelTable;
  readonly memories: MemoryTable;
  readonly workers: WorkerTable;
  readonly strayFrees = new StrayFrees();
  readonly tally: CallTally = { calls: 0 };
  /** Records lost, as `lost` records and slots count them. */
  lost = 0;
  /** Records that name an entity which nobody made, and calls that cannot follow one another. */
  dropped = 0;
  invalidChunks = 0;

  /** Some of its chunks never came or could not be read. */
  set incomplete(incomplete: boolean) {
    this.facts.incomplete = incomplete;
  }

  constructor(index: number, origin: FrameOrigin, timeOrigin: number, isolated: boolean) {
    this.facts = {
      index,
      id: origin.document,
      frameId: origin.frameId,
      parentFrameId: origin.parentFrameId,
      url: origin.url,
      timeOrigin,
      isolated,
      goneAt: undefined,
      incomplete: false,
      lastAt: 0 as Micros,
      threads: new Map(),
      contexts: new Map(),
      nodes: new Map(),
      neighbours: new Map(),
      modules: new Map(),
      blocks: new Map(),
      heapSites: new Map(),
      heapCounts: new Map(),
      get blockChanges() {
        return strayFrees.changes;
      },
      get misfrees() {
        return strayFrees.misfrees(memories);
      },
      touches: new Map(),
      workers: new Map(),
      get channels() {
        return channels;
      },
      get memories() {
        return memories;
      },
      get suspects() {
        return channels.suspects();
      },
      edges: this.edges,
      atomics: this.atomics,
      compilations: [],
      coveredModules: [],
      missedModules: [],
      interventions: [],
      refused: [],
      marks: [],
      losses: [],
      coverage: [],
      pageEvents: [],
    };
    const { strayFrees } = this;
    const channels = new ChannelTable(this);
    const memories = new MemoryTable(this.facts);
    this.channels = channels;
    this.memories = memories;
    this.workers = new WorkerTable(this);
    this.facts.threads.set(MAIN_THREAD, {
      id: MAIN_THREAD,
      document: this.facts,
      kind: 'main',
      context: undefined,
      name: 'main',
      worker: undefined,
      started: { at: 0 as Micros, seq: UNSEQUENCED, thread: MAIN_THREAD, tick: 0 },
      registered: [],
    });
  }

  sawTime(at: number): void {
    if (at > this.facts.lastAt) this.facts.lastAt = at as Micros;
  }

  /** Says once that something could not be observed. */
  uncovered(text: string): void {
    const { coverage } = this.facts;
    if (!coverage.includes(text) && coverage.length < LIMITS.threads) coverage.push(text);
  }

  /** Whether one more may be kept beside `size`; says so when not. */
  hasRoom(size: number, limit: number, what: string): boolean {
    if (size < limit) return true;
    this.uncovered(`more than ${limit} ${what}: later ones are counted as dropped, not kept`);
    return false;
  }

  /** The lane that a `node` field of a record means: audio rendering threads say ordinal + 1. */
  laneOf(thread: ThreadId, node: NodeId): Lane | undefined {
    const context = this.byThread.get(thread);
    return context === undefined ? this.lanes.get(node) : context.lane(node - 1);
  }

  clockOf(thread: ThreadId): AnchoredClock | undefined {
    return this.byThread.get(thread)?.clock;
  }

  /** The end that a number of a thread means; even ones are ports of worklet nodes. */
  endOf(thread: ThreadId, id: EndId): EndState | undefined {
    if (id % 2 === 1) return this.channels.end(thread, id);
    const context = this.byThread.get(thread);
    if (context !== undefined) {
      const lane = context.lane(id / 2 - 1);
      return lane && this.processorEnd(lane, thread);
    }
    const lane = this.lanes.get((id / 2) as NodeId);
    return lane === undefined ? this.channels.end(thread, id) : this.nodeEnd(lane);
  }

  /** The page’s side of a node’s port. */
  nodeEnd(lane: Lane): EndState | undefined {
    if (lane.nodeEnd === undefined && lane.node !== undefined) {
      lane.nodeEnd = this.channels.end(MAIN_THREAD, (2 * lane.node.id) as EndId);
      this.#seat(lane, 0, lane.nodeEnd);
    }
    return lane.nodeEnd;
  }

  processorEnd(lane: Lane, thread: ThreadId): EndState | undefined {
    if (lane.processorEnd === undefined) {
      lane.processorEnd = this.channels.end(thread, (2 * (lane.ordinal + 1)) as EndId);
      this.#seat(lane, 1, lane.processorEnd);
    }
    return lane.processorEnd;
  }

  #seat(lane: Lane, side: 0 | 1, end: EndState | undefined): void {
    if (end === undefined) return;
    if (lane.channel === undefined) {
      lane.channel = this.channels.open('node');
      lane.channel.owner = lane;
    }
    this.channels.seat(lane.channel, side, end);
  }

  delivered(from: EndState, sent: Cargo, to: EndState, arrived: Cargo): void {
    if (sent.what === 'memory') {
      const left = this.memories.block(from.thread, sent.local as MemoryId);
      this.memories.join(left, this.memories.block(to.thread, arrived.local as MemoryId));
      return;
    }
    const left = this.endOf(from.thread, sent.local as EndId);
    const came = this.endOf(to.thread, arrived.local as EndId);
    if (left !== undefined && came !== undefined) this.channels.moved(left, came);
  }

  /** Joins what the last chunk allows to join. */
  settle(): void {
    let wrong = this.channels.settle();
    this.strayFrees.settle(this.memories);
    if (this.strayFrees.isUnsure(this.memories)) this.uncovered(UNSURE);
    for (const context of this.contexts.values()) if (context.order.settle()) wrong = true;
    if (!wrong) return;
    this.edges.clear();
    this.channels.replay();
    this.workers.replay();
    for (const context of this.contexts.values()) context.order.replay();
  }

  contextOf(node: NodeFacts): ContextState | undefined {
    return this.contexts.get(node.context.id);
  }

  /** `GainNode #3`, `noise #7`. */
  nodeLabel(id: NodeId): string {
    const node = this.facts.nodes.get(id);
    if (node !== undefined) return `${node.processorName} #${id}`;
    return `${this.facts.neighbours.get(id)?.type ?? 'AudioNode'} #${id}`;
  }
}
