import type { Finding, Severity } from '../../../analysis/finding.ts';
import { blockEntity } from '../../../analysis/judge-teardowns.ts';
import type { BlockFacts, DocumentFacts, EntityKey, NodeFacts } from '../../../analysis/model.ts';
import type { MemoryId } from '../../../shared/units.ts';

/** Rules about a node that are about the block in which its user data lies. */
const ABOUT_USER_DATA: readonly string[] = ['dangling-user-data', 'heap-leak', 'free-not-ordered'];
const RANK = { error: 0, warning: 1, info: 2 } as const satisfies { [S in Severity]: number };

export function blockKey(document: DocumentFacts, block: BlockFacts): EntityKey {
  return blockEntity(document, block).id;
}

/** The block that a key of `blockKey` is of. */
export function findBlock(document: DocumentFacts, key: EntityKey): BlockFacts | undefined {
  const [, id] = /^\d+\/k(\d+)$/.exec(key) ?? [];
  return id === undefined ? undefined : document.blocks.get(Number(id) as BlockFacts['id']);
}

/** The memory that a block lies in; where nothing is known of it, as the thread numbers it. */
export function memoryKeyOf(document: DocumentFacts, block: BlockFacts): EntityKey {
  const { thread } = block.allocated;
  const memory = document.memories.find(thread, block.memory as MemoryId);
  return memory?.key ?? `${document.index}/m${thread}.${block.memory}`;
}

/** The nodes that use it: those whose user data lies in it, or else the only one that has its memory. */
export function usersOf(document: DocumentFacts, block: BlockFacts): readonly NodeFacts[] {
  if (block.users.length > 0) return block.users;
  const memory = document.memories.find(block.allocated.thread, block.memory as MemoryId);
  const nodes = memory?.nodes ?? [];
  return nodes.length === 1 ? nodes : [];
}

/** Whether a finding is about a block, or about what lies in it. */
export function isAbout({ rule, entity }: Finding, key: EntityKey, users: readonly NodeFacts[]) {
  if (entity.id === key) return true;
  return ABOUT_USER_DATA.includes(rule) && users.some((node) => node.key === entity.id);
}

/** How bad what was found about blocks is, by the block or by the node that uses it. */
export class BlockFindings {
  readonly #worst = new Map<EntityKey, Severity>();

  constructor(findings: readonly Finding[]) {
    for (const { rule, severity, entity } of findings) {
      if (entity.kind !== 'block' && !ABOUT_USER_DATA.includes(rule)) continue;
      this.#worst.set(entity.id, worse(this.#worst.get(entity.id), severity) ?? severity);
    }
  }

  worstOf(key: EntityKey, users: readonly NodeFacts[]): Severity | undefined {
    if (this.#worst.size === 0) return undefined;
    let worst = this.#worst.get(key);
    for (const node of users) worst = worse(worst, this.#worst.get(node.key));
    return worst;
  }
}

export function worse(a: Severity | undefined, b: Severity | undefined): Severity | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return RANK[a] <= RANK[b] ? a : b;
}

export function rankOf(severity: Severity | undefined): number {
  return severity === undefined ? 3 : RANK[severity];
}
