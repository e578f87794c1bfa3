import * as LIMITS from '../shared/limits.ts';
import type { FrameOrigin } from '../shared/messages.ts';
import {
  type CallId,
  type ContextId,
  MAIN_THREAD,
  type Micros,
  type NodeId,
  type Seq,
  type ThreadId,
} from '../shared/units.ts';
import type { ContextState } from './context-state.ts';
import type { Lane } from './lane.ts';
import type { ContextCallFacts, DocumentFacts, NodeFacts } from './model.ts';
import { WireTable } from './wire-table.ts';

/** Everything a document's handlers share: its facts and the indexes that join its records. */
export class DocumentState {
  readonly facts: DocumentFacts;
  readonly contexts = new Map<ContextId, ContextState>();
  readonly lanes = new Map<NodeId, Lane>();
  readonly calls = new Map<CallId, { readonly context: ContextState; call: ContextCallFacts }>();
  /** The context whose audio rendering thread this is. */
  readonly byThread = new Map<ThreadId, ContextState>();
  readonly wires = new WireTable();
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
      refused: [],
      marks: [],
      losses: [],
      coverage: [],
      pageEvents: [],
    };
    this.facts.threads.set(MAIN_THREAD, {
      id: MAIN_THREAD,
      document: this.facts,
      kind: 'main',
      context: undefined,
      name: 'main',
      started: { at: 0 as Micros, seq: 0 as Seq, thread: MAIN_THREAD },
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
