import type {
  CallColumns,
  ChannelFacts,
  ContextFacts,
  DocumentFacts,
  NodeFacts,
  WorkerFacts,
} from '../../analysis/model.ts';
import type { Session } from '../../analysis/session.ts';
import { MAIN_THREAD, type Micros, type ThreadId } from '../../shared/units.ts';
import { buildArrows, freeChannels } from './build-arrows.ts';
import { hasEndIn } from './entity-events.ts';
import { type Entity, findEntity } from './entity-lookup.ts';
import {
  type CallGeometry,
  type Geometry,
  MARKS,
  type MarkGeometry,
  type MarkKind,
  type RowGeometry,
  type View,
} from './protocol.ts';
import { buildSessionTime } from './session-time.ts';
import { atomicsIn, messagesIn, type Stretch, waitsIn } from './thread-geometry.ts';

/** Calls are drawn one by one from this many CSS pixels a call on. */
const SINGLE_PX = 5;
/** Width of a bucket in CSS pixels: between this and twice as much. */
const BUCKET_PX = 2;
/** Marks of one kind nearer than this are one. */
const MARK_PX = 2;
const MAX_BUCKETS = 16_384;

interface Window {
  readonly from: number;
  readonly to: number;
  readonly pxMicros: number;
  /** Session time at the document's time 0. */
  readonly offset: number;
}

/** What the rows of the view look like; rows that are not there any more are left out. */
export function buildGeometry(session: Session, view: View): Geometry {
  const time = buildSessionTime(session.documents);
  const rows: RowGeometry[] = [];
  const known = new Map<ContextFacts, readonly Gap[]>();
  const gaps: GapsOfContext = (context) => {
    const found = known.get(context) ?? gapsIn(context);
    known.set(context, found);
    return found;
  };
  const ports = new Map<DocumentFacts, readonly ChannelFacts[]>();
  const portsOf: PortsOf = (document) => {
    const found = ports.get(document) ?? freeChannels(document);
    ports.set(document, found);
    return found;
  };
  for (const key of view.rows) {
    const entity = findEntity(session, key);
    if (entity === undefined) continue;
    const document = entity.kind === 'document' ? entity.facts : entity.facts.document;
    const offset = time.offsetOf(document);
    rows.push(rowGeometry(key, entity, { ...view, offset }, gaps, portsOf));
  }
  return { view, rows, arrows: buildArrows(session, time, view) };
}

type GapsOfContext = (context: ContextFacts) => readonly Gap[];
type PortsOf = (document: DocumentFacts) => readonly ChannelFacts[];

const NONE = { calls: undefined, bands: [] } as const;

function rowGeometry(
  key: string,
  entity: Entity,
  window: Window,
  gaps: GapsOfContext,
  portsOf: PortsOf,
): RowGeometry {
  switch (entity.kind) {
    case 'document':
      return {
        key,
        ...NONE,
        marks: documentMarks(entity.facts, window),
        gaps: new Float64Array(0),
        waits: waitsOf(entity.facts, MAIN_THREAD, window),
      };
    case 'worker': {
      const { document, thread } = entity.facts;
      return {
        key,
        ...NONE,
        marks: workerMarks(entity.facts, portsOf(document), window),
        gaps: new Float64Array(0),
        waits: waitsOf(document, thread?.id, window),
      };
    }
    case 'context':
      return {
        key,
        calls: undefined,
        marks: contextMarks(entity.facts, portsOf(entity.facts.document), window),
        waits: new Float64Array(0),
        gaps: gapsOf(gaps(entity.facts), entity.facts.created.at, entity.facts.closed?.at, window),
        bands: bandsOf(entity.facts, window.offset),
      };
    case 'node':
      return {
        key,
        calls: callGeometry(entity.facts.calls, window),
        marks: nodeMarks(entity.facts, window),
        waits: new Float64Array(0),
        gaps: gapsOf(
          gaps(entity.facts.context),
          entity.facts.created.at,
          nodeEnd(entity.facts),
          window,
        ),
        bands: [],
      };
  }
}

function callGeometry(calls: CallColumns, window: Window): CallGeometry | undefined {
  if (calls.length === 0) return undefined;
  const from = (window.from - window.offset) as Micros;
  const to = (window.to - window.offset) as Micros;
  const first = Math.max(0, calls.firstFromTime(from) - 1);
  const end = calls.firstFromTime(to);
  const count = end - first;
  const widthPx = (window.to - window.from) / window.pxMicros;
  if (count * SINGLE_PX <= widthPx) return singleCalls(calls, first, count, window.offset);
  const bucketMicros = bucketMicrosFor(window.pxMicros, window.to - window.from);
  const firstBucket = Math.floor(window.from / bucketMicros);
  const bucketCount = Math.ceil(window.to / bucketMicros) - firstBucket;
  const start = firstBucket * bucketMicros;
  const { counts, worstMicros } = calls.buckets(
    (start - window.offset) as Micros,
    (start + bucketCount * bucketMicros - window.offset) as Micros,
    bucketCount,
  );
  return {
    form: 'buckets',
    from: start,
    bucketMicros,
    counts: counts.slice(),
    worstMicros: worstMicros.slice(),
  };
}

