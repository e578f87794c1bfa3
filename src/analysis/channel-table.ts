import * as LIMITS from '../shared/limits.ts';
import type { EndId, ThreadId } from '../shared/units.ts';
import type { BroadcastState } from './broadcast-state.ts';
import { type Cargo, ChannelState, EndState, OPTIONS, type SideState } from './channel-state.ts';
import type { AnchoredClock } from './frame-clock.ts';
import type { ChannelFacts, DocumentFacts } from './model.ts';
import type { EdgeStore } from './ordering/edge-store.ts';
import type { Place } from './ordering/places.ts';

/** Above every number of an end, so that thread and end make one key. */
const END_SPAN = 2 ** 22;

/** What a table needs of its document. */
export interface ChannelHost {
  readonly facts: DocumentFacts;
  readonly edges: EdgeStore;
  /** The frame clock of an audio rendering thread. */
  clockOf(thread: ThreadId): AnchoredClock | undefined;
  hasRoom(size: number, limit: number, what: string): boolean;
  uncovered(text: string): void;
  /** A message is known from both ends, or a node’s options are: what it carried is the same things. */
  delivered(from: EndState, sent: Cargo, to: EndState, arrived: Cargo): void;
}

/**
 * All channels of a document. The n-th message that one side sent is the n-th that the other received,
 * counted over all threads that a side moved through. Messages are paired as they come; where a join, or a
 * late record of an end that had moved on, changes the count, the channel is paired again in `settle`.
 */
export class ChannelTable {
  readonly #host: ChannelHost;
  readonly #ends = new Map<number, EndState>();
  readonly #channels = new Set<ChannelState>();
  readonly #shifted = new Set<ChannelState>();
  #wrong = false;
  #touched: ChannelState[] = [];
  /** Messages sent by all ends. */
  sentCount = 0;
  readonly broadcasts = new Map<string, BroadcastState>();

  constructor(host: ChannelHost) {
    this.#host = host;
  }

  *[Symbol.iterator](): Iterator<ChannelFacts> {
    for (const channel of this.#channels) {
      if (channel.kind === 'node' && channel.node === undefined) continue;
      yield channel;
    }
    yield* this.broadcasts.values();
  }

