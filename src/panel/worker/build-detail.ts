import { contextLabel, nodeLabel } from '../../analysis/labels.ts';
import { explainLiveness } from '../../analysis/liveness.ts';
import type { ContextFacts, DocumentFacts, EntityKey, NodeFacts } from '../../analysis/model.ts';
import { stackFrames } from '../../analysis/scene.ts';
import type { Session } from '../../analysis/session.ts';
import { contextEvents, documentEvents, type EntityEvent, nodeEvents } from './entity-events.ts';
import { documentKey, documentOf, findEntity, threadName } from './entity-lookup.ts';
import { formatCount, formatDuration, plural } from './format.ts';
import type { EntityDetail } from './protocol.ts';
import { buildSessionTime } from './session-time.ts';

/** Events in one detail; the first and the last ones are kept. */
const MAX_EVENTS = 400;

export function buildDetail(session: Session, key: EntityKey): EntityDetail | undefined {
  const entity = findEntity(session, key);
  if (entity === undefined) return undefined;
  const offset = buildSessionTime(session.documents).offsetOf(documentOf(entity));
  switch (entity.kind) {
    case 'document':
      return documentDetail(entity.facts, offset);
    case 'context':
      return contextDetail(entity.facts, offset);
    case 'node':
      return nodeDetail(entity.facts, offset);
  }
}

function nodeDetail(node: NodeFacts, offset: number): EntityDetail {
  const last = node.calls.at(node.calls.length - 1);
  const facts = [
    { label: 'Processor', value: node.processorName },
    { label: 'Class', value: node.className },
    { label: 'Inputs / outputs', value: `${node.numberOfInputs} / ${node.numberOfOutputs}` },
    { label: 'Calls', value: formatCount(node.calls.length) },
    ...(last === undefined ? [] : [{ label: 'Last returned', value: last.returned }]),
    { label: 'Messages', value: formatCount(node.messages.length) },
    { label: 'Options', value: node.options === '' ? 'none' : node.options },
    ...(node.memory === 'none' ? [] : [{ label: 'Memory', value: MEMORY_WORDS[node.memory] }]),
    ...(node.emscripten === 'no'
      ? []
      : [
          { label: 'Emscripten', value: node.emscripten },
          { label: 'userData', value: `0x${node.userData.toString(16)}` },
          { label: 'callback', value: `table index ${node.callback}` },
        ]),
  ];
  return {
    key: node.key,
    kind: 'node',
    title: nodeLabel(node),
    facts,
    liveness: explainLiveness(node),
    ...cutEvents(node.document, nodeEvents(node), offset),
    stacks: [
      ...stack('create', node.createStack),
      ...node.farewells.flatMap(({ stack: text }) => stack('destroy', text)).slice(0, 3),
      ...stack('exception', node.processor?.failed?.stack ?? ''),
    ],
  };
}

const MEMORY_WORDS = { shared: 'SharedArrayBuffer', wasm: 'WebAssembly' } as const;

function contextDetail(context: ContextFacts, offset: number): EntityDetail {
  const state = context.closed === undefined ? context.states.at(-1)?.state : 'closed';
  const quantum = (context.quantumFrames / context.sampleRate) * 1e6;
  const worst = context.quanta.seconds.reduce((most, each) => Math.max(most, each.worstMicros), 0);
  const facts = [
    { label: 'Kind', value: context.kind === 'offline' ? 'offline' : 'real-time' },
    { label: 'State', value: state ?? 'suspended' },
    { label: 'Sample rate', value: `${formatCount(context.sampleRate)} Hz` },
    {
      label: 'Quantum',
      value: `${context.quantumFrames} frames (${formatDuration(quantum)})`,
    },
    ...(context.length > 0 ? [{ label: 'Length', value: plural(context.length, 'frame') }] : []),
    { label: 'Worklet nodes', value: formatCount(context.nodes.length) },
    ...(worst > 0 ? [{ label: 'Longest quantum', value: formatDuration(worst) }] : []),
  ];
  return {
    key: context.key,
    kind: 'context',
    title: contextLabel(context),
    facts,
    liveness: [],
    ...cutEvents(context.document, contextEvents(context), offset),
    stacks: [
      ...stack('create', context.createStack),
      ...context.calls.flatMap((call) =>
        call.method === 'close' ? stack('close', call.stack) : [],
      ),
    ],
  };
}

function documentDetail(document: DocumentFacts, offset: number): EntityDetail {
  return {
    key: documentKey(document),
    kind: 'document',
    title: document.url,
    facts: [
      { label: 'Address', value: document.url },
      { label: 'Frame', value: document.parentFrameId < 0 ? 'top' : `frame ${document.frameId}` },
      {
        label: 'Isolated',
        value: document.isolated
          ? 'yes: one counter orders all threads'
          : 'no: order rests on frames and clocks',
      },
      { label: 'Contexts', value: formatCount(document.contexts.size) },
      ...document.coverage.map((value) => ({ label: 'Not observed', value })),
    ],
    liveness: [],
    ...cutEvents(document, documentEvents(document), offset),
    stacks: [],
  };
}

function cutEvents(
  document: DocumentFacts,
  events: readonly EntityEvent[],
  offset: number,
): Pick<EntityDetail, 'events' | 'eventsOmitted'> {
  const over = Math.max(0, events.length - MAX_EVENTS);
  const kept =
    over === 0
      ? events
      : [...events.slice(0, MAX_EVENTS / 2), ...events.slice(events.length - MAX_EVENTS / 2)];
  return {
    events: kept.map(({ at, thread, what }) => ({
      at: at + offset,
      thread: threadName(document, thread),
      what,
    })),
    eventsOmitted: over,
  };
}

function stack(role: string, text: string): EntityDetail['stacks'] {
  const frames = stackFrames(text);
  return frames.length === 0 ? [] : [{ role, frames }];
}
