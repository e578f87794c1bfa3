import type { MemoryId } from '../../shared/units.ts';
import { firstFarewell } from '../farewells.ts';
import { blockEntity } from '../judge-teardowns.ts';
import { blockLabel } from '../labels.ts';
import type { BlockFacts, Call, NodeFacts } from '../model.ts';
import { useInFlight, usesAfter } from '../order.ts';
import type { Teardown } from '../ordering/teardown.ts';
import { counted, durationWords, nodeLabel, type Scene, stacksOf } from '../scene.ts';
import { touchDraft, touchedBlocks } from '../touched-blocks.ts';
import { EMSCRIPTEN_ISSUE, type FindingDraft, type Rule } from './rule.ts';

const IMMEDIATE = ['declared', 'emscripten', 'closed'] as const;
const FINAL = ['declared', 'emscripten', 'closed', 'context-closed'] as const;

export const useAfterFree: Rule = {
  id: 'use-after-free',
  severity: 'error',
  title: 'Memory was used after it was freed',
  explain:
    'An instruction of a WebAssembly module has touched a freed block, as the level full of memory sees: that is proven, with the instruction, the thread and the place in the block. Or a block was freed that a processor uses: the block of a heap in which its user data lies, where the level of memory lets that be seen, or one that the page declares by the annotation alloc() and that is all it declares of a memory that a processor holds. It was freed while a call of process() that uses it was in flight, or a call began after that: the collision that free-not-ordered warns of. Each call counts as a use of the block, but for the closing calls that return false. Only the shared sequence counter of an isolated page can tell. Unless an instruction was seen, it is silent where the node was declared destroyed, or was closed, by then: process-in-flight-at-destroy and process-after-destroy say it; and where calls began after user data was freed, for dangling-user-data says it.',
  help: 'Free the memory only when the processor has said that it stopped, or after suspend() or close() has resolved, or after taking a lock that process() holds while it works.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    const touched = new Set<BlockFacts>();
    for (const each of touchedBlocks(scene)) {
      if (each.block !== undefined) touched.add(each.block);
      yield touchDraft(scene, each);
    }
    for (const teardown of scene.teardowns) {
      const { node, release, verdict } = teardown;
      const { block } = release;
      if (verdict !== 'racy' || block === undefined || !node.document.isolated) continue;
      // Better known.
      if (touched.has(block)) continue;
      if (isTold(node, scene) || !isAlone(block, node)) continue;
      const { at, seq, thread, tick } = release;
      const call = useInFlight(node, release, scene.thresholds);
      const uses = usesAfter(node, { at, seq, thread, tick }, scene.thresholds);
      if (call === undefined && uses === undefined) continue;
      // Of user data, `dangling-user-data` speaks of the calls that began after that.
      if (uses !== undefined && block.users.includes(node)) continue;
      yield draft(scene, teardown, block, call, uses);
    }
  },
};

/** Whether a rule about the node itself says it already. */
function isTold(node: NodeFacts, scene: Scene): boolean {
  const { thresholds } = scene;
  const immediate = firstFarewell(node, IMMEDIATE);
  if (immediate !== undefined && useInFlight(node, immediate, thresholds) !== undefined)
    return true;
  const final = firstFarewell(node, FINAL);
  return final !== undefined && usesAfter(node, final, thresholds) !== undefined;
}

/** Of several blocks in one memory, nobody sees here which one a call touches, but for Emscripten’s user data. */
function isAlone(block: BlockFacts, { document, emscripten }: NodeFacts): boolean {
  if (emscripten === 'node') return true;
  const memory = document.memories.find(block.allocated.thread, block.memory as MemoryId);
  for (const other of document.blocks.values()) {
    if (other === block) continue;
    if (document.memories.find(other.allocated.thread, other.memory as MemoryId) === memory)
      return false;
  }
  return memory !== undefined;
}

function draft(
  scene: Scene,
  { node, release }: Teardown,
  block: BlockFacts,
  call: Call | undefined,
  uses: ReturnType<typeof usesAfter>,
): FindingDraft {
  const { document } = node;
  const first = scene.time(document, release.at);
  const last = uses === undefined ? first : scene.time(document, uses.last.at);
  const began =
    uses === undefined
      ? ''
      : `${counted(uses.count, 'process() call')} that ${uses.count === 1 ? 'uses' : 'use'} it began after that, the last ${durationWords(Math.max(0, uses.last.at - release.at))} later`;
  const wasInFlight =
    call === undefined
      ? ''
      : `the call at frame ${call.frame} was in flight (order ${call.enter} < ${release.seq} < ${call.exit})`;
  const words = [wasInFlight, began].filter((each) => each !== '').join(', and ');
  return {
    entity: blockEntity(document, block),
    certainty: 'proven',
    count: (call === undefined ? 0 : 1) + (uses?.count ?? 0),
    first,
    last,
    message: `${nodeLabel(node)}: the block ${blockLabel(block)} was freed; ${words}.`,
    evidence: [
      scene.evidence(document, block.allocated, 'the block was allocated'),
      ...(call === undefined ? [] : [scene.callEvidence(node, call, 'the call in flight')]),
      scene.evidence(document, release, `the block ${blockLabel(block)} was freed`),
      ...(uses === undefined
        ? []
        : [scene.callEvidence(node, uses.first, 'the first call after that')]),
    ],
    stacks: stacksOf({
      create: node.createStack,
      allocate: block.allocateStack,
      free: release.stack,
    }),
  };
}
