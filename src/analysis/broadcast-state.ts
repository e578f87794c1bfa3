import type { Micros } from '../shared/units.ts';
import { type EndState, type Gathering, SideState } from './channel-state.ts';
import type { BlockFacts, DocumentFacts, EntityKey, MessageFacts, MessageList } from './model.ts';
import type { EdgeStore } from './ordering/edge-store.ts';

/** Which message was received: its sender’s side, and its index there. */
interface Match {
  readonly side: number;
  readonly index: number;
}

/**
 * All ends of one `BroadcastChannel` name. While one end sends and the others listen, the order of its
 * messages and their content say which was received; where several send, only content that one of them
 * alone has sent does.
 */
export class BroadcastState implements Gathering {
  readonly document: DocumentFacts;
  readonly kind = 'broadcast';
  readonly name: string;
  readonly sides: SideState[] = [];
  readonly messages: MessageList;
  readonly node = undefined;
  readonly worker = undefined;
  readonly created = undefined;
  readonly createStack = '';
  /** Something was sent or received, or an end was opened, since `match`. */
  changed = false;
  /** Of each side, what each of its receipts was told to be. */
  readonly #told: (Match | undefined)[][] = [];

  constructor(document: DocumentFacts, name: string) {
    this.document = document;
    this.name = name;
    this.messages = new BroadcastMessages(this);
  }

  get key(): EntityKey {
    return `${this.document.index}/b${this.name}`;
  }

  open(end: EndState): void {
    const side = new SideState(this, this.sides.length);
    side.ends.push(end);
    end.side = side;
    this.sides.push(side);
    this.#told.push([]);
    this.changed = true;
  }

  message(): undefined {
    return undefined;
  }

  payload(): readonly BlockFacts[] {
    return [];
  }

  sentAt(): undefined {
    return undefined;
  }

  failed(): readonly number[] {
    return [];
  }

  matchOf(side: number, receipt: number): Match | undefined {
    return this.#told[side]?.[receipt];
  }

  /** Tells the edges of what can be matched now. True when some that were told are wrong after all. */
  match(edges: EdgeStore): boolean {
    let wrong = false;
    const senders = this.sides.filter(({ ends: [end] }) => end !== undefined && end.sent > 0);
    const groups = senders.length > 1 ? this.#groups(senders) : undefined;
    for (const side of this.sides) {
      const [end] = side.ends;
      const told = this.#told[side.index];
      if (end === undefined || told === undefined) continue;
      const others = senders.filter((each) => each !== side);
      const [only] = others;
      const matches =
        groups === undefined || others.length < 2
          ? inOrder(end, only)
          : byContent(end, side.index, groups);
      for (let i = 0; i < matches.length; i++) {
        const before = told[i];
        const now = matches[i];
        if (before?.side === now?.side && before?.index === now?.index) continue;
        if (before !== undefined) wrong = true;
        told[i] = now;
        if (before === undefined && now !== undefined) {
          this.#tell(end, i, now, edges);
          edges.resolve({ thread: end.thread, tick: end.receipts.tick(i) });
        }
      }
    }
    return wrong;
  }

  replay(edges: EdgeStore): void {
    for (const { index, ends } of this.sides) {
      for (const end of ends) {
        for (let i = 0; i < end.receipts.end; i++) {
          if (!end.receipts.has(i)) continue;
          const match = this.matchOf(index, i);
          if (match !== undefined) this.#tell(end, i, match, edges);
          else edges.pend({ thread: end.thread, tick: end.receipts.tick(i) });
        }
      }
    }
  }

  #tell(end: EndState, receipt: number, { side, index }: Match, edges: EdgeStore): void {
    const from = this.sides[side]?.ends[0];
    if (from === undefined) return;
    const release = { thread: from.thread, tick: from.sends.tick(index) };
    const acquire = { thread: end.thread, tick: end.receipts.tick(receipt) };
    edges.add('message', release, acquire, end.id);
  }

  /** What was sent, by content. */
  #groups(senders: readonly SideState[]): ReadonlyMap<number, Match[]> {
    const groups = new Map<number, Match[]>();
    for (const { index: side, ends } of senders) {
      const [end] = ends;
      if (end === undefined) continue;
      for (const { index, hash } of end.sends.notes) {
        const group = groups.get(hash);
        if (group === undefined) groups.set(hash, [{ side, index }]);
        else group.push({ side, index });
      }
    }
    return groups;
  }
}

