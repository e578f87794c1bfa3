import {
  addresseeLabel,
  blockLabel,
  channelLabel,
  nodeLabel,
  threadLabel,
  workerLabel,
} from '../../analysis/labels.ts';
import type { ChannelFacts, DocumentFacts, MessageFacts, Point } from '../../analysis/model.ts';
import { CATEGORY, type Flow, type HappeningWriter, said } from './happenings.ts';

/** More than this many messages no browser can open together with as many calls as there may be. */
export const MAX_TRACE_MESSAGES = 400_000;

/**
 * Every message as two instants, where it was sent and where it was handled, and an arrow between them. What
 * a processor does with the port of its node stands on the node's track, all else on its thread. Those
 * before `since` are left out.
 */
export function writeMessages(out: HappeningWriter, since: number): void {
  for (const channel of out.document.channels) {
    if (channel.kind === 'broadcast') writeBroadcasts(out, channel, since);
    else {
      for (const message of channel.messages) {
        if (timeOf(message) >= since) writeMessage(out, channel, message);
      }
    }
  }
}

/** From when on messages are kept, in microseconds of the document, and how many are not. */
export function keptMessages(
  document: DocumentFacts,
  most: number,
): { readonly since: number; readonly leftOut: number } {
  let count = 0;
  for (const { messages } of document.channels) count += messages.length;
  if (count <= most) return { since: Number.NEGATIVE_INFINITY, leftOut: 0 };
  const times: number[] = [];
  for (const { messages } of document.channels) {
    for (const message of messages) times.push(timeOf(message));
  }
  const inOrder = Float64Array.from(times).sort();
  const since = inOrder[inOrder.length - most] ?? Number.POSITIVE_INFINITY;
  return { since, leftOut: inOrder.reduce((sum, at) => sum + Number(at < since), 0) };
}

function timeOf({ sent, received }: MessageFacts): number {
  return (sent ?? received)?.at ?? 0;
}

function writeMessage(out: HappeningWriter, channel: ChannelFacts, message: MessageFacts): void {
  const { sent, received } = message;
  const flow = sent !== undefined && received !== undefined ? [out.flows.next()] : [];
  if (sent !== undefined) writeSent(out, channel, message, sent, flow);
  if (received !== undefined) writeReceived(out, channel, message, received, flow);
}

/** What was sent once is drawn once, with an arrow to each who heard it. */
function writeBroadcasts(out: HappeningWriter, channel: ChannelFacts, since: number): void {
  const groups = new Map<string, MessageFacts[]>();
  for (const message of channel.messages) {
    if (timeOf(message) < since) continue;
    const { sent, side, index } = message;
    const key = sent === undefined ? `${groups.size} unsent` : `${side}.${index}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [message]);
    else group.push(message);
  }
  for (const group of groups.values()) {
    const [first] = group;
    const arrows = group.map(({ sent, received }) =>
      sent !== undefined && received !== undefined ? [out.flows.next()] : [],
    );
    if (first?.sent !== undefined) writeSent(out, channel, first, first.sent, arrows.flat());
    for (const [i, message] of group.entries()) {
      if (message.received === undefined) continue;
      writeReceived(out, channel, message, message.received, arrows[i] ?? []);
    }
  }
}

function writeSent(
  out: HappeningWriter,
  channel: ChannelFacts,
  message: MessageFacts,
  sent: Point,
  flows: readonly Flow[],
): void {
  out.on(trackOf(out, channel, sent), {
    point: sent,
    name: `postMessage → ${addresseeLabel(message)}`,
    category: CATEGORY.message,
    args: { ...argsOf(channel, message), delivered: flows.length === 0 ? false : undefined },
    stack: message.stack,
    flows,
  });
}

function writeReceived(
  out: HappeningWriter,
  channel: ChannelFacts,
  message: MessageFacts,
  received: Point,
  endingFlows: readonly Flow[],
): void {
  const { sent, failed } = message;
  const queued = sent === undefined ? undefined : Math.max(0, received.at - sent.at);
  out.on(trackOf(out, channel, received), {
    point: received,
    name: `${failed ? 'messageerror' : 'message'} from ${sender(channel, message)}`,
    category: CATEGORY.message,
    args: { ...argsOf(channel, message), queuedMicros: queued },
    endingFlows,
  });
}

function argsOf(channel: ChannelFacts, { index, bytes, preview, payload }: MessageFacts) {
  return {
    channel: channel.kind === 'node' ? undefined : channelLabel(channel),
    index,
    bytes: bytes > 0 ? bytes : undefined,
    preview: said(preview),
    payload: said(payload.map(blockLabel).join(', ')),
  };
}

function trackOf(out: HappeningWriter, { node }: ChannelFacts, { thread }: Point): number {
  return node !== undefined && thread === node.context.audioThread?.id
    ? out.tracks.node(node)
    : out.tracks.thread(out.document, thread);
}

function sender(channel: ChannelFacts, { side }: MessageFacts): string {
  const { node, worker } = channel;
  if (node !== undefined) return side === 0 ? 'the page' : nodeLabel(node);
  if (worker === undefined) return channelLabel(channel);
  if (side !== 0) return workerLabel(worker);
  const parent = threadLabel(channel.document, worker.parent);
  return parent === 'page' ? 'the page' : parent;
}
