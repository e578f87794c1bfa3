import { MAIN_THREAD, type ThreadId } from '../shared/units.ts';
import type {
  BlockFacts,
  ChannelFacts,
  ContextFacts,
  DocumentFacts,
  EndFacts,
  MessageFacts,
  Point,
  SideFacts,
  ThreadFacts,
  WorkerFacts,
} from './model.ts';
import { comparePoints } from './point.ts';

/** Why a message was never handled. */
export type Fate =
  /** Sent by an end that its own thread had closed. */
  | 'own-end-closed'
  | 'worker-terminated'
  | 'worker-not-loaded'
  | 'context-closed'
  /** The other side had closed its end. */
  | 'other-end-closed'
  /** Its end has a listener and was never started. */
  | 'never-started'
  /** It came, and could not be read. */
  | 'unreadable'
  /** Still unhandled when the thread that it was sent to ended. */
  | 'undelivered';

export interface LostMessages {
  readonly channel: ChannelFacts;
  readonly fate: Fate;
  /** What it came too late for, or what came before it was handled; undefined for what has no such event. */
  readonly cause: Point | undefined;
  readonly causeStack: string;
  readonly messages: readonly MessageFacts[];
  readonly count: number;
  /** Blocks that they took along, as far as messages are looked into. */
  readonly payload: readonly BlockFacts[];
  /** Whether it rests on order alone, not on clocks. */
  readonly proven: boolean;
}

/** Messages that are named one by one, of one fate in one direction of one channel. */
const MAX_MESSAGES = 8;
/** A message to a port that has a listener may be on its way for so long. */
const YOUNG_MICROS = 1e6;
/** What was said so shortly before the sender itself ended the receiver was a farewell. */
const FAREWELL_MICROS = 1e6;
/** Without a counter, how much later than a closing a message must be to be surely later. */
const MARGIN_MICROS = 250_000;

/** The messages of a channel that were not handled and never will be, by what became of them. */
export function lostMessages(channel: ChannelFacts): readonly LostMessages[] {
  if (channel.kind === 'broadcast') return [];
  const found: LostMessages[] = [];
  for (const side of [0, 1] as const) {
    for (const lost of unreadable(channel, side)) found.push(lost);
    const to = channel.sides[side === 0 ? 1 : 0];
    const from = channel.sides[side];
    if (from === undefined || to === undefined) continue;
    if (sentBy(from) > receivedBy(to)) {
      for (const lost of unhandled(channel, side, from, to)) found.push(lost);
    }
  }
  return found;
}

function sentBy({ ends }: SideFacts): number {
  let count = 0;
  for (const { sent } of ends) count += sent;
  return count;
}

function receivedBy({ ends }: SideFacts): number {
  let count = 0;
  for (const { received } of ends) count += received;
  return count;
}

function unreadable(channel: ChannelFacts, side: 0 | 1): readonly LostMessages[] {
  const indexes = channel.failed(side);
  if (indexes.length === 0) return [];
  const messages = indexes
    .slice(0, MAX_MESSAGES)
    .flatMap((index) => channel.message(side, index) ?? []);
  const [first] = messages;
  return [
    {
      channel,
      fate: 'unreadable',
      cause: first?.received,
      causeStack: '',
      messages,
      count: indexes.length,
      payload: [],
      proven: true,
    },
  ];
}

/** Where a message was to be handled. */
interface Receiver {
  readonly document: DocumentFacts;
  readonly end: EndFacts | undefined;
  readonly thread: ThreadFacts | undefined;
  readonly context: ContextFacts | undefined;
}

function unhandled(
  channel: ChannelFacts,
  side: 0 | 1,
  from: SideFacts,
  to: SideFacts,
): readonly LostMessages[] {
  const { document, worker, node } = channel;
  const end = to.ends.at(-1);
  // Where it has gone on to is not known: into a worker that could not be entered, or on its way.
  if (end?.passed !== undefined) return [];
  if (end === undefined && node === undefined && worker === undefined) return [];
  if (worker !== undefined && side === 0 && worker.entered !== 'yes') return [];
  const ofNode = node !== undefined && side === 0;
  const ofWorker = worker !== undefined && side === 0;
  const thread = end === undefined ? undefined : document.threads.get(end.thread);
  const context = thread?.context ?? (ofNode ? node.context : undefined);
  const receiver: Receiver = {
    document,
    end,
    thread: thread ?? (ofWorker ? worker.thread : undefined),
    context,
  };
  if (!isHopeless(channel, receiver, from)) return [];
  const look = (index: number): Found | undefined => {
    const sent = channel.sentAt(side, index);
    return sent && fateOf(channel, receiver, side, sent, from);
  };
  const lost: LostMessages[] = [];
  for (const { begin, end: behind, fate } of runs(receivedBy(to), sentBy(from), look)) {
    const known = lost.find((each) => each.fate === fate.fate);
    const messages: MessageFacts[] = [];
    for (let i = begin; i < behind && messages.length < MAX_MESSAGES; i++) {
      const message = channel.message(side, i);
      if (message !== undefined) messages.push(message);
    }
    const last = channel.message(side, behind - 1);
    if (last !== undefined && last.index !== messages.at(-1)?.index) messages.push(last);
    const count = behind - begin + (known?.count ?? 0);
    const payload = [...(known?.payload ?? []), ...channel.payload(side, begin, behind)];
    if (known === undefined) {
      lost.push({ channel, causeStack: '', ...fate, messages, count, payload });
    } else lost[lost.indexOf(known)] = { ...known, count, payload };
  }
  return lost;
}

