import { contextLabel, nodeLabel, threadLabel, workerLabel } from '../../analysis/labels.ts';
import type {
  Call,
  ContextFacts,
  EntityKey,
  NodeFacts,
  WorkerFacts,
} from '../../analysis/model.ts';
import type { Session } from '../../analysis/session.ts';
import type { Micros } from '../../shared/units.ts';
import { showEvent } from './build-path.ts';
import {
  contextEvents,
  documentEvents,
  type EntityEvent,
  nodeEvents,
  workerEvents,
} from './entity-events.ts';
import { documentOf, type Entity, findEntity } from './entity-lookup.ts';
import { callEvent } from './find-event.ts';
import { formatCount, formatDuration, formatExactTime } from './format.ts';
import { type Glance, glanceNear } from './glance.ts';
import type { Probe } from './protocol.ts';
import { buildSessionTime } from './session-time.ts';
import { waitsIn } from './thread-geometry.ts';

type Lines = Probe['lines'][number][];

/**
 * What lies at session time `at` on a row: the nearest event within `reach`, else the call there (or
 * how many calls, where they are too dense to be told apart), else what state the entity was in.
 */
export function buildProbe(
  session: Session,
  key: EntityKey,
  at: number,
  reach: number,
): Probe | undefined {
  const entity = findEntity(session, key);
  if (entity === undefined) return undefined;
  const offset = buildSessionTime(session.documents).offsetOf(documentOf(entity));
  const local = at - offset;
  const glance = glanceNear(documentOf(entity), local, reach);
  const event = nearest(eventsOf(entity, glance), local, reach);
  if (event !== undefined) {
    return {
      title: event.what,
      at: event.at + offset,
      lines: [
        { label: 'at', value: formatExactTime(event.at + offset) },
        { label: 'thread', value: threadLabel(documentOf(entity), event.thread) },
        ...(event.seq > 0 ? [{ label: 'order', value: formatCount(event.seq) }] : []),
      ],
      event: showEvent(documentOf(entity), offset, event, labelOf(entity)),
    };
  }
  if (entity.kind === 'node') return probeCalls(entity.facts, local, reach, offset);
  if (entity.kind === 'context') return probeState(entity.facts, local, at);
  if (entity.kind === 'worker') return probeWorker(entity.facts, local, at);
  return undefined;
}

function eventsOf(entity: Entity, glance: Glance): readonly EntityEvent[] {
  switch (entity.kind) {
    case 'document':
      return documentEvents(entity.facts, glance);
    case 'context':
      return contextEvents(entity.facts, glance);
    case 'worker':
      return workerEvents(entity.facts, glance);
    case 'node':
      return nodeEvents(entity.facts, glance);
  }
}

function labelOf(entity: Entity): string {
  switch (entity.kind) {
    case 'document':
      return '';
    case 'context':
      return contextLabel(entity.facts);
    case 'worker':
      return workerLabel(entity.facts);
    case 'node':
      return nodeLabel(entity.facts);
  }
}

function nearest(
  events: readonly EntityEvent[],
  at: number,
  reach: number,
): EntityEvent | undefined {
  let best: EntityEvent | undefined;
  for (const event of events) {
    const distance = Math.abs(event.at - at);
    if (distance <= reach && (best === undefined || distance < Math.abs(best.at - at)))
      best = event;
  }
  return best;
}

function probeCalls(node: NodeFacts, at: number, reach: number, offset: number): Probe | undefined {
  const { calls } = node;
  const first = calls.firstFromTime((at - reach) as Micros);
  const end = calls.firstFromTime((at + reach) as Micros);
  if (end - first > 1) return probeMany(node, first, end, offset);
  const candidates = [calls.at(first - 1), calls.at(first)].filter((each) => each !== undefined);
  const hit = candidates.find(
    (call) => at >= call.at - reach && at <= call.at + Math.max(call.duration ?? 0, reach),
  );
  return hit === undefined ? undefined : probeCall(node, hit, offset);
}

