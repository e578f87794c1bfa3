import { addressLabel, threadLabel } from '../labels.ts';
import { counted, stacksOf } from '../scene.ts';
import { misfreesOf } from './misfree.ts';
import { EMSCRIPTEN_ISSUE, type Rule } from './rule.ts';

export const invalidFree: Rule = {
  id: 'invalid-free',
  severity: 'error',
  title: 'Something was freed that was never handed out',
  explain:
    'An address was freed, or moved by realloc(), at which the allocator has never handed out a block: one inside a block, on the stack, among the statics, of another heap, or a number that is no address. In a heap whose module tells of its allocator from its start, or by the annotation API in memory of which the page declares blocks. Silent where double-free is. A program whose heap was filled when it was built (pre-initialised, or restored from a copy) frees blocks that nobody saw being handed out: there it is wrong.',
  help: 'Free what malloc() gave, as it was: not a part of it, not a copy that was moved. Statics and what lies on the stack are not freed.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const { document, memory, entity, certainty, frees } of misfreesOf(scene, 'invalid')) {
      const [first] = frees;
      const last = frees.at(-1) ?? first;
      const others = frees.length === 1 ? '' : `, and ${counted(frees.length - 1, 'other')}`;
      yield {
        entity,
        certainty,
        count: frees.length,
        first: scene.time(document, first.at),
        last: scene.time(document, last.at),
        message: `${addressLabel(first.offset, memory)} was freed by ${threadLabel(document, first.thread)}, and no block was ever handed out there${others}.`,
        evidence: [scene.evidence(document, first, 'it was freed')],
        stacks: stacksOf({ free: first.stack }),
      };
    }
  },
};
