import { addresseeLabel, nodeLabel } from '../../../analysis/labels.ts';
import type {
  BlockFacts,
  Call,
  DocumentFacts,
  MessageFacts,
  NodeFacts,
} from '../../../analysis/model.ts';
import { useInFlight, usesAfter } from '../../../analysis/order.ts';
import { comparePoints } from '../../../analysis/point.ts';
import { DEFAULT_THRESHOLDS } from '../../../analysis/thresholds.ts';
import { accessWords, callAround } from '../../../analysis/touched-blocks.ts';
import { type EntityEvent, fateOf, point, SIGNAL_WORDS } from '../entity-events.ts';
import { callEvent } from '../find-event.ts';
import { formatBytes, formatCount, plural } from '../format.ts';
import type { Misuses } from './misuses.ts';

/** The nodes of a block that are told of; what touched it. */
const MOST_USERS = 16;
const MOST_TOUCHES = 32;
/** The messages that took it along. */
const MOST_CARRIERS = 16;

/** A block’s biography: handed out, passed to nodes, sent along, freed, touched. In order. */
export function blockEvents(
  document: DocumentFacts,
  block: BlockFacts,
  users: readonly NodeFacts[],
  misuses: Misuses,
): readonly EntityEvent[] {
  const { allocated, freed, length, label } = block;
  const events: EntityEvent[] = [
    {
      ...allocated,
      what:
        length === 0
          ? 'first seen; another thread had handed it out'
          : `allocated${label === '' ? '' : ` by ${label}`}: ${formatBytes(length)}`,
    },
  ];
  for (const node of users.slice(0, MOST_USERS)) {
    events.push(...userEvents(block, node, block.users.includes(node)));
  }
  for (const { end, index } of block.carriers.slice(0, MOST_CARRIERS)) {
    const message = end.sentMessage(index);
    if (message !== undefined) events.push(...carrierEvents(message));
  }
  events.push(...fetchEvents(block));
  if (freed !== undefined) events.push({ ...freed, what: 'freed' });
  for (const misfree of misuses.misfreesOf(block)) {
    events.push({ ...misfree, what: 'freed once more' });
  }
  for (const touch of misuses.touchesOf(block).slice(0, MOST_TOUCHES)) {
    const during = callAround(document, touch);
    const where = during === undefined ? '' : `, in process() of ${nodeLabel(during.node)}`;
    const place = `${plural(touch.into, 'byte')} into it`;
    events.push({ ...touch, what: `touched ${place}: ${accessWords(touch)}${where}` });
    if (touch.times > 1) {
      const what = `touched again by that instruction, ${formatCount(touch.times)} times by now`;
      events.push({ ...touch.last, what });
    }
  }
  return events.sort(comparePoints);
}

/** Of the handle of a fetch. */
function fetchEvents({ fetch }: BlockFacts): readonly EntityEvent[] {
  if (fetch === undefined) return [];
  const loaded = `${formatBytes(fetch.bytes)} of ${fetch.url}`;
  return [
    { ...fetch.ended, what: `handle of a fetch that has ended, with id ${fetch.id}: ${loaded}` },
    ...fetch.refused.map((each) => ({ ...each, what: 'emscripten_fetch_close() refused it' })),
  ];
}

/** What became of a message that took it along. */
function carrierEvents(message: MessageFacts): EntityEvent[] {
  const { sent, received } = message;
  const which = `in message ${formatCount(message.index + 1)}`;
  const events: EntityEvent[] = [];
  if (sent !== undefined) {
    const fate = received === undefined ? `, ${fateOf(message)}` : '';
    events.push({ ...point(sent), what: `sent to ${addresseeLabel(message)} ${which}${fate}` });
  }
  if (received !== undefined) events.push({ ...point(received), what: `came ${which}` });
  return events;
}

/** What a node did while it could use a block. */
function userEvents(block: BlockFacts, node: NodeFacts, isUserData: boolean): EntityEvent[] {
  const name = nodeLabel(node);
  const events: EntityEvent[] = [
    {
      ...node.created,
      what: isUserData
        ? `passed to ${name} as its user data, as it was created`
        : `${name} was created, whose processor has the memory`,
    },
  ];
  const thread = node.context.audioThread?.id;
  const call = (each: Call | undefined, what: string): void => {
    if (each === undefined || thread === undefined) return;
    events.push({ ...callEvent(node, each, thread), what: `${what} of ${name}` });
  };
  call(node.calls.at(0), 'first process() call');
  for (const farewell of node.farewells) {
    events.push({ ...farewell, what: `${name}: ${SIGNAL_WORDS[farewell.signal]}` });
  }
  const { freed } = block;
  if (freed === undefined) {
    call(node.calls.at(node.calls.length - 1), 'last process() call so far');
    return events;
  }
  const uses = usesAfter(node, freed, DEFAULT_THRESHOLDS);
  call(useInFlight(node, freed, DEFAULT_THRESHOLDS), 'in flight as it was freed: a process() call');
  if (uses === undefined) {
    call(node.calls.at(node.calls.length - 1), 'last process() call');
    return events;
  }
  call(uses.first, 'first process() call after the free');
  const count = plural(uses.count, 'call');
  if (uses.count > 1) call(uses.last, `the last of ${count} after the free: process()`);
  return events;
}