/** Whether anything is known that could keep a message from being handled. */
function isHopeless(channel: ChannelFacts, { end, thread, context }: Receiver, from: SideFacts) {
  if (context?.closed !== undefined || end?.closed !== undefined) return true;
  if (end?.listened !== undefined && end.started === undefined) return true;
  const worker = thread?.worker ?? channel.worker;
  if (worker?.ended !== undefined || worker?.scope.closing !== undefined) return true;
  return from.ends.some(({ closed }) => closed !== undefined);
}

interface Run {
  readonly begin: number;
  readonly end: number;
  readonly fate: Found;
}

/**
 * Stretches of messages of one fate. What came too late for one thing is followed by nothing that came in
 * time for it, so between two of one fate all are of it, and few need to be looked at.
 */
function runs(
  begin: number,
  end: number,
  look: (index: number) => Found | undefined,
): readonly Run[] {
  const found: Run[] = [];
  const divide = (
    from: number,
    to: number,
    first: Found | undefined,
    last: Found | undefined,
  ): void => {
    if (first?.fate === last?.fate) {
      const before = found.at(-1);
      if (first === undefined) return;
      if (before?.end === from && before.fate.fate === first.fate) {
        found[found.length - 1] = { ...before, end: to };
      } else found.push({ begin: from, end: to, fate: first });
      return;
    }
    const middle = (from + to) >>> 1;
    divide(from, middle, first, middle - 1 === from ? first : look(middle - 1));
    divide(middle, to, middle === to - 1 ? last : look(middle), last);
  };
  const first = look(begin);
  divide(begin, end, first, end - 1 === begin ? first : look(end - 1));
  return found;
}

type Found = Pick<LostMessages, 'fate' | 'cause' | 'proven'> & { readonly causeStack?: string };

function fateOf(
  channel: ChannelFacts,
  receiver: Receiver,
  side: 0 | 1,
  sent: Point,
  from: SideFacts,
): Found | undefined {
  const own = from.ends.find(
    ({ thread, closed }) => thread === sent.thread && closed !== undefined,
  );
  if (own?.closed !== undefined && own.closed.tick < sent.tick) {
    return {
      fate: 'own-end-closed',
      cause: own.closed,
      causeStack: own.closed.stack,
      proven: true,
    };
  }
  if (mayBeMissing(receiver, sent)) return undefined;
  const unstarted = neverStarted(receiver, sent);
  if (unstarted !== undefined) return unstarted;
  if (isHome(channel.document, sent.thread, receiver.thread?.id ?? receiver.end?.thread))
    return undefined;
  return tooLate(channel, receiver, side, sent);
}

function tooLate(
  channel: ChannelFacts,
  receiver: Receiver,
  side: 0 | 1,
  sent: Point,
): Found | undefined {
  const { document } = channel;
  const { end, thread, context } = receiver;
  if (end?.closed !== undefined) {
    const late = isAfter(document, sent, end.closed);
    if (late !== undefined) {
      if (wasFarewell(channel, sent, undefined)) return undefined;
      const { stack: causeStack } = end.closed;
      return { fate: 'other-end-closed', cause: end.closed, causeStack, proven: late === 'proven' };
    }
  }
  const worker = thread?.worker ?? (side === 0 ? channel.worker : undefined);
  if (worker !== undefined) return workerEnded(document, worker, sent);
  return context === undefined ? undefined : contextEnded(channel, context, end, sent);
}

