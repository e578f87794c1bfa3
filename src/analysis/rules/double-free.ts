import { addressLabel, allocationWords, blockLabel, threadLabel } from '../labels.ts';
import { counted, stacksOf } from '../scene.ts';
import { misfreesOf } from './misfree.ts';
import { EMSCRIPTEN_ISSUE, type Rule } from './rule.ts';

export const doubleFree: Rule = {
  id: 'double-free',
  severity: 'error',
  title: 'A block was freed twice',
  explain:
    'A block was freed, or moved by realloc(), that had been freed before and not handed out again: a block of a heap whose module tells of its allocator, or one that the page declares by the annotation API. It counts which thread frees as little as which one allocated. The allocator may hand the address out twice from then on, and two owners write over each other. Silent for memory in which somebody may allocate who is not heard: a worker, a module that was compiled before modules could be rewritten, an allocator of which not all functions were found; the coverage says so.',
  help: 'Give each block one owner, and forget the address where it is freed. Of a node’s user data, either the page frees it or the callback does.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const { document, memory, entity, certainty, frees } of misfreesOf(scene, 'double')) {
      const [first] = frees;
      const { block } = first;
      const last = frees.at(-1) ?? first;
      const where = addressLabel(first.offset, memory);
      const what =
        block === undefined ? `what began at ${where}` : `${blockLabel(block)} at ${where}`;
      const times = frees.length === 1 ? 'again' : `again ${counted(frees.length, 'time')}`;
      const evidence = [scene.evidence(document, first, 'it was freed again')];
      if (block?.freed !== undefined) {
        evidence.unshift(scene.evidence(document, block.freed, 'the block was freed'));
      }
      if (block !== undefined) {
        evidence.unshift(scene.evidence(document, block.allocated, allocationWords(block)));
      }
      yield {
        entity,
        certainty,
        count: frees.length,
        first: scene.time(document, first.at),
        last: scene.time(document, last.at),
        message: `${what} had been freed, and was freed ${times} by ${threadLabel(document, first.thread)}.`,
        evidence,
        stacks: stacksOf({
          allocate: block?.allocateStack,
          free: block?.freed?.stack,
          'free again': first.stack,
        }),
      };
    }
  },
};
