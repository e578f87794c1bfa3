import type { FindingEntity } from '../../analysis/finding.ts';
import type {
  ChannelFacts,
  ContextFacts,
  DocumentFacts,
  EntityKey,
  NodeFacts,
  WorkerFacts,
} from '../../analysis/model.ts';
import type { Session } from '../../analysis/session.ts';
import { DEFAULT_THRESHOLDS } from '../../analysis/thresholds.ts';
import { MAIN_THREAD, type ThreadId } from '../../shared/units.ts';

/** The entity behind the key of a row. */
export type Entity =
  | { readonly kind: 'document'; readonly facts: DocumentFacts }
  | { readonly kind: 'context'; readonly facts: ContextFacts }
  | { readonly kind: 'worker'; readonly facts: WorkerFacts }
  | { readonly kind: 'node'; readonly facts: NodeFacts };

export function documentKey(document: DocumentFacts): EntityKey {
  return `${document.index}/d`;
}

export function findEntity(session: Session, key: EntityKey): Entity | undefined {
  const document = session.documents.find((each) => key.startsWith(`${each.index}/`));
  if (document === undefined) return undefined;
  if (key === documentKey(document)) return { kind: 'document', facts: document };
  const worker = document.workers.get(key);
  if (worker !== undefined) return { kind: 'worker', facts: worker };
  for (const context of document.contexts.values()) {
    if (context.key === key) return { kind: 'context', facts: context };
  }
  for (const node of document.nodes.values()) {
    if (node.key === key) return { kind: 'node', facts: node };
  }
  return undefined;
}

/** The row on which a finding about this entity stands; undefined when it has none. */
export function rowOfEntity(
  session: Session,
  { kind, id }: FindingEntity,
  rowOfPort: (document: DocumentFacts, key: EntityKey) => EntityKey,
): EntityKey | undefined {
  const document = session.documents.find((each) => id.startsWith(`${each.index}/`));
  if (document === undefined) return undefined;
  switch (kind) {
    case 'context':
    case 'node':
    case 'worker':
      return id;
    case 'thread':
      return rowOfThread(document, Number(id.split('/t')[1]) as ThreadId);
    case 'port':
      return rowOfPort(document, id);
    case 'block': {
      const teardowns = session.teardowns(document, DEFAULT_THRESHOLDS);
      const freed = teardowns.find(
        ({ release }) => id === `${document.index}/k${release.block?.id}`,
      );
      return freed?.node.key ?? documentKey(document);
    }
    case 'memory':
      for (const { key, nodes, locals } of document.memories) {
        if (key !== id) continue;
        return nodes[0]?.key ?? rowOfThread(document, locals[0]?.thread ?? MAIN_THREAD);
      }
      return undefined;
  }
}

/** Rows of free ports: that of the last thread that held the first side; of a broadcast that of the page. */
export function portRows(): (document: DocumentFacts, key: EntityKey) => EntityKey {
  const known = new Map<DocumentFacts, Map<EntityKey, EntityKey>>();
  return (document, key) => {
    let rows = known.get(document);
    if (rows === undefined) {
      rows = new Map();
      known.set(document, rows);
      for (const channel of document.channels) {
        const end = channel.kind === 'port' ? channel.sides[0]?.ends.at(-1) : undefined;
        if (end !== undefined) rows.set(channel.key, rowOfEnd(channel, end.thread));
      }
    }
    return rows.get(key) ?? documentKey(document);
  };
}

export function documentOf(entity: Entity): DocumentFacts {
  return entity.kind === 'document' ? entity.facts : entity.facts.document;
}

/** The row on which a thread is drawn: the page’s own is that of its document. */
export function rowOfThread(document: DocumentFacts, id: ThreadId): EntityKey {
  if (id === MAIN_THREAD) return documentKey(document);
  const thread = document.threads.get(id);
  return thread?.worker?.key ?? thread?.context?.key ?? documentKey(document);
}

/** The row on which an end of a channel is drawn in this thread. */
export function rowOfEnd({ node, document }: ChannelFacts, thread: ThreadId): EntityKey {
  return node !== undefined && thread === node.context.audioThread?.id
    ? node.key
    : rowOfThread(document, thread);
}