/** On a grid that stays put while the view pans, and is the same for every zoom within an octave. */
export function bucketMicrosFor(pxMicros: number, span: number): number {
  const wanted = Math.max(pxMicros * BUCKET_PX, span / MAX_BUCKETS);
  return 2 ** Math.ceil(Math.log2(wanted));
}

function singleCalls(
  calls: CallColumns,
  first: number,
  count: number,
  offset: number,
): CallGeometry {
  const at = new Float64Array(count);
  const duration = new Float64Array(count);
  const returned = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const call = calls.at(first + i);
    if (call === undefined) continue;
    at[i] = call.at + offset;
    duration[i] = call.duration ?? 0;
    returned[i] = call.returned === 'false' ? 0 : call.returned === 'true' ? 1 : 2;
  }
  return { form: 'single', at, duration, returned };
}

interface Mark {
  readonly at: number;
  readonly kind: MarkKind;
}

function nodeMarks(node: NodeFacts, window: Window): MarkGeometry {
  const marks: Mark[] = [{ at: node.created.at, kind: 'created' }];
  for (const { at, kind } of node.wireEvents) marks.push({ at, kind });
  for (const message of messagesIn(node.messages, stretchOf(window))) {
    const inward = message.from === 'node';
    const point = inward ? (message.sent ?? message.received) : (message.received ?? message.sent);
    if (point !== undefined) {
      marks.push({ at: point.at, kind: inward ? 'message-in' : 'message-out' });
    }
  }
  for (const { at } of node.portClosed) marks.push({ at, kind: 'port-closed' });
  for (const { at, signal } of node.farewells) {
    if (signal !== 'collected' && signal !== 'context-closed') marks.push({ at, kind: 'farewell' });
  }
  const failed = node.processor?.failed;
  if (failed !== undefined) marks.push({ at: failed.at, kind: 'failed' });
  if (node.processor !== undefined && node.processor.constructError !== '') {
    marks.push({ at: node.processor.constructed.at, kind: 'failed' });
  }
  if (node.collected !== undefined) marks.push({ at: node.collected.at, kind: 'collected' });
  for (const each of node.document.interventions) {
    if (each.node === node) marks.push({ at: each.at, kind: 'stressed' });
  }
  return packMarks(marks, window);
}

function workerMarks(
  worker: WorkerFacts,
  ports: readonly ChannelFacts[],
  window: Window,
): MarkGeometry {
  const { scope, ended, document, thread } = worker;
  const marks: Mark[] = [{ at: worker.created.at, kind: 'created' }];
  if (scope.started !== undefined) marks.push({ at: scope.started.at, kind: 'started' });
  if (scope.closing !== undefined) marks.push({ at: scope.closing.at, kind: 'ended' });
  if (ended !== undefined) {
    marks.push({ at: ended.at, kind: ended.how === 'terminated' ? 'ended' : 'failed' });
  }
  for (const { at } of worker.errors) marks.push({ at, kind: 'failed' });
  for (const { side, sent, received } of messagesIn(worker.channel.messages, stretchOf(window))) {
    const point = side === 0 ? (received ?? sent) : (sent ?? received);
    if (point === undefined) continue;
    marks.push({ at: point.at, kind: side === 0 ? 'message-in' : 'message-out' });
  }
  if (thread !== undefined) {
    marks.push(...portMarks(ports, thread.id, window), ...atomicMarks(document, thread.id, window));
  }
  return packMarks(marks, window);
}

/** What went into a thread and out of it by ports of its own. */
function* portMarks(
  ports: readonly ChannelFacts[],
  thread: ThreadId,
  window: Window,
): Iterable<Mark> {
  for (const channel of ports) {
    if (!hasEndIn(channel, thread)) continue;
    for (const { sent, received } of messagesIn(channel.messages, stretchOf(window))) {
      if (sent?.thread === thread) yield { at: sent.at, kind: 'message-out' };
      if (received?.thread === thread) yield { at: received.at, kind: 'message-in' };
    }
  }
}

