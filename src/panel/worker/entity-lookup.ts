import type { ContextFacts, DocumentFacts, EntityKey, NodeFacts } from '../../analysis/model.ts';
import type { Session } from '../../analysis/session.ts';

/** The entity behind the key of a row. */
export type Entity =
  | { readonly kind: 'document'; readonly facts: DocumentFacts }
  | { readonly kind: 'context'; readonly facts: ContextFacts }
  | { readonly kind: 'node'; readonly facts: NodeFacts };

export function documentKey(document: DocumentFacts): EntityKey {
  return `${document.index}/d`;
}

export function findEntity(session: Session, key: EntityKey): Entity | undefined {
  const document = session.documents.find((each) => key.startsWith(`${each.index}/`));
  if (document === undefined) return undefined;
  if (key === documentKey(document)) return { kind: 'document', facts: document };
  for (const context of document.contexts.values()) {
    if (context.key === key) return { kind: 'context', facts: context };
  }
  for (const node of document.nodes.values()) {
    if (node.key === key) return { kind: 'node', facts: node };
  }
  return undefined;
}

export function documentOf(entity: Entity): DocumentFacts {
  return entity.kind === 'document' ? entity.facts : entity.facts.document;
}

export function threadName(document: DocumentFacts, thread: number): string {
  for (const each of document.threads.values()) if (each.id === thread) return each.name;
  return thread === 0 ? 'main' : `thread ${thread}`;
}
