import { blockEntity, teardownEvidence, teardownMessage } from '../judge-teardowns.ts';
import type { BlockFacts } from '../model.ts';
import type { Teardown } from '../ordering/teardown.ts';
import { stacksOf } from '../scene.ts';
import { EMSCRIPTEN_ISSUE, type Rule } from './rule.ts';

export const freeNotOrdered: Rule = {
  id: 'free-not-ordered',
  severity: 'error',
  title: 'Memory was freed that nothing keeps a processor from using',
  explain:
    'A block that a processor uses (the block of a heap in which its user data lies, where the level of memory lets that be seen, or one that the page declares by the annotation alloc(), in memory that a processor holds) was freed, and nothing had to make that later than the last call that uses it, and than whatever rules out another one: no answer to a stop message, no lock held during the call, no suspension that had resolved. It fires though nothing collided this time; with other timing process() reads and writes what belongs to somebody else. Silent where it is not known, such as where WebAssembly code has atomic instructions that are not recorded.',
  help: 'Free the memory only when the processor has said that it stopped (a message, answered after its last use), or after suspend() or close() has resolved, or after taking a lock that process() holds while it works and that a flag keeps it from taking again. A flag alone, a message without an answer, or a wait with a time-out leaves the call in flight.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    const racy = new Map<BlockFacts, Teardown[]>();
    for (const teardown of scene.teardowns) {
      const { block } = teardown.release;
      if (teardown.verdict !== 'racy' || block === undefined) continue;
      const known = racy.get(block);
      if (known === undefined) racy.set(block, [teardown]);
      else known.push(teardown);
    }
    for (const [block, teardowns] of racy) {
      const [first] = teardowns;
      if (first === undefined) continue;
      const { node, release } = first;
      const at = scene.time(node.document, release.at);
      yield {
        entity: blockEntity(node.document, block),
        certainty: teardowns.some(({ certainty }) => certainty === 'proven') ? 'proven' : 'likely',
        // Of each node that uses it.
        count: teardowns.length,
        first: at,
        last: at,
        message: teardownMessage(first),
        evidence: [
          scene.evidence(node.document, block.allocated, 'the block was allocated'),
          ...teardownEvidence(scene, first),
        ],
        stacks: stacksOf({
          create: node.createStack,
          allocate: block.allocateStack,
          free: release.stack,
        }),
      };
    }
  },
};