function workerEnded(document: DocumentFacts, worker: WorkerFacts, sent: Point): Found | undefined {
  const { ended, scope } = worker;
  if (ended !== undefined) {
    const late = isAfter(document, sent, ended);
    if (late !== undefined) {
      const fate = ended.how === 'terminated' ? 'worker-terminated' : 'worker-not-loaded';
      return { fate, cause: ended, causeStack: ended.stack, proven: late === 'proven' };
    }
  }
  if (scope.closing !== undefined) {
    return { fate: 'undelivered', cause: scope.closing, proven: document.isolated };
  }
  if (ended === undefined || isUnloading(document, ended)) return undefined;
  // The last records of a terminated worker are surely seen only where memory is shared with it.
  const unsure = ended.how === 'terminated' && !document.isolated;
  if (unsure && saidMoreThanSeen(worker)) return undefined;
  return { fate: 'undelivered', cause: ended, causeStack: ended.stack, proven: !unsure };
}

/** Its maker heard messages of it that none of its own records tells of. */
function saidMoreThanSeen({ channel: { sides } }: WorkerFacts): boolean {
  const [maker, scope] = sides;
  return maker !== undefined && scope !== undefined && receivedBy(maker) > sentBy(scope);
}

function contextEnded(
  channel: ChannelFacts,
  { closed, calls }: ContextFacts,
  end: EndFacts | undefined,
  sent: Point,
): Found | undefined {
  if (closed === undefined) return undefined;
  const { document } = channel;
  const call = calls.find(({ method }) => method === 'close');
  const causeStack = call?.stack ?? '';
  const late = isAfter(document, sent, closed);
  if (late !== undefined) {
    return { fate: 'context-closed', cause: closed, causeStack, proven: late === 'proven' };
  }
  const listens = end !== undefined && (end.started !== undefined || end.received > 0);
  if (!listens || isUnloading(document, closed)) return undefined;
  const itself = sent.thread === closed.thread;
  if (itself && wasFarewell(channel, sent, call?.called ?? closed)) return undefined;
  return { fate: 'undelivered', cause: closed, causeStack, proven: true };
}

/** Whether something was sent after an event; `likely` where only clocks tell. */
function isAfter(
  document: DocumentFacts,
  sent: Point,
  event: Point,
): 'proven' | 'likely' | undefined {
  if (sent.thread === event.thread) return sent.tick > event.tick ? 'proven' : undefined;
  if (document.isolated) return comparePoints(event, sent) < 0 ? 'proven' : undefined;
  return sent.at > event.at + MARGIN_MICROS ? 'likely' : undefined;
}

function neverStarted({ document, end }: Receiver, sent: Point): Found | undefined {
  if (end?.listened === undefined || end.started !== undefined || end.received > 0) {
    return undefined;
  }
  if (document.lastAt - Math.max(sent.at, end.listened.at) < YOUNG_MICROS) return undefined;
  return { fate: 'never-started', cause: end.listened, proven: true };
}

/**
 * From an audio rendering thread to its page, or from a worker to one that made it: what is cut off there was
 * asked for by nobody.
 */
export function isHome(document: DocumentFacts, from: ThreadId, to: ThreadId | undefined): boolean {
  let at = document.threads.get(from);
  while (at !== undefined && at.kind !== 'main') {
    const parent = at.kind === 'audio' ? at.context?.created.thread : at.worker?.parent;
    if (parent === undefined) return false;
    if (parent === to) return true;
    at = document.threads.get(parent);
  }
  return false;
}

/**
 * Said in parting: shortly before its own thread closed the context (`closing`), or about when it gave the node
 * up. A processor that has ended already does not need to hear it.
 */
function wasFarewell({ node }: ChannelFacts, sent: Point, closing: Point | undefined): boolean {
  if (closing !== undefined && closing.at - sent.at < FAREWELL_MICROS) return true;
  if (node === undefined) return false;
  return node.farewells.some(({ at }) => sent.at > at - FAREWELL_MICROS);
}

/** What a page ends while it goes away itself. */
export function isUnloading({ pageEvents }: DocumentFacts, event: Point): boolean {
  return pageEvents.some(
    ({ event: what, at }) =>
      (what === 'ended' || what === 'frozen') && event.at > at - FAREWELL_MICROS,
  );
}

/**
 * Whether the record of its handling may have been lost. A worker says what it hears before it handles that, and where memory is
 * shared the little that a terminated one could not say any more is nothing of the kind.
 */
function mayBeMissing({ document, thread }: Receiver, sent: Point): boolean {
  const { losses } = document;
  if (document.incomplete) return true;
  const saysAll = document.isolated && thread?.kind === 'worker';
  for (let i = losses.length - 1; i >= 0; i--) {
    const { at, lostThread, why } = losses[i] as (typeof losses)[number];
    if (at < sent.at) return false;
    if (why === 'thread-ended' && saysAll) continue;
    if (lostThread === thread?.id || lostThread === MAIN_THREAD || why === 'paused') return true;
  }
  return false;
}