  /** An end by its number; made when it is first named. Undefined when there are too many. */
  end(thread: ThreadId, id: EndId): EndState | undefined {
    const key = thread * END_SPAN + id;
    const known = this.#ends.get(key);
    if (known !== undefined) return known;
    const host = this.#host;
    if (id === 0 || !host.hasRoom(this.#ends.size, LIMITS.nodes, 'ends of channels')) {
      return undefined;
    }
    const end = new EndState(host.facts, thread, id, host.clockOf(thread));
    this.#ends.set(key, end);
    if (end.side.channel.kind !== 'broadcast') this.#channels.add(end.side.channel);
    return end;
  }

  sent(end: EndState, index: number, tick: number, when: number): boolean {
    const { sends } = end;
    const before = sends.end;
    if (!sends.set(index, tick, when)) return this.#refused(sends.has(index));
    this.sentCount++;
    const { side } = end;
    const { channel } = side;
    if (channel.kind === 'broadcast') {
      channel.changed = true;
      return true;
    }
    if (!channel.touched) this.touch(channel);
    if (channel.closing) this.#tellClose(channel);
    if (sends.end > before && end !== side.last) this.#shift(channel);
    if (channel.shifted) return true;
    const number = end.sentBefore + index;
    const to = channel.sides[side.index === 0 ? 1 : 0].receiver(number);
    if (to?.receipts.has(number - to.receivedBefore) === true) {
      this.#pair(end, index, to, number - to.receivedBefore);
    }
    return true;
  }

  received(end: EndState, index: number, tick: number, when: number): boolean {
    const { receipts } = end;
    const before = receipts.end;
    if (!receipts.set(index, tick, when)) return this.#refused(receipts.has(index));
    const { side } = end;
    const { channel } = side;
    if (channel.kind === 'broadcast') {
      channel.changed = true;
      this.#host.edges.pend({ thread: end.thread, tick });
      return true;
    }
    if (!channel.touched) this.touch(channel);
    if (receipts.end > before && end !== side.last) this.#shift(channel);
    if (channel.shifted || !this.#pairReceipt(end, index)) {
      end.waiting.add(index);
      this.#host.edges.pend({ thread: end.thread, tick });
    }
    return true;
  }

  /** What a message that an end sent, or a node’s options, took along. */
  loaded(end: EndState, index: number, cargo: Cargo): boolean {
    end.loaded ??= new Map();
    if (!addCargo(end.loaded, index, cargo)) return false;
    const { side } = end;
    const { channel } = side;
    if (channel.kind === 'broadcast' || channel.shifted) return true;
    const number = index < 0 ? index : end.sentBefore + index;
    const to = channel.sides[side.index === 0 ? 1 : 0].receiver(Math.max(number, 0));
    if (to === undefined) return true;
    const receipt = index < 0 ? index : number - to.receivedBefore;
    if (index < 0 || this.#isPaired(end, index, to, receipt)) this.#unload(end, index, to, receipt);
    return true;
  }

  /** The same on the other side. */
  unloaded(end: EndState, index: number, cargo: Cargo): boolean {
    end.unloaded ??= new Map();
    if (!addCargo(end.unloaded, index, cargo)) return false;
    const { side } = end;
    const { channel } = side;
    if (channel.kind === 'broadcast' || channel.shifted) return true;
    const number = index < 0 ? index : end.receivedBefore + index;
    const from = channel.sides[side.index === 0 ? 1 : 0].sender(Math.max(number, 0));
    if (from === undefined) return true;
    const sent = index < 0 ? index : number - from.sentBefore;
    if (index < 0 || this.#isPaired(from, sent, end, index)) this.#unload(from, sent, end, index);
    return true;
  }

  /** A channel whose ends take their seats as they are seen. */
  open(kind: ChannelState['kind']): ChannelState {
    const channel = new ChannelState(this.#host.facts, kind);
    this.#channels.add(channel);
    return channel;
  }

  /** This end, and where it moved on to, is this side of the channel. False when it is another's already. */
  seat(channel: ChannelState, index: 0 | 1, end: EndState): boolean {
    const side = channel.sides[index];
    const { channel: own } = end.side;
    if (own.kind === 'broadcast' || own === channel) return false;
    if (side.ends.length > 0 || !isAlone(end)) return false;
    moveEnds(end.side, side);
    if (own.closing) channel.closing = true;
    this.#forget(own);
    this.#shift(channel);
    return true;
  }

  /** It is an end of this broadcast channel. */
  gather(broadcast: BroadcastState, end: EndState): boolean {
    if (!isAlone(end)) return false;
    this.#forget(end.side.channel);
    end.waiting.clear();
    broadcast.open(end);
    return true;
  }

  /** This end was closed, or heard that the other is gone. */
  closed(end: EndState): void {
    const { channel } = end.side;
    if (channel.kind === 'broadcast') return;
    channel.closing = true;
    this.#tellClose(channel);
  }

  /** The port that left one thread as `from` came into another as `to`. */
  moved(from: EndState, to: EndState): void {
    const { side } = from;
    const { channel } = side;
    const { channel: other } = to.side;
    if (channel.kind === 'broadcast' || channel === other) return;
    if (side.last !== from || !isAlone(to)) return;
    moveEnds(to.side, side);
    if (other.kind !== 'broadcast' && other.closing) channel.closing = true;
    this.#forget(other);
    this.#shift(channel);
  }

  /** Something of this channel changed that the rules about lost messages look at. */
  touch(channel: ChannelState): void {
    if (channel.touched) return;
    channel.touched = true;
    this.#touched.push(channel);
  }

  /** Channels with messages that were sent and not received, or that failed. Cheap to ask often. */
  suspects(): readonly ChannelFacts[] {
    let kept = 0;
    for (const channel of this.#touched) {
      channel.touched = isSuspect(channel);
      if (channel.touched) this.#touched[kept++] = channel;
    }
    this.#touched.length = kept;
    return this.#touched;
  }

  /** Pairs again what has shifted. True when edges that were told are wrong after all. */
  settle(): boolean {
    // Pairing may unload a port, which shifts its own channel.
    for (let rounds = 0; this.#shifted.size > 0 && rounds < LIMITS.nodes; rounds++) {
      const [channel] = this.#shifted;
      if (channel === undefined) break;
      this.#shifted.delete(channel);
      channel.shifted = false;
      this.#repair(channel);
    }
    for (const broadcast of this.broadcasts.values()) {
      if (!broadcast.changed) continue;
      broadcast.changed = false;
      if (broadcast.match(this.#host.edges)) this.#wrong = true;
    }
    const wrong = this.#wrong;
    this.#wrong = false;
    return wrong;
  }

  /** Tells the edges of every message that was received, into a store that has forgotten all. */
  replay(): void {
    const { edges } = this.#host;
    for (const end of this.#ends.values()) {
      if (end.side.channel.kind === 'broadcast') continue;
      end.waiting.clear();
      end.paired = 0;
      end.closeTold = undefined;
      for (let i = 0; i < end.receipts.end; i++) {
        if (!end.receipts.has(i) || this.#pairReceipt(end, i)) continue;
        end.waiting.add(i);
        edges.pend({ thread: end.thread, tick: end.receipts.tick(i) });
      }
    }
    for (const channel of this.#channels) if (channel.closing) this.#tellClose(channel);
    for (const broadcast of this.broadcasts.values()) broadcast.replay(edges);
  }

  /** The last that one side did with its port is before the event that tells the other of its end. */
  #tellClose({ sides }: ChannelState): void {
    for (const { ends, index } of sides) {
      const release = lastAct(sides[index === 0 ? 1 : 0]);
      if (release === undefined) continue;
      for (const end of ends) {
        const { closeEvent, closeTold: told, id } = end;
        if (closeEvent === undefined) continue;
        if (told?.thread === release.thread && told.tick === release.tick) continue;
        if (told !== undefined && (told.thread !== release.thread || told.tick > release.tick)) {
          this.#wrong = true;
        }
        end.closeTold = release;
        this.#host.edges.add('port-close', release, closeEvent, id);
      }
    }
  }

  #refused(isDouble: boolean): boolean {
    if (!isDouble) {
      this.#host.uncovered(
        `more than ${LIMITS.messagesPerEnd} messages of one end of a channel: later ones are counted, not kept`,
      );
    }
    return isDouble;
  }

  #shift(channel: ChannelState): void {
    channel.shifted = true;
    this.#shifted.add(channel);
    this.touch(channel);
  }

  #forget(channel: EndState['side']['channel']): void {
    if (channel.kind === 'broadcast') return;
    this.#channels.delete(channel);
    this.#shifted.delete(channel);
  }

  #isPaired(from: EndState, sent: number, to: EndState, receipt: number): boolean {
    return from.sends.has(sent) && to.receipts.has(receipt);
  }

  #pairReceipt(end: EndState, index: number): boolean {
    const { side } = end;
    const { channel } = side;
    if (channel.kind === 'broadcast') return false;
    const number = end.receivedBefore + index;
    const from = channel.sides[side.index === 0 ? 1 : 0].sender(number);
    if (from === undefined || !from.sends.has(number - from.sentBefore)) return false;
    this.#pair(from, number - from.sentBefore, end, index);
    return true;
  }

  #pair(from: EndState, sent: number, to: EndState, receipt: number): void {
    const { edges } = this.#host;
    const acquire = { thread: to.thread, tick: to.receipts.tick(receipt) };
    const release = { thread: from.thread, tick: from.sends.tick(sent) };
    edges.add('message', release, acquire, to.id);
    if (to.waiting.delete(receipt)) edges.resolve(acquire);
    to.paired++;
    if (from.loaded !== undefined && to.unloaded !== undefined) {
      this.#unload(from, sent, to, receipt);
    }
  }

