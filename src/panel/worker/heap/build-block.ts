import type { Finding } from '../../../analysis/finding.ts';
import { addressLabel, blockLabel, nodeLabel } from '../../../analysis/labels.ts';
import type { BlockFacts, DocumentFacts, NodeFacts } from '../../../analysis/model.ts';
import { comparePoints } from '../../../analysis/point.ts';
import { stackFrames } from '../../../analysis/scene.ts';
import type { Session } from '../../../analysis/session.ts';
import { DEFAULT_THRESHOLDS } from '../../../analysis/thresholds.ts';
import type { MemoryId } from '../../../shared/units.ts';
import { showEvent } from '../build-path.ts';
import { showTeardown } from '../build-teardowns.ts';
import { documentKey } from '../entity-lookup.ts';
import { formatCount, formatDuration, plural } from '../format.ts';
import type { EntityDetail, EntityLink } from '../protocol.ts';
import { blockEvents } from './block-events.ts';
import type { BlockIndex, BlockIndexes } from './block-index.ts';
import { usersOf } from './heap-groups.ts';
import { blockKey, isAbout } from './known-blocks.ts';
import { Misuses } from './misuses.ts';

/** Stacks of accesses that are shown. */
const MOST_ACCESSES = 3;

/** What the details of blocks go by, beside the facts. */
export interface Known {
  readonly found: readonly Finding[];
  readonly indexes: BlockIndexes;
}

/** One block from its allocation to whatever touched it last. */
export function buildBlock(
  session: Session,
  { found, indexes }: Known,
  document: DocumentFacts,
  block: BlockFacts,
  offset: number,
): EntityDetail {
  const index = indexes.of(document);
  const home = index.homes()[index.home[index.rowOf(block) ?? 0] ?? 0];
  const users = usersOf(block, home);
  const misuses = new Misuses(session);
  const key = blockKey(document, block);
  const teardowns = session
    .teardowns(document, DEFAULT_THRESHOLDS)
    .filter(({ release }) => release.block === block);
  const touches = misuses.touchesOf(block);
  return {
    key,
    kind: 'block',
    title: blockLabel(block),
    row: users[0]?.key ?? documentKey(document),
    links: users.map(linkToNode),
    findings: found.filter((each) => isAbout(each, document, block, users)).map(({ id }) => id),
    facts: blockFacts(document, block, index),
    liveness: [],
    teardowns: teardowns.map((each) => showTeardown(each, offset)),
    events: blockEvents(document, block, users, misuses).map((event) =>
      showEvent(document, offset, event, blockLabel(block)),
    ),
    eventsOmitted: 0,
    stacks: [
      ...stack('allocate', block.allocateStack),
      ...stack('free', block.freed?.stack ?? ''),
      ...stack('close', block.fetch?.refused[0]?.stack ?? ''),
      ...misuses.misfreesOf(block).flatMap((each) => stack('second free', each.stack)),
      ...touches.slice(0, MOST_ACCESSES).flatMap((each) => stack('access', each.stack)),
      ...users.slice(0, 1).flatMap((node) => stack('create', node.createStack)),
    ],
  };
}

function blockFacts(
  document: DocumentFacts,
  block: BlockFacts,
  index: BlockIndex,
): EntityDetail['facts'] {
  const { allocated, freed, length, offset } = block;
  const memory = document.memories.find(allocated.thread, block.memory as MemoryId);
  const end = freed?.at ?? document.goneAt;
  const last = offset + Math.max(length, 1) - 1;
  return [
    {
      label: 'State',
      value:
        freed !== undefined
          ? `freed, after ${formatDuration(freed.at - allocated.at)}`
          : end !== undefined
            ? 'lived as long as its page'
            : `lives, for ${formatDuration(document.lastAt - allocated.at)} so far`,
    },
    { label: 'Size', value: length === 0 ? 'not known' : plural(length, 'byte') },
    {
      label: 'Address',
      value: `${addressLabel(offset, memory)}${length > 1 ? `, to 0x${last.toString(16)}` : ''}`,
    },
    { label: 'Generation', value: generationWords(block, index) },
  ];
}

/** Which of the blocks it is that were known at its address, one after the other. */
function generationWords(block: BlockFacts, index: BlockIndex): string {
  const homes = index.homes();
  const keyOf = (row: number): string | undefined => homes[index.home[row] ?? 0]?.key;
  const memory = keyOf(index.rowOf(block) ?? 0);
  const same: BlockFacts[] = [];
  for (let row = 0; row < index.blocks.length; row++) {
    if (index.offset[row] !== block.offset || keyOf(row) !== memory) continue;
    same.push(index.blocks[row] as BlockFacts);
  }
  if (same.length === 1) return 'the only block that is known at its address';
  const number = same.sort((a, b) => comparePoints(a.allocated, b.allocated)).indexOf(block);
  return `number ${formatCount(number + 1)} of ${formatCount(same.length)} that are known at its address`;
}

function linkToNode(node: NodeFacts): EntityLink {
  return { label: nodeLabel(node), target: { kind: 'row', key: node.key } };
}

/** The blocks of a node, for its own detail. */
export function blockLinksOf(node: NodeFacts, indexes: BlockIndexes): readonly EntityLink[] {
  const index = indexes.of(node.document);
  return index.rowsOf(node).map((row) => {
    const block = index.blocks[row] as BlockFacts;
    const key = blockKey(node.document, block);
    return { label: blockLabel(block), target: { kind: 'heap', key, row: node.key } };
  });
}

function stack(role: string, text: string): EntityDetail['stacks'] {
  const frames = stackFrames(text);
  return frames.length === 0 ? [] : [{ role, frames }];
}
