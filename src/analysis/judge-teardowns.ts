import type { Micros } from '../shared/units.ts';
import type { Certainty, Evidence, FindingEntity } from './finding.ts';
import { blockLabel, nodeLabel, threadLabel } from './labels.ts';
import type { BlockFacts, DocumentFacts, NodeFacts } from './model.ts';
import { EDGE_KINDS, type Edge, type Place } from './ordering/places.ts';
import type { Release, Teardown } from './ordering/teardown.ts';
import { nodeEntity, Scene, SIGNAL_WORDS } from './scene.ts';
import type { Session } from './session.ts';
import type { Thresholds } from './thresholds.ts';

/** A verdict on one release of something that a processor uses, as it is shown. */
export interface JudgedTeardown {
  /** Stable while the session grows. */
  readonly id: string;
  /** The node, or the block that was freed. */
  readonly entity: FindingEntity;
  readonly node: NodeFacts;
  readonly verdict: Teardown['verdict'];
  readonly by: Teardown['by'];
  readonly certainty: Certainty;
  /** Since the navigation start of the top document. */
  readonly at: Micros;
  readonly release: Release['kind'];
  /** In plain words, with the names of this page. */
  readonly message: string;
  /** The last use, what leads from it to the release, and the release. */
  readonly evidence: readonly Evidence[];
}

/** The verdict on every teardown of the session as it stands, by time. */
export function judgeTeardowns(
  session: Session,
  thresholds?: Partial<Thresholds>,
): readonly JudgedTeardown[] {
  const scene = new Scene(session, thresholds);
  return scene.teardowns.map((each) => judged(scene, each)).sort((a, b) => a.at - b.at);
}

function judged(scene: Scene, teardown: Teardown): JudgedTeardown {
  const { node, release, verdict, by, certainty } = teardown;
  const entity =
    release.block === undefined ? nodeEntity(node) : blockEntity(node.document, release.block);
  return {
    id: `${node.key}:${release.kind}:${entity.id}`,
    entity,
    node,
    verdict,
    by,
    certainty,
    at: scene.time(node.document, release.at),
    release: release.kind,
    message: teardownMessage(teardown),
    evidence: teardownEvidence(scene, teardown),
  };
}

const VERDICT_WORDS: { readonly [verdict in Teardown['verdict']]: string } = {
  ordered: 'Ordered',
  racy: 'Racy',
  unknown: 'Unknown',
};

export function teardownMessage({ node, release, verdict, reason }: Teardown): string {
  return `${nodeLabel(node)}: ${releaseWords(release)}. ${VERDICT_WORDS[verdict]}: ${reason}.`;
}

/** What the page did. */
export function releaseWords({ kind, block }: Release): string {
  if (kind !== 'free') return SIGNAL_WORDS[kind];
  return block === undefined ? 'a block was freed' : `the block ${blockLabel(block)} was freed`;
}

export function blockEntity(document: DocumentFacts, block: BlockFacts): FindingEntity {
  return { kind: 'block', id: `${document.index}/k${block.id}`, label: blockLabel(block) };
}

export function teardownEvidence(scene: Scene, teardown: Teardown): readonly Evidence[] {
  const { node, release, lastUse, closing, path } = teardown;
  const { document } = node;
  const evidence: Evidence[] = [];
  if (lastUse !== undefined) {
    evidence.push(scene.callEvidence(node, lastUse, 'the last call that used it'));
  }
  if (closing !== undefined) {
    evidence.push(scene.callEvidence(node, closing, 'the call that showed it to be the last'));
  }
  let at = lastUse?.at ?? release.at;
  for (const edge of path) {
    at = Math.min(Math.max(at, timeOf(node, edge.from) ?? at), release.at) as Micros;
    evidence.push({
      at: scene.time(document, at),
      thread: threadLabel(document, edge.to.thread),
      what: edgeWords(document, edge),
    });
  }
  evidence.push(scene.evidence(document, release, releaseWords(release)));
  return evidence;
}

/** `a message was sent → it was handled: AudioContext #1 → page`. */
export function edgeWords(document: DocumentFacts, { kind, from, to }: Edge): string {
  const order = document.isolated ? ` (order ${from.tick} → ${to.tick})` : '';
  const way = `${threadLabel(document, from.thread)} → ${threadLabel(document, to.thread)}`;
  return `${EDGE_KINDS[kind].words}: ${way}${order}`;
}

/** When a place on the node’s own thread was, as its calls tell; of other threads that is not known. */
function timeOf({ calls, context }: NodeFacts, { thread, tick }: Place): Micros | undefined {
  if (thread !== context.audioThread?.id) return undefined;
  return calls.at(calls.firstEnteredAfter(tick as never) - 1)?.at;
}
