import type { Finding, Severity } from '../../../analysis/finding.ts';
import { blockEntity } from '../../../analysis/judge-teardowns.ts';
import type { BlockFacts, DocumentFacts, EntityKey, NodeFacts } from '../../../analysis/model.ts';
import type { MemoryId, NodeId } from '../../../shared/units.ts';
import type { BlockIndex } from './block-index.ts';

/** Rules about a node that are about the block in which its user data lies. */
const ABOUT_USER_DATA: readonly string[] = ['dangling-user-data', 'heap-leak', 'free-not-ordered'];
/** About a memory, and the handles in it. */
const LEAKED_FETCHES = 'fetch-handle-leak';
const RANK = { error: 0, warning: 1, info: 2 } as const satisfies { [S in Severity]: number };

export function blockKey(document: DocumentFacts, block: BlockFacts): EntityKey {
  return blockEntity(document, block).id;
}

/** The block that a key of `blockKey` is of. */
export function findBlock(document: DocumentFacts, key: EntityKey): BlockFacts | undefined {
  const [, id] = /^\d+\/k(\d+)$/.exec(key) ?? [];
  return id === undefined ? undefined : document.blocks.get(Number(id) as BlockFacts['id']);
}

/** Whether a finding is about a block, or about what lies in it. */
export function isAbout(
  finding: Finding,
  document: DocumentFacts,
  block: BlockFacts,
  users: readonly NodeFacts[],
): boolean {
  const { rule, entity } = finding;
  if (entity.id === blockKey(document, block)) return true;
  if (rule === LEAKED_FETCHES) return isLeakedFetch(finding, document, block);
  return ABOUT_USER_DATA.includes(rule) && users.some((node) => node.key === entity.id);
}

/** Whether it holds one of the handles that a finding about its memory counts. */
function isLeakedFetch({ entity }: Finding, document: DocumentFacts, block: BlockFacts): boolean {
  const { fetch, freed, allocated, memory } = block;
  if (fetch === undefined || freed !== undefined) return false;
  return document.memories.find(allocated.thread, memory as MemoryId)?.key === entity.id;
}

/** How bad what was found about blocks is, by their rows in the index. */
export function worstByRow(
  index: BlockIndex,
  found: readonly Finding[],
): ReadonlyMap<number, Severity> {
  const worst = new Map<number, Severity>();
  const { document } = index;
  const own = `${document.index}/`;
  for (const finding of found) {
    const { rule, severity, entity } = finding;
    if (!entity.id.startsWith(own)) continue;
    const mark = (row: number): void => {
      worst.set(row, worse(worst.get(row), severity) ?? severity);
    };
    if (rule === LEAKED_FETCHES) {
      for (const [row, block] of index.blocks.entries()) {
        if (isLeakedFetch(finding, document, block)) mark(row);
      }
    } else if (entity.kind === 'block') {
      const block = findBlock(document, entity.id);
      const row = block && index.rowOf(block);
      if (row !== undefined) mark(row);
    } else if (entity.kind === 'node' && ABOUT_USER_DATA.includes(rule)) {
      const node = document.nodes.get(Number(entity.id.slice(own.length + 1)) as NodeId);
      if (node !== undefined) index.rowsOf(node).forEach(mark);
    }
  }
  return worst;
}

export function worse(a: Severity | undefined, b: Severity | undefined): Severity | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return RANK[a] <= RANK[b] ? a : b;
}

export function rankOf(severity: Severity | undefined): number {
  return severity === undefined ? 3 : RANK[severity];
}
