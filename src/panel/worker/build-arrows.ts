import type { ChannelFacts, DocumentFacts, EntityKey, MessageFacts } from '../../analysis/model.ts';
import type { Session } from '../../analysis/session.ts';
import type { Micros } from '../../shared/units.ts';
import { rowOfEnd } from './entity-lookup.ts';
import type { Arrow, View } from './protocol.ts';
import type { SessionTime } from './session-time.ts';

/** More arrows than these tell nothing. */
const MOST_ARROWS = 120;
const MOST_FOCUSED_ARROWS = 400;

/**
 * Messages as arrows from row to row: those of the row in focus; and of workers and free ports as long as
 * there are few in sight. A node’s own messages stand as marks on its row, in focus or not.
 */
export function buildArrows(session: Session, time: SessionTime, view: View): readonly Arrow[] {
  const quiet: Arrow[] = [];
  const focused: Arrow[] = [];
  for (const document of session.documents) {
    const offset = time.offsetOf(document);
    for (const channel of document.channels) {
      const isNode = channel.kind === 'node';
      if (isNode && channel.node?.key !== view.focus) continue;
      const isFocused =
        isNode || (view.focus !== undefined && rowsOf(channel).includes(view.focus));
      const into = isFocused ? focused : quiet;
      const most = isFocused ? MOST_FOCUSED_ARROWS : MOST_ARROWS;
      addArrows(into, channel, offset, view, most);
    }
  }
  return [
    ...(quiet.length > MOST_ARROWS ? [] : quiet),
    ...(focused.length > MOST_FOCUSED_ARROWS ? [] : focused),
  ];
}

function addArrows(
  into: Arrow[],
  channel: ChannelFacts,
  offset: number,
  view: View,
  most: number,
): void {
  const from = (view.from - offset) as Micros;
  const to = (view.to - offset) as Micros;
  for (const message of channel.messages.within(from, to)) {
    if (into.length > most) return;
    const arrow = arrowOf(channel, message, offset);
    if (arrow !== undefined && arrow.from !== arrow.to) into.push(arrow);
  }
}

function arrowOf(
  channel: ChannelFacts,
  { side, sent, received }: MessageFacts,
  offset: number,
): Arrow | undefined {
  if (sent === undefined) return undefined;
  const to =
    received === undefined ? rowOfSide(channel, 1 - side) : rowOfEnd(channel, received.thread);
  if (to === undefined) return undefined;
  return {
    from: rowOfEnd(channel, sent.thread),
    to,
    sentAt: sent.at + offset,
    handledAt: received === undefined ? undefined : Math.max(received.at, sent.at) + offset,
  };
}

/** Where the end is that should have heard it. */
function rowOfSide(channel: ChannelFacts, side: number): EntityKey | undefined {
  const end = channel.sides[side]?.ends.at(-1);
  if (end !== undefined) return rowOfEnd(channel, end.thread);
  return side === 1 ? (channel.worker ?? channel.node)?.key : undefined;
}

function rowsOf(channel: ChannelFacts): readonly (EntityKey | undefined)[] {
  return [
    channel.worker?.key,
    ...channel.sides.flatMap(({ ends }) => ends.map(({ thread }) => rowOfEnd(channel, thread))),
  ];
}

/** Ports that are neither a node’s nor a worker’s, for the rows of the threads that hold them. */
export function freeChannels(document: DocumentFacts): readonly ChannelFacts[] {
  return [...document.channels].filter(({ kind }) => kind === 'port' || kind === 'broadcast');
}
