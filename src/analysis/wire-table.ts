import * as LIMITS from '../shared/limits.ts';
import type { FieldsOf } from '../shared/records.ts';
import type { NodeId } from '../shared/units.ts';

/** A connection between two nodes of a document, at least one of them a worklet node. */
export interface Edge {
  readonly source: NodeId;
  readonly target: NodeId;
  /** The AudioParam of `target`, or empty. */
  readonly param: string;
  readonly output: number;
  readonly input: number;
}

/** The connections of a document as `connect()` and `disconnect()` make and end them. */
export class WireTable {
  readonly #outgoing = new Map<NodeId, Map<string, Edge>>();
  /** How many lead to a node. */
  readonly #incoming = new Map<NodeId, number>();

  /**
   * 'same' when that very connection is there already (`connect()` is idempotent), 'too-many' when
   * the node has more than we follow.
   */
  connect(edge: Edge): 'made' | 'same' | 'too-many' {
    let edges = this.#outgoing.get(edge.source);
    if (edges === undefined) {
      edges = new Map();
      this.#outgoing.set(edge.source, edges);
    }
    const key = `${edge.target} ${edge.output} ${edge.input} ${edge.param}`;
    if (edges.has(key)) return 'same';
    const incoming = this.#incoming.get(edge.target) ?? 0;
    if (Math.max(edges.size, incoming) >= LIMITS.wiresPerNode) return 'too-many';
    edges.set(key, edge);
    this.#incoming.set(edge.target, incoming + 1);
    return 'made';
  }

  /** Ends what one overload of `disconnect()` ends, and gives it back. */
  disconnect(fields: FieldsOf<'disconnected'>): readonly Edge[] {
    const edges = this.#outgoing.get(fields.source);
    const ended: Edge[] = [];
    for (const [key, edge] of edges ?? []) {
      if (!matches(edge, fields)) continue;
      ended.push(edge);
      edges?.delete(key);
      this.#incoming.set(edge.target, (this.#incoming.get(edge.target) ?? 1) - 1);
    }
    return ended;
  }
}

function matches(edge: Edge, fields: FieldsOf<'disconnected'>): boolean {
  const sameTarget = edge.target === fields.target && edge.param === fields.param;
  switch (fields.what) {
    case 'all':
      return true;
    case 'output':
      return edge.output === fields.output;
    case 'target':
      return sameTarget;
    case 'target-output':
      return sameTarget && edge.output === fields.output;
    case 'target-output-input':
      return sameTarget && edge.output === fields.output && edge.input === fields.input;
  }
}
