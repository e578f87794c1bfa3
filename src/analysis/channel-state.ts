import type { EndId, Micros, Seq, ThreadId } from '../shared/units.ts';
import { ClockedPoint } from './clocked-point.ts';
import type { AnchoredClock } from './frame-clock.ts';
import { ABSENT, MessageLog } from './message-log.ts';
import type {
  BlockFacts,
  ChannelFacts,
  ChannelKind,
  DocumentFacts,
  EndFacts,
  EntityKey,
  MessageFacts,
  MessageList,
  NodeFacts,
  Point,
  SideFacts,
  WorkerFacts,
} from './model.ts';
import type { Place } from './ordering/places.ts';
import { UNSEQUENCED } from './point.ts';

/** What a message carried, by the numbers of the thread that says so. */
export interface Cargo {
  readonly what: 'port' | 'memory';
  readonly place: number;
  readonly local: number;
}

/** In place of a message’s index: the options of a node. */
export const OPTIONS = -1;

/** One side of a channel in one thread, with all that was sent and received by it. */
export class EndState implements EndFacts {
  readonly key: EntityKey;
  readonly thread: ThreadId;
  readonly id: EndId;
  readonly sends = new MessageLog();
  readonly receipts = new MessageLog();
  side: SideState;
  /** What the ends before it on its side sent and received, as messages are paired by now. */
  sentBefore = 0;
  receivedBefore = 0;
  /** Messages that it received and that were paired with the sender’s. */
  paired = 0;
  /** Indexes of received messages whose sending is not known yet. */
  readonly waiting = new Set<number>();
  /** Blocks that posted calls took along, by their indexes. */
  payloads: Map<number, readonly BlockFacts[]> | undefined;
  loaded: Map<number, Cargo[]> | undefined;
  unloaded: Map<number, Cargo[]> | undefined;
  listened: Point | undefined;
  started: Point | undefined;
  closed: (Point & { readonly stack: string }) | undefined;
  closeEvent: Point | undefined;
  /** Up to where its other side was told to be before that. */
  closeTold: Place | undefined;
  collected: Point | undefined;
  passed: Point | undefined;
  readonly #clock: AnchoredClock | undefined;

  constructor(document: DocumentFacts, thread: ThreadId, id: EndId, clock?: AnchoredClock) {
    this.key = `${document.index}/e${thread}.${id}`;
    this.thread = thread;
    this.id = id;
    this.#clock = clock;
    [this.side] = new ChannelState(document).sides;
    this.side.ends.push(this);
  }

  get channel(): ChannelFacts {
    return this.side.channel;
  }

  get sent(): number {
    return this.sends.end;
  }

  get received(): number {
    return this.receipts.end;
  }

  sentMessage(index: number): MessageFacts | undefined {
    const { channel, side, sentBefore } = this;
    return channel.message(side.index, sentBefore + index);
  }