function atomicMarks(document: DocumentFacts, thread: ThreadId, window: Window): readonly Mark[] {
  return atomicsIn(document, thread, stretchOf(window)).map((at) => ({ at, kind: 'atomic' }));
}

function waitsOf(
  document: DocumentFacts,
  thread: ThreadId | undefined,
  window: Window,
): Float64Array<ArrayBuffer> {
  if (thread === undefined) return new Float64Array(0);
  const now = document.goneAt ?? document.lastAt;
  const pairs = waitsIn(document, thread, stretchOf(window), now);
  return Float64Array.from(pairs, (at) => at + window.offset);
}

/** The window in the document’s own time. */
function stretchOf({ from, to, offset, pxMicros }: Window): Stretch {
  return { from: from - offset, to: to - offset, pxMicros };
}

function contextMarks(
  context: ContextFacts,
  ports: readonly ChannelFacts[],
  window: Window,
): MarkGeometry {
  const marks: Mark[] = [{ at: context.created.at, kind: 'created' }];
  for (const { called } of context.calls) marks.push({ at: called.at, kind: 'context-call' });
  for (const refused of context.document.refused) {
    if (refused.context === context) marks.push({ at: refused.at, kind: 'refused' });
  }
  if (context.collected !== undefined) marks.push({ at: context.collected.at, kind: 'collected' });
  for (const each of context.document.interventions) {
    if (each.context === context && each.node === undefined) {
      marks.push({ at: each.at, kind: 'stressed' });
    }
  }
  const thread = context.audioThread?.id;
  if (thread !== undefined) {
    marks.push(...portMarks(ports, thread, window));
    marks.push(...atomicMarks(context.document, thread, window));
  }
  return packMarks(marks, window);
}

function documentMarks(document: DocumentFacts, window: Window): MarkGeometry {
  const marks: Mark[] = document.pageEvents.map(({ at }) => ({ at, kind: 'page-event' }));
  marks.push(...atomicMarks(document, MAIN_THREAD, window));
  return packMarks(marks, window);
}

/** Those inside the window, in order of time, with crowds of one kind thinned to what can be seen. */
function packMarks(marks: readonly Mark[], window: Window): MarkGeometry {
  const inside = marks
    .map(({ at, kind }) => ({ at: at + window.offset, kind }))
    .filter(({ at }) => at >= window.from && at <= window.to)
    .sort((a, b) => a.at - b.at);
  const lastPx = new Map<MarkKind, number>();
  const kept: Mark[] = [];
  for (const mark of inside) {
    const px = Math.floor(mark.at / (window.pxMicros * MARK_PX));
    if (lastPx.get(mark.kind) === px) continue;
    lastPx.set(mark.kind, px);
    kept.push(mark);
  }
  return {
    at: Float64Array.from(kept, (mark) => mark.at),
    kinds: Uint8Array.from(kept, (mark) => MARKS.indexOf(mark.kind)),
  };
}

function nodeEnd({ collected, context }: NodeFacts): number | undefined {
  return (collected ?? context.closed)?.at;
}

interface Gap {
  readonly from: number;
  readonly to: number;
}

/**
 * The losses of a context's thread. One is known by its end only: it began at earliest after the last
 * call on that thread that was seen before it, whichever node it was of.
 */
function gapsIn(context: ContextFacts): readonly Gap[] {
  const audio: ThreadId | undefined = context.audioThread?.id;
  const gaps: Gap[] = [];
  for (const { lostThread, why, at } of context.document.losses) {
    if (lostThread !== audio && !(why === 'paused' && lostThread === 0)) continue;
    let from = context.created.at as number;
    for (const { calls } of context.nodes) {
      const before = calls.at(calls.firstFromTime(at) - 1);
      if (before !== undefined) from = Math.max(from, before.at);
    }
    gaps.push({ from, to: at });
  }
  return gaps;
}

/** As far as the lifeline lived through them and the window shows them. */
function gapsOf(
  gaps: readonly Gap[],
  born: number,
  ended: number | undefined,
  window: Window,
): Float64Array<ArrayBuffer> {
  const pairs: number[] = [];
  for (const gap of gaps) {
    const from = Math.max(gap.from, born) + window.offset;
    const to = Math.min(gap.to, ended ?? gap.to) + window.offset;
    if (from < to && to >= window.from && from <= window.to) pairs.push(from, to);
  }
  return Float64Array.from(pairs);
}

function bandsOf(context: ContextFacts, offset: number): RowGeometry['bands'] {
  const bands = context.states.map(({ at, state }) => ({ at: at + offset, state }));
  if (context.closed !== undefined && bands.at(-1)?.state !== 'closed') {
    bands.push({ at: context.closed.at + offset, state: 'closed' });
  }
  return bands;
}
