import { memoryLabel, threadLabel } from '../labels.ts';
import type { DataBlockFacts, LocalMemoryFacts } from '../model.ts';
import { comparePoints } from '../point.ts';
import { counted, memoryEntity, stacksOf } from '../scene.ts';
import type { Rule } from './rule.ts';

/** One as a `WebAssembly.Memory`, and when its thread first knew it. */
type Seen = NonNullable<LocalMemoryFacts['seen']>;

export const memoryIdentitySplit: Rule = {
  id: 'memory-identity-split',
  severity: 'info',
  title: 'Two Memory objects stand for one memory in one thread',
  explain:
    'A thread holds two WebAssembly.Memory objects over the same data block: a shared memory that came back from another thread, or came twice, is another object each time. That is ordinary. But whoever compares such objects, or keeps something by them in a Map or a WeakMap, takes one memory for two; and only that object that was asked to grow hands out its new buffer at once. Objects made by structuredClone() in one thread are not seen.',
  help: 'Keep one object a memory: pass it once, and leave out of later messages what the other side has; compare by a number of your own that goes with it.',
  link: 'https://webassembly.github.io/threads/js-api/#memories',
  *find(scene) {
    for (const document of scene.documents) {
      for (const block of document.memories) {
        if (block.kind !== 'wasm' || block.locals.length < 2) continue;
        const split = splitOf(block);
        const [first] = split;
        const last = split.at(-1);
        if (first === undefined || last === undefined) continue;
        yield {
          entity: memoryEntity(block),
          certainty: 'proven',
          count: split.length - 1,
          first: scene.time(document, first.at),
          last: scene.time(document, last.at),
          message: `${memoryLabel(block)} is ${counted(split.length, 'object')} in one thread (${threadLabel(document, first.thread)}): what compares them, or keys by them, takes it for as many memories.`,
          evidence: [
            scene.evidence(document, first, 'a Memory object of it was first seen here'),
            scene.evidence(document, last, 'another one was'),
          ],
          stacks: stacksOf({ create: first.stack }),
        };
      }
    }
  },
};

/** The objects of the thread that has most of them, where it has several. */
function splitOf({ locals }: DataBlockFacts): readonly Seen[] {
  const byThread = new Map<number, Seen[]>();
  for (const { thread, seen } of locals) {
    if (seen?.kind !== 'wasm') continue;
    const known = byThread.get(thread);
    if (known === undefined) byThread.set(thread, [seen]);
    else known.push(seen);
  }
  let most: readonly Seen[] = [];
  for (const seen of byThread.values()) {
    if (seen.length > 1 && seen.length > most.length) most = seen;
  }
  return most.toSorted(comparePoints);
}
