import type { Evidence } from './finding.ts';
import { allocationWords, blockLabel } from './labels.ts';
import type { LostMessages } from './lost-messages.ts';
import type { BlockFacts, DocumentFacts } from './model.ts';
import { counted, type Scene } from './scene.ts';

/** Blocks that are named one by one. */
const MAX_NAMED = 3;

/**
 * The blocks that messages took along which nobody handled, and that nobody has freed. Left out is what is not theirs
 * alone: user data of a node, and what a message that was handled took along as well.
 */
export function leftPayload(lost: readonly LostMessages[]): readonly BlockFacts[] {
  const blocks = new Set(lost.flatMap(({ payload }) => payload));
  return [...blocks].filter(
    ({ freed, users, carriers }) =>
      freed === undefined &&
      users.length === 0 &&
      carriers.every(({ end, index }) => end.sentMessage(index)?.received === undefined),
  );
}

/** A sentence, after another one; nothing where there are none. */
export function leftWords(left: readonly BlockFacts[]): string {
  if (left.length === 0) return '';
  const bytes = left.reduce((sum, { length }) => sum + length, 0);
  const size = bytes > 0 ? ` (${counted(bytes, 'byte')})` : '';
  const verb = left.length === 1 ? 'has' : 'have';
  const names = left.slice(0, MAX_NAMED).map(blockLabel).join(', ');
  const more = left.length > MAX_NAMED ? ` and ${left.length - MAX_NAMED} more` : '';
  return ` ${counted(left.length, 'block')}${size} that went along ${verb} not been freed: ${names}${more}.`;
}

export function leftEvidence(
  scene: Scene,
  document: DocumentFacts,
  left: readonly BlockFacts[],
): readonly Evidence[] {
  return left
    .slice(0, MAX_NAMED)
    .map((block) =>
      scene.evidence(document, block.allocated, `${blockLabel(block)}: ${allocationWords(block)}`),
    );
}

/** Where one of them was allocated. */
export function leftStack(left: readonly BlockFacts[]): string | undefined {
  return left.find(({ allocateStack }) => allocateStack !== '')?.allocateStack;
}
