import { firstFarewell } from '../farewells.ts';
import { allocationWords, blockLabel } from '../labels.ts';
import { type BlockFacts, DESTROY_SIGNALS, type Destroyed, type NodeFacts } from '../model.ts';
import { comparePoints } from '../point.ts';
import { counted, nodeEntity, nodeLabel, type Scene, stacksOf } from '../scene.ts';
import { growingSites } from './growing-sites.ts';
import { EMSCRIPTEN_ISSUE, type FindingDraft, type Rule } from './rule.ts';

/** The block of a node that was given up. */
interface Left {
  readonly node: NodeFacts;
  readonly block: BlockFacts;
  readonly farewell: Destroyed;
}

export const heapLeak: Rule = {
  id: 'heap-leak',
  severity: 'warning',
  title: 'Blocks of a heap are never freed',
  explain:
    'The heap block in which a destroyed node’s user data lies is still there, although another node of its kind (the same processor and callback) was destroyed later and its block was freed. All nodes of one kind are one finding. Blocks that a node which is not destroyed uses too are no leak, nor is what no node of a kind frees: it may be meant to stay. The other case is a place in the program that allocates and whose blocks, counted once a second, have done nothing but grow for a long time, to the last: one finding for a thread, with the place that keeps most. Blocks are counted there as far as stacks are taken, of which an audio rendering thread takes few; what stops growing, or shrinks in between, is a cache. Needs a module that tells of its allocator (Memory: heap hooks).',
  help: 'Free user data on every path on which a node is given up: also of a node that was never called, whose context is suspended, or that failed to start. A callback that frees its own user data does so only if it is called again.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const document of scene.documents) {
      yield* growingSites(scene, document);
      const kinds = new Map<string, { readonly kept: Left[]; readonly freed: Left[] }>();
      for (const block of document.blocks.values()) {
        const left = leftOf(block);
        if (left === undefined) continue;
        const { processorName, callback, context } = left.node;
        const kind = `${context.id} ${callback} ${processorName}`;
        const known = kinds.get(kind) ?? { kept: [], freed: [] };
        kinds.set(kind, known);
        (block.freed === undefined ? known.kept : known.freed).push(left);
      }
      for (const { kept, freed } of kinds.values()) {
        const since = document.lastAt - scene.thresholds.leakSeconds * 1e6;
        const leaked = kept.filter(
          ({ farewell }) =>
            farewell.at <= since &&
            freed.some((other) => comparePoints(farewell, other.farewell) < 0),
        );
        if (leaked.length > 0) yield draft(scene, leaked, freed.length);
      }
    }
  },
};

/** Undefined while a node that uses it is there. */
function leftOf(block: BlockFacts): Left | undefined {
  let left: Left | undefined;
  for (const node of block.users) {
    const farewell = firstFarewell(node, DESTROY_SIGNALS);
    if (farewell === undefined) return undefined;
    if (left === undefined || comparePoints(left.farewell, farewell) < 0) {
      left = { node, block, farewell };
    }
  }
  return left;
}

function draft(scene: Scene, leaked: readonly Left[], freed: number): FindingDraft {
  const ordered = leaked.toSorted((a, b) => comparePoints(a.farewell, b.farewell));
  const { node, block, farewell } = ordered[0] as Left;
  const last = ordered.at(-1)?.farewell ?? farewell;
  const { document } = node;
  const bytes = leaked.reduce((sum, each) => sum + each.block.length, 0);
  const size = bytes > 0 ? ` (${counted(bytes, 'byte')})` : '';
  return {
    entity: nodeEntity(node),
    certainty: 'likely',
    count: leaked.length,
    first: scene.time(document, farewell.at),
    last: scene.time(document, last.at),
    message: `${nodeLabel(node)}: ${blockLabel(block)}, in which its user data lies, is still there; of ${counted(leaked.length + freed, `destroyed ${node.processorName}`)}, the user data of ${leaked.length}${size} was not freed.`,
    evidence: [
      scene.evidence(document, block.allocated, allocationWords(block)),
      scene.evidence(document, node.created, 'the node was created'),
      scene.farewellEvidence(node, farewell),
    ],
    stacks: stacksOf({
      create: node.createStack,
      destroy: farewell.stack,
      allocate: block.allocateStack,
    }),
  };
}