function probeCall(node: NodeFacts, call: Call, offset: number): Probe {
  const lines: Lines = [
    { label: 'at', value: formatExactTime(call.at + offset) },
    { label: 'frame', value: formatCount(call.frame) },
    {
      label: 'duration',
      value: call.duration === undefined ? 'not timed' : formatDuration(call.duration),
    },
    { label: 'returned', value: call.returned === 'threw' ? 'threw an exception' : call.returned },
  ];
  if (call.enter > 0) {
    lines.push({
      label: 'order',
      value: `${formatCount(call.enter)} → ${formatCount(call.exit)}`,
    });
  }
  return {
    title: `process() call ${formatCount(call.index + 1)} of ${formatCount(node.calls.length)}`,
    at: call.at + offset,
    lines,
    event: eventOfCall(node, call, offset),
  };
}

function probeMany(node: NodeFacts, first: number, end: number, offset: number): Probe {
  const { calls } = node;
  const from = calls.at(first);
  const to = calls.at(end - 1);
  const buckets = calls.buckets(from?.at ?? (0 as Micros), ((to?.at ?? 0) + 1) as Micros, 1);
  const worst = buckets.worstMicros[0] ?? 0;
  return {
    title: `${formatCount(end - first)} process() calls`,
    at: (from?.at ?? 0) + offset,
    lines: [
      {
        label: 'at',
        value: `${formatExactTime((from?.at ?? 0) + offset)} – ${formatExactTime((to?.at ?? 0) + offset)}`,
      },
      {
        label: 'frames',
        value: `${formatCount(from?.frame ?? 0)} – ${formatCount(to?.frame ?? 0)}`,
      },
      { label: 'longest', value: worst > 0 ? formatDuration(worst) : 'not timed' },
      { label: 'last returned', value: to?.returned ?? '' },
    ],
    event: from === undefined ? undefined : eventOfCall(node, from, offset),
  };
}

function eventOfCall(node: NodeFacts, call: Call, offset: number): Probe['event'] {
  const thread = node.context.audioThread?.id;
  if (thread === undefined) return undefined;
  return showEvent(node.document, offset, callEvent(node, call, thread));
}

function probeWorker(worker: WorkerFacts, local: number, at: number): Probe | undefined {
  const { created, scope, ended, thread, document, entered } = worker;
  if (local < created.at) return undefined;
  const over = (ended ?? scope.closing)?.at;
  const waits =
    thread === undefined
      ? []
      : waitsIn(document, thread.id, { from: local, to: local, pxMicros: 1 }, document.lastAt);
  const isWaiting = waits.some(
    (from, i) => i % 2 === 0 && from <= local && local <= (waits[i + 1] ?? 0),
  );
  const state =
    over !== undefined && local >= over
      ? 'ended'
      : entered !== 'yes'
        ? 'not observed'
        : scope.started === undefined || local < scope.started.at
          ? 'starting'
          : isWaiting
            ? 'blocked in Atomics.wait'
            : 'alive';
  return {
    title: workerLabel(worker),
    at,
    lines: [
      { label: 'at', value: formatExactTime(at) },
      { label: 'state', value: state },
    ],
    event: undefined,
  };
}

function probeState(context: ContextFacts, local: number, at: number): Probe | undefined {
  if (local < context.created.at) return undefined;
  const state = context.states.findLast((each) => each.at <= local)?.state;
  const second = Math.floor(local / 1e6);
  const load = context.quanta.seconds.find((each) => Math.floor(each.at / 1e6) === second);
  const lines: Lines = [
    { label: 'at', value: formatExactTime(at) },
    {
      label: 'state',
      value:
        context.closed !== undefined && context.closed.at <= local
          ? 'closed'
          : (state ?? 'suspended'),
    },
  ];
  if (load !== undefined && load.timed > 0) {
    lines.push({ label: 'longest quantum', value: formatDuration(load.worstMicros) });
    if (load.over > 0) {
      lines.push({ label: 'over budget', value: `${load.over} of ${load.timed} timed` });
    }
  }
  return {
    title: context.kind === 'offline' ? 'OfflineAudioContext' : 'AudioContext',
    at,
    lines,
    event: undefined,
  };
}