  /** When it sent or received its `index`-th message. */
  point(log: MessageLog, index: number): Point | undefined {
    const tick = log.tick(index);
    if (tick === ABSENT) return undefined;
    const when = log.when(index);
    const seq = this.channel.document.isolated ? (tick as Seq) : UNSEQUENCED;
    const { thread } = this;
    if (when >= 0) return { at: when as Micros, seq, thread, tick };
    if (this.#clock === undefined) return { at: 0 as Micros, seq, thread, tick };
    return new ClockedPoint(seq, thread, tick, -1 - when, this.#clock);
  }

  /** Microseconds, of an index that was seen. */
  time(log: MessageLog, index: number): number {
    const when = log.when(index);
    return when >= 0 ? when : (this.#clock?.time(-1 - when) ?? 0);
  }
}

/** A broadcast channel as its ends know it. */
export interface Gathering extends ChannelFacts {
  readonly kind: 'broadcast';
  /** Something was sent or received since its messages were matched. */
  changed: boolean;
}

export class SideState implements SideFacts {
  readonly ends: EndState[] = [];
  readonly channel: ChannelState | Gathering;
  readonly index: number;

  constructor(channel: ChannelState | Gathering, index: number) {
    this.channel = channel;
    this.index = index;
  }

  get last(): EndState | undefined {
    return this.ends[this.ends.length - 1];
  }

  get sent(): number {
    const { last } = this;
    return last === undefined ? 0 : last.sentBefore + last.sends.end;
  }

  get received(): number {
    const { last } = this;
    return last === undefined ? 0 : last.receivedBefore + last.receipts.end;
  }

  /** Some of what it received could not be read. */
  get failed(): boolean {
    return this.ends.some(({ receipts }) => receipts.failed !== undefined);
  }

  /** The end that sent (or received) this message of the whole side. */
  sender(index: number): EndState | undefined {
    for (let i = this.ends.length - 1; i >= 0; i--) {
      const end = this.ends[i] as EndState;
      if (index >= end.sentBefore) return end;
    }
    return undefined;
  }

  receiver(index: number): EndState | undefined {
    for (let i = this.ends.length - 1; i >= 0; i--) {
      const end = this.ends[i] as EndState;
      if (index >= end.receivedBefore) return end;
    }
    return undefined;
  }
}

/** A channel of two sides. Until more is known of an end, it has a channel to itself. */
export class ChannelState implements ChannelFacts {
  readonly document: DocumentFacts;
  readonly sides: readonly [SideState, SideState];
  readonly messages: MessageList;
  readonly kind: Exclude<ChannelKind, 'broadcast'>;
  readonly name = '';
  created: Point | undefined;
  createStack = '';
  worker: WorkerFacts | undefined;
  /** Of a node’s port: what knows the node, once it is known. */
  owner: { readonly node: NodeFacts | undefined } | undefined;
  /** An end joined it, or one that had moved on sent or received after all: pair it again. */
  shifted = false;
  /** One of its ends was closed, or heard that the other is gone. */
  closing = false;
  /** It is in the list of those that may have lost something, see `ChannelTable.suspects`. */
  touched = false;

  constructor(document: DocumentFacts, kind: Exclude<ChannelKind, 'broadcast'> = 'port') {
    this.document = document;
    this.kind = kind;
    this.sides = [new SideState(this, 0), new SideState(this, 1)];
    this.messages = new PairedMessages(this);
  }

  get node(): NodeFacts | undefined {
    return this.owner?.node;
  }

  get key(): EntityKey {
    const { node, worker } = this;
    if (node !== undefined) return node.key;
    if (worker !== undefined) return worker.key;
    const [first] = this.sides[0].ends;
    const end = first ?? this.sides[1].ends[0];
    return `${this.document.index}/p${end?.thread}.${end?.id}`;
  }

  message(side: number, index: number): MessageFacts | undefined {
    const from = this.sides[side];
    if (from === undefined) return undefined;
    const sender = from.sender(index);
    const receiver = this.sides[side === 0 ? 1 : 0].receiver(index);
    const sentIndex = index - (sender?.sentBefore ?? 0);
    const receivedIndex = index - (receiver?.receivedBefore ?? 0);
    const sent = sender?.point(sender.sends, sentIndex);
    const received = receiver?.point(receiver.receipts, receivedIndex);
    if (sent === undefined && received === undefined) return undefined;
    const said = sent && sender?.sends.note(sentIndex);
    const heard = received && receiver?.receipts.note(receivedIndex);
    return {
      channel: this,
      side,
      from: side === 0 ? 'node' : 'processor',
      index,
      sent,
      received,
      failed: receiver?.receipts.failed?.has(receivedIndex) ?? false,
      bytes: Math.max(said?.bytes ?? 0, heard?.bytes ?? 0),
      preview: longer(said?.preview ?? '', heard?.preview ?? ''),
      stack: said?.stack ?? '',
      payload: sender?.payloads?.get(sentIndex) ?? [],
    };
  }

  sentAt(side: number, index: number): Point | undefined {
    const sender = this.sides[side]?.sender(index);
    return sender?.point(sender.sends, index - sender.sentBefore);
  }

  *payload(side: number, from: number, to: number): Iterable<BlockFacts> {
    for (const { payloads, sentBefore } of this.sides[side]?.ends ?? []) {
      for (const [index, blocks] of payloads ?? []) {
        const number = sentBefore + index;
        if (number >= from && number < to) yield* blocks;
      }
    }
  }

  failed(side: number): readonly number[] {
    const indexes: number[] = [];
    for (const { receipts, receivedBefore } of this.sides[side === 0 ? 1 : 0].ends) {
      for (const index of receipts.failed ?? []) indexes.push(receivedBefore + index);
    }
    return indexes.sort((a, b) => a - b);
  }
}

/** Both ends may describe a message; the longer description wins, whichever arrives first. */
function longer(a: string, b: string): string {
  if (a.length !== b.length) return a.length > b.length ? a : b;
  return a > b ? a : b;
}

const SIDES = [0, 1] as const;

class PairedMessages implements MessageList {
  readonly #channel: ChannelState;

  constructor(channel: ChannelState) {
    this.#channel = channel;
  }

  get length(): number {
    return this.#count(0) + this.#count(1);
  }

  *[Symbol.iterator](): Iterator<MessageFacts> {
    for (const side of SIDES) yield* this.#between(side, 0, this.#count(side));
  }

  *within(from: Micros, to: Micros): Iterable<MessageFacts> {
    for (const side of SIDES) {
      const { sides } = this.#channel;
      const received = firstNotBefore(sides[side === 0 ? 1 : 0], 'received', from);
      const sent = firstNotBefore(sides[side], 'sent', (to + 1) as Micros);
      // What was received but not seen sent has a place among the received alone.
      const heard = firstNotBefore(sides[side === 0 ? 1 : 0], 'received', (to + 1) as Micros);
      yield* this.#between(side, received, Math.max(sent, heard));
    }
  }

  #count(side: 0 | 1): number {
    const { sides } = this.#channel;
    return Math.max(sides[side].sent, sides[side === 0 ? 1 : 0].received);
  }

  *#between(side: 0 | 1, from: number, to: number): Iterable<MessageFacts> {
    for (let index = from; index < to; index++) {
      const message = this.#channel.message(side, index);
      if (message !== undefined) yield message;
    }
  }
}

/** The first message of a side (by number) that it sent or received at `at` or later. */
function firstNotBefore(side: SideState, what: 'sent' | 'received', at: Micros): number {
  for (const end of side.ends) {
    const log = what === 'sent' ? end.sends : end.receipts;
    const before = what === 'sent' ? end.sentBefore : end.receivedBefore;
    let low = 0;
    let high = log.end;
    while (low < high) {
      let middle = (low + high) >>> 1;
      while (middle < high && !log.has(middle)) middle++;
      if (middle === high) high = (low + high) >>> 1;
      else if (end.time(log, middle) < at) low = middle + 1;
      else high = (low + high) >>> 1;
    }
    if (low < log.end) return before + low;
  }
  const { last } = side;
  if (last === undefined) return 0;
  return what === 'sent'
    ? last.sentBefore + last.sends.end
    : last.receivedBefore + last.receipts.end;
}
