import { allocationWords, blockLabel } from '../labels.ts';
import type { BlockFacts, NodeFacts } from '../model.ts';
import { type Uses, usesAfter } from '../order.ts';
import { counted, durationWords, nodeEntity, nodeLabel, type Scene, stacksOf } from '../scene.ts';
import { EMSCRIPTEN_ISSUE, type FindingDraft, type Rule } from './rule.ts';

export const danglingUserData: Rule = {
  id: 'dangling-user-data',
  severity: 'error',
  title: 'A node is called whose user data was freed',
  explain:
    'A call of process() began when the heap block in which the node’s user data lies had been freed: that very block, not one that was handed out at its address since. The call passes the address on to WebAssembly all the same. What lies there belongs to the allocator, or to whoever got it next; whether this call touched it is not asked. The closing calls that return false count as none. Needs a module that tells of its allocator (Memory: heap hooks). free-not-ordered says whether the free could have come later than the last use at all; use-after-free speaks of a call that was in flight.',
  help: 'Free user data only when the processor has said that it stopped, after suspend() or close() has resolved for good, or by the callback itself when it returns false.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const document of scene.documents) {
      for (const block of document.blocks.values()) {
        if (block.freed === undefined) continue;
        for (const node of block.users) {
          const uses = usesAfter(node, block.freed, scene.thresholds);
          if (uses !== undefined) yield draft(scene, node, block, uses);
        }
      }
    }
  },
};

function draft(scene: Scene, node: NodeFacts, block: BlockFacts, uses: Uses): FindingDraft {
  const { document } = node;
  const { allocated, freed = allocated, allocateStack } = block;
  const { count, first, last, certainty } = uses;
  const later = durationWords(Math.max(0, last.at - freed.at));
  return {
    entity: nodeEntity(node),
    certainty,
    count,
    first: scene.time(document, first.at),
    last: scene.time(document, last.at),
    message: `${nodeLabel(node)}: ${counted(count, 'process() call')} began after ${blockLabel(block)}, in which its user data 0x${node.userData.toString(16)} lies, was freed; the last ${later} later.`,
    evidence: [
      scene.evidence(document, allocated, allocationWords(block)),
      scene.evidence(document, node.created, 'the node was created'),
      scene.evidence(document, freed, 'the block was freed'),
      scene.callEvidence(node, first, 'the first call after that'),
      scene.callEvidence(node, last, 'the last one'),
    ],
    stacks: stacksOf({
      create: node.createStack,
      allocate: allocateStack,
      free: block.freed?.stack,
    }),
  };
}
