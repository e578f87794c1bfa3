import { blockEntity, releaseWords } from '../../analysis/judge-teardowns.ts';
import type { DocumentFacts, NodeFacts } from '../../analysis/model.ts';
import type { OrderedBy, Teardown } from '../../analysis/ordering/teardown.ts';
import type { Session } from '../../analysis/session.ts';
import { DEFAULT_THRESHOLDS } from '../../analysis/thresholds.ts';
import { buildApart, buildPath, showEvent } from './build-path.ts';
import type { EntityEvent } from './entity-events.ts';
import { callEvent } from './find-event.ts';
import { type PathStep, type TeardownView, VERDICTS, type Verdict } from './protocol.ts';

/** The verdicts on all releases of a node and its memory. */
export function buildTeardowns(
  session: Session,
  node: NodeFacts,
  offset: number,
): readonly TeardownView[] {
  return teardownsOf(session, node.document)
    .filter((each) => each.node === node)
    .map((each) => showTeardown(each, offset));
}

/** The worst verdict on each node that was given up. */
export function worstVerdicts(
  session: Session,
  document: DocumentFacts,
): ReadonlyMap<NodeFacts, Verdict> {
  const worst = new Map<NodeFacts, Verdict>();
  for (const { node, verdict } of teardownsOf(session, document)) {
    const known = worst.get(node);
    if (known === undefined || VERDICTS.indexOf(verdict) < VERDICTS.indexOf(known)) {
      worst.set(node, verdict);
    }
  }
  return worst;
}

function teardownsOf(session: Session, document: DocumentFacts): readonly Teardown[] {
  return session.teardowns(document, DEFAULT_THRESHOLDS);
}

const BY_WORDS = {
  'never-used': 'never used',
  message: 'an answered message',
  semaphore: 'a semaphore',
  suspended: 'a suspended context',
  closed: 'a closed context',
  'returned-false': 'process() having returned false',
  threw: 'process() having thrown',
  'same-thread': 'the thread itself',
} as const satisfies { readonly [by in OrderedBy]: string };

export function showTeardown(teardown: Teardown, offset: number): TeardownView {
  const { release, verdict, by, certainty, reason } = teardown;
  const words = releaseWords(release);
  const { document, key } = teardown.node;
  return {
    entity: release.block === undefined ? key : blockEntity(document, release.block).id,
    verdict,
    certainty,
    title: by === undefined || by === 'never-used' ? words : `${words}, ordered by ${BY_WORDS[by]}`,
    message: sentence(reason),
    path: pathOf(teardown, offset),
  };
}

/** A name of code keeps its small letter. */
function sentence(words: string): string {
  const first = /^\w+\(/.test(words) ? words.charAt(0) : words.charAt(0).toUpperCase();
  return `${first}${words.slice(1)}.`;
}

function pathOf(teardown: Teardown, offset: number): readonly PathStep[] {
  const { node, release, verdict, lastUse, closing, path } = teardown;
  const { document } = node;
  const end: EntityEvent = {
    at: release.at,
    seq: release.seq,
    thread: release.thread,
    tick: release.tick,
    what: releaseWords(release),
  };
  const thread = node.context.audioThread?.id;
  if (lastUse === undefined || thread === undefined) {
    return [{ event: showEvent(document, offset, end), link: undefined }];
  }
  const use = callEvent(node, lastUse, thread);
  const first: EntityEvent = { ...use, what: `last use: ${use.what}` };
  if (verdict === 'ordered') return buildPath(document, offset, first, path, end);
  const order = verdict === 'racy' ? 'unordered' : 'unknown';
  if (closing === undefined) {
    return buildApart(
      document.isolated,
      showEvent(document, offset, first),
      showEvent(document, offset, end),
      order,
    );
  }
  const call = callEvent(node, closing, thread);
  const last = { ...call, what: `the call that showed it to be the last: ${call.what}` };
  return [
    ...buildPath(document, offset, first, [], last).slice(0, 1),
    ...buildApart(
      document.isolated,
      showEvent(document, offset, last),
      showEvent(document, offset, end),
      order,
    ),
  ];
}