  #unload(from: EndState, sent: number, to: EndState, receipt: number): void {
    const arrived = to.unloaded?.get(receipt);
    if (arrived === undefined) return;
    for (const each of from.loaded?.get(sent) ?? []) {
      const same = arrived.find(({ what, place }) => what === each.what && place === each.place);
      if (same !== undefined) this.#host.delivered(from, each, to, same);
    }
  }

  #repair(channel: ChannelState): void {
    for (const side of channel.sides) {
      let sentBefore = 0;
      let receivedBefore = 0;
      const other = channel.sides[side.index === 0 ? 1 : 0];
      for (const end of side.ends) {
        const moved = end.receivedBefore !== receivedBefore;
        if (moved && end.paired > 0) this.#wrong = true;
        const resent = end.sentBefore !== sentBefore;
        if (resent && other.ends.some(({ paired }) => paired > 0)) this.#wrong = true;
        end.sentBefore = sentBefore;
        end.receivedBefore = receivedBefore;
        sentBefore += end.sends.end;
        receivedBefore += end.receipts.end;
      }
    }
    for (const { ends } of channel.sides) {
      for (const end of ends) {
        for (const index of [...end.waiting]) this.#pairReceipt(end, index);
      }
    }
    if (channel.closing) this.#tellClose(channel);
    const [from] = channel.sides[0].ends;
    const [to] = channel.sides[1].ends;
    if (from !== undefined && to !== undefined) this.#unload(from, OPTIONS, to, OPTIONS);
  }
}

function addCargo(loads: Map<number, Cargo[]>, index: number, cargo: Cargo): boolean {
  const load = loads.get(index);
  if (load === undefined) {
    if (loads.size >= LIMITS.eventsPerContext) return false;
    loads.set(index, [cargo]);
    return true;
  }
  if (load.length >= 2 * LIMITS.cargoPerMessage) return false;
  load.push(cargo);
  return true;
}

/** Nothing is known of where it came from, or of its other side. */
function isAlone(end: EndState): boolean {
  const { side } = end;
  const { channel } = side;
  if (channel.kind !== 'port' || channel.created !== undefined) return false;
  return side.ends[0] === end && side.index === 0 && channel.sides[1].ends.length === 0;
}

/** The last that was done with a side: its closing, or its last message. */
function lastAct({ ends }: SideState): Place | undefined {
  for (let i = ends.length - 1; i >= 0; i--) {
    const { closed, sends, thread } = ends[i] as EndState;
    if (closed !== undefined) return closed;
    if (sends.end > 0) return { thread, tick: sends.tick(sends.end - 1) };
  }
  return undefined;
}

function moveEnds(from: SideState, to: SideState): void {
  for (const end of from.ends.splice(0)) {
    end.side = to;
    to.ends.push(end);
  }
}

function isSuspect({ sides: [first, second] }: ChannelState): boolean {
  if (first.sent > second.received || second.sent > first.received) return true;
  return first.failed || second.failed;
}
