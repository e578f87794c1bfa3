import { IntrinsicWeakMap, weakMapGet, weakMapSet } from '../../base/intrinsics.ts';
import * as LIMITS from '../../shared/limits.ts';
import type { NodeId } from '../../shared/units.ts';
import type { ContextEntry } from '../entities.ts';

/** What is known of a node that has an id: a worklet node, or a neighbour of one. */
export interface NodeEntry {
  readonly id: NodeId;
  readonly context: ContextEntry;
  readonly isWorklet: boolean;
  /** The strongest kind of memory handed to its processor so far. */
  memory: 'none' | 'shared' | 'wasm';
}

/** What an AudioParam belongs to. */
export interface ParamEntry {
  readonly owner: NodeEntry;
  readonly name: string;
}

/** The page's nodes by identity, without keeping any of them alive. */
export class NodeEntries {
  /** Worklet nodes by their port. */
  readonly ports = new IntrinsicWeakMap<object, NodeEntry>();
  readonly params = new IntrinsicWeakMap<object, ParamEntry>();
  readonly #nodes = new IntrinsicWeakMap<object, NodeEntry>();
  #count = 0;

  /** Undefined when there are no ids left. */
  add(node: AudioNode, context: ContextEntry, isWorklet: boolean): NodeEntry | undefined {
    if (this.#count >= LIMITS.ids) return undefined;
    const id = ++this.#count as NodeId;
    const entry: NodeEntry = { id, context, isWorklet, memory: 'none' };
    weakMapSet(this.#nodes, node, entry);
    return entry;
  }

  /** Any id that `node` has. */
  of(node: unknown): NodeEntry | undefined {
    return weakMapGet(this.#nodes, node as object);
  }
}
