import type { MemoryId, Seq } from '../shared/units.ts';
import type { FindingEntity } from './finding.ts';
import { blockEntity, teardownEvidence } from './judge-teardowns.ts';
import { blockLabel, nodeLabel, threadLabel } from './labels.ts';
import type { BlockFacts, Call, DocumentFacts, NodeFacts, Point, TouchFacts } from './model.ts';
import { comparePoints } from './point.ts';
import type { FindingDraft } from './rules/rule.ts';
import { counted, durationWords, type Scene, stacksOf, threadEntity } from './scene.ts';

/** A freed block and the instructions that have touched it. */
export interface TouchedBlock {
  readonly document: DocumentFacts;
  readonly entity: FindingEntity;
  /** Undefined where the thread that handed it out has not told of it. */
  readonly block: BlockFacts | undefined;
  /** By time. There is one at least. */
  readonly touches: readonly TouchFacts[];
}

/** Which freed blocks instructions have touched. A block is known by its memory, its place, and when it was handed out. */
export function touchedBlocks(scene: Scene): readonly TouchedBlock[] {
  return scene.documents.flatMap((document) => {
    if (document.touches.size === 0) return [];
    const byOffset = blocksByOffset(document);
    const found = new Map<string, TouchedBlock & { readonly touches: TouchFacts[] }>();
    for (const touch of document.touches.values()) {
      const block = blockOf(document, touch, byOffset.get(touch.offset) ?? []);
      const thread = document.threads.get(touch.thread);
      const entity = block ? blockEntity(document, block) : thread && threadEntity(thread);
      if (entity === undefined) continue;
      const known = found.get(entity.id);
      if (known !== undefined) known.touches.push(touch);
      else found.set(entity.id, { document, entity, block, touches: [touch] });
    }
    for (const { touches } of found.values()) touches.sort(comparePoints);
    return [...found.values()];
  });
}

function blocksByOffset({ blocks }: DocumentFacts): ReadonlyMap<number, readonly BlockFacts[]> {
  const out = new Map<number, BlockFacts[]>();
  for (const block of blocks.values()) {
    const known = out.get(block.offset);
    if (known === undefined) out.set(block.offset, [block]);
    else known.push(block);
  }
  return out;
}

/** The last that was handed out there before, in the same memory. */
function blockOf(
  { memories }: DocumentFacts,
  touch: TouchFacts,
  candidates: readonly BlockFacts[],
): BlockFacts | undefined {
  const where = memories.find(touch.thread, touch.memory as MemoryId);
  let last: BlockFacts | undefined;
  for (const block of candidates) {
    const { allocated, memory } = block;
    if (comparePoints(allocated, touch) > 0) continue;
    const isOwn = allocated.thread === touch.thread && memory === touch.memory;
    const isSame =
      where !== undefined && memories.find(allocated.thread, memory as MemoryId) === where;
    if (!isOwn && !isSame) continue;
    if (last === undefined || comparePoints(last.allocated, allocated) < 0) last = block;
  }
  return last;
}

/** What is said of it: which instruction, where in the block, how long after the free, and whether that was ordered. */
export function touchDraft(
  scene: Scene,
  { document, entity, block, touches }: TouchedBlock,
): FindingDraft {
  const [first] = touches as readonly [TouchFacts];
  const count = touches.reduce((sum, { times }) => sum + times, 0);
  const last = touches.reduce<Point>(
    (latest, touch) => (comparePoints(latest, touch.last) < 0 ? touch.last : latest),
    first.last,
  );
  const freed = block?.freed;
  const teardown = scene.teardowns.find(({ release }) => block && release.block === block);
  const during = callAround(document, first);
  return {
    entity,
    certainty: 'proven',
    count,
    first: scene.time(document, first.at),
    last: scene.time(document, last.at),
    message: [
      `${threadLabel(document, first.thread)}: ${accessWords(first)} touched ${placeWords(first, block)}`,
      ...(freed === undefined || first.at < freed.at
        ? []
        : [`, ${durationWords(first.at - freed.at)} after it was freed`]),
      during === undefined ? '' : `, in process() of ${nodeLabel(during.node)}`,
      `; at least ${counted(count, 'hit')} by ${counted(touches.length, 'instruction')}.`,
      teardown === undefined
        ? ''
        : ` The free was ${VERDICT_WORDS[teardown.verdict]}: ${teardown.reason}.`,
    ].join(''),
    evidence: [
      ...(block === undefined
        ? []
        : [scene.evidence(document, block.allocated, 'the block was allocated')]),
      ...(teardown === undefined
        ? freed === undefined
          ? []
          : [scene.evidence(document, freed, 'the block was freed')]
        : teardownEvidence(scene, teardown)),
      scene.evidence(document, first, `${accessWords(first)} touched it`),
      ...(during === undefined
        ? []
        : [scene.callEvidence(during.node, during.call, 'the call that did it')]),
      ...touches
        .slice(1, MOST_OTHERS)
        .map((touch) => scene.evidence(document, touch, `${accessWords(touch)} did too`)),
    ],
    stacks: stacksOf({
      access: first.stack,
      free: freed?.stack,
      allocate: block?.allocateStack,
    }),
  };
}

/** Of the instructions that touched a block so many are shown. */
const MOST_OTHERS = 8;

const VERDICT_WORDS = {
  ordered: 'ordered after the uses that are known',
  racy: 'not ordered after the last use',
  unknown: 'in an order that is not known',
} as const;

/** `a load of 4 bytes (f32.load in function 5 "process", byte 0x12 of it, 0x1a3 of the module)`. */
export function accessWords(touch: TouchFacts): string {
  const { access, bytes, writes, functionIndex, functionName, functionOffset, site } = touch;
  const what = bytes === 0 ? 'an access' : writes ? 'a store' : 'a load';
  const width = bytes === 0 ? '' : ` of ${counted(bytes, 'byte')}`;
  const name = functionName === '' ? '' : ` “${functionName}”`;
  return `${what}${width} (${access} in function ${functionIndex}${name}, byte ${hex(functionOffset)} of it, ${hex(site)} of the module)`;
}

function placeWords({ into, length }: TouchFacts, block: BlockFacts | undefined): string {
  const name = block === undefined ? 'a freed block' : `the freed block ${blockLabel(block)}`;
  return `${counted(into, 'byte')} into ${name} of ${counted(length, 'byte')}`;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** The call of `process()` that was in flight in that thread. */
export function callAround(
  document: DocumentFacts,
  touch: TouchFacts,
): { readonly node: NodeFacts; readonly call: Call } | undefined {
  if (!document.isolated) return undefined;
  for (const node of document.nodes.values()) {
    if (node.context.audioThread?.id !== touch.thread) continue;
    const call = node.calls.inFlightAt(touch.seq as Seq);
    if (call !== undefined) return { node, call };
  }
  return undefined;
}