/** Of one sender, each message is received once and in order: the earliest that it can have been. */
function inOrder(end: EndState, only: SideState | undefined): (Match | undefined)[] {
  const matches: (Match | undefined)[] = [];
  const from = only?.ends[0];
  let next = 0;
  for (let i = 0; i < end.receipts.end; i++) {
    if (from === undefined || only === undefined || !end.receipts.has(i)) {
      matches.push(undefined);
      continue;
    }
    const hash = end.receipts.note(i)?.hash ?? 0;
    while (next < from.sends.end && !mayBe(from, next, hash)) next++;
    matches.push(next < from.sends.end ? { side: only.index, index: next++ } : undefined);
  }
  return matches;
}

function mayBe(from: EndState, index: number, hash: number): boolean {
  if (!from.sends.has(index)) return false;
  const sent = from.sends.note(index)?.hash ?? 0;
  return sent === 0 || hash === 0 || sent === hash;
}

/** Of several senders: the n-th of a content, where one other end alone sent that content. */
function byContent(
  end: EndState,
  side: number,
  groups: ReadonlyMap<number, readonly Match[]>,
): (Match | undefined)[] {
  const matches: (Match | undefined)[] = [];
  const counts = new Map<number, number>();
  for (let i = 0; i < end.receipts.end; i++) {
    const hash = end.receipts.note(i)?.hash ?? 0;
    const group = hash === 0 ? [] : (groups.get(hash) ?? []).filter((each) => each.side !== side);
    const count = counts.get(hash) ?? 0;
    counts.set(hash, count + 1);
    const alone = group.every((each) => each.side === group[0]?.side);
    matches.push(alone ? group[count] : undefined);
  }
  return matches;
}

/** One message for each that heard it, and one for each that nobody heard. */
class BroadcastMessages implements MessageList {
  readonly #broadcast: BroadcastState;

  constructor(broadcast: BroadcastState) {
    this.#broadcast = broadcast;
  }

  get length(): number {
    let length = 0;
    for (const _ of this) length++;
    return length;
  }

  *[Symbol.iterator](): Iterator<MessageFacts> {
    const { sides } = this.#broadcast;
    const heard = sides.map(() => new Set<number>());
    for (const side of sides) {
      const [end] = side.ends;
      if (end === undefined) continue;
      for (let i = 0; i < end.receipts.end; i++) {
        const received = end.point(end.receipts, i);
        if (received === undefined) continue;
        const match = this.#broadcast.matchOf(side.index, i);
        if (match !== undefined) heard[match.side]?.add(match.index);
        const note = end.receipts.note(i);
        yield {
          ...this.#sent(match),
          received,
          failed: end.receipts.failed?.has(i) ?? false,
          bytes: note?.bytes ?? 0,
          preview: note?.preview ?? '',
        };
      }
    }
    for (const side of sides) {
      const [end] = side.ends;
      if (end === undefined) continue;
      for (let index = 0; index < end.sends.end; index++) {
        if (heard[side.index]?.has(index) || !end.sends.has(index)) continue;
        yield this.#sent({ side: side.index, index });
      }
    }
  }

  *within(from: Micros, to: Micros): Iterable<MessageFacts> {
    for (const message of this) {
      const { sent, received } = message;
      const begin = sent?.at ?? received?.at ?? from;
      if ((received?.at ?? to) >= from && begin <= to) yield message;
    }
  }

  #sent(match: Match | undefined): MessageFacts {
    const end = match && this.#broadcast.sides[match.side]?.ends[0];
    const note = match && end?.sends.note(match.index);
    return {
      channel: this.#broadcast,
      side: match?.side ?? -1,
      from: 'node',
      index: match?.index ?? 0,
      sent: match && end?.point(end.sends, match.index),
      received: undefined,
      failed: false,
      bytes: note?.bytes ?? 0,
      preview: note?.preview ?? '',
      stack: note?.stack ?? '',
      payload: [],
    };
  }
}
