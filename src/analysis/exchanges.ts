import type { ChannelFacts, MessageFacts } from './model.ts';

/** `id: 7`, `requestId: "a"`: what a request and its answer share where the pattern is plain. */
const ID = /\b(?:id|requestId|callId|messageId|reqId|rpcId)"?: ?("[^"]{1,64}"|\d+)/;

/** Requests looked at, from the last back. */
const MAX_LOOKED_AT = 256;

/**
 * Messages of one side that carry an id which the other side never sent back, although it did so for others
 * of them: requests that nobody answered. From what the previews show.
 */
export function openRequests(channel: ChannelFacts, side: number): readonly MessageFacts[] {
  const asked = new Map<string, MessageFacts>();
  let answered = 0;
  const messages = [...latest(channel, side), ...latest(channel, side === 0 ? 1 : 0)];
  messages.sort((a, b) => (a.sent?.at ?? 0) - (b.sent?.at ?? 0) || a.side - b.side);
  for (const message of messages) {
    const id = ID.exec(message.preview)?.[1];
    if (id === undefined) continue;
    if (message.side === side) asked.set(id, message);
    else if (asked.delete(id)) answered++;
  }
  return answered > 0 ? [...asked.values()] : [];
}

function latest(channel: ChannelFacts, side: number): readonly MessageFacts[] {
  const count = channel.sides[side]?.ends.reduce((sum, { sent }) => sum + sent, 0) ?? 0;
  const found: MessageFacts[] = [];
  for (let i = Math.max(0, count - MAX_LOOKED_AT); i < count; i++) {
    const message = channel.message(side, i);
    if (message !== undefined) found.push(message);
  }
  return found;
}
