import type { Finding } from '../../analysis/finding.ts';
import { contextLabel, nodeLabel, threadLabel, workerLabel } from '../../analysis/labels.ts';
import { explainLiveness } from '../../analysis/liveness.ts';
import type {
  ContextFacts,
  DocumentFacts,
  EntityKey,
  MessageList,
  NodeFacts,
  WorkerFacts,
} from '../../analysis/model.ts';
import { stackFrames } from '../../analysis/scene.ts';
import type { Session } from '../../analysis/session.ts';
import { showEvent } from './build-path.ts';
import { buildTeardowns } from './build-teardowns.ts';
import {
  contextEvents,
  documentEvents,
  type EntityEvent,
  nodeEvents,
  workerEvents,
} from './entity-events.ts';
import { documentKey, documentOf, findEntity } from './entity-lookup.ts';
import { formatCount, formatDuration, plural } from './format.ts';
import { EndsGlance, type Glance } from './glance.ts';
import type { BlockIndexes } from './heap/block-index.ts';
import { blockLinksOf, buildBlock } from './heap/build-block.ts';
import { buildSite } from './heap/build-site.ts';
import { findSite } from './heap/heap-owners.ts';
import { findBlock } from './heap/known-blocks.ts';
import type { EntityDetail } from './protocol.ts';
import { buildSessionTime } from './session-time.ts';

/** Events in one detail; the first and the last ones are kept. */
const MAX_EVENTS = 400;

export function buildDetail(
  session: Session,
  key: EntityKey,
  known: { readonly found: () => readonly Finding[]; readonly indexes: BlockIndexes },
): EntityDetail | undefined {
  const entity = findEntity(session, key);
  if (entity === undefined) return heapDetail(session, key, known.found, known.indexes);
  const offset = buildSessionTime(session.documents).offsetOf(documentOf(entity));
  switch (entity.kind) {
    case 'document':
      return documentDetail(entity.facts, offset);
    case 'context':
      return contextDetail(entity.facts, offset);
    case 'worker':
      return workerDetail(entity.facts, offset);
    case 'node':
      return nodeDetail(session, entity.facts, offset, known.indexes);
  }
}

/** What only the heap view has a row for. */
function heapDetail(
  session: Session,
  key: EntityKey,
  found: () => readonly Finding[],
  indexes: BlockIndexes,
): EntityDetail | undefined {
  const document = session.documents.find((each) => key.startsWith(`${each.index}/`));
  if (document === undefined) return undefined;
  const offset = buildSessionTime(session.documents).offsetOf(document);
  const block = findBlock(document, key);
  if (block !== undefined) {
    return buildBlock(session, { found: found(), indexes }, document, block, offset);
  }
  const site = findSite(document, key);
  return site && buildSite(document, key, site, offset, indexes.of(document));
}

function nodeDetail(
  session: Session,
  node: NodeFacts,
  offset: number,
  indexes: BlockIndexes,
): EntityDetail {
  const last = node.calls.at(node.calls.length - 1);
  const facts = [
    { label: 'Processor', value: node.processorName },
    { label: 'Class', value: node.className },
    { label: 'Inputs / outputs', value: `${node.numberOfInputs} / ${node.numberOfOutputs}` },
    { label: 'Calls', value: formatCount(node.calls.length) },
    ...(last === undefined ? [] : [{ label: 'Last returned', value: last.returned }]),
    { label: 'Messages', value: messageWords(node.messages) },
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
    row: node.key,
    links: blockLinksOf(node, indexes),
    findings: [],
    title: nodeLabel(node),
    facts,
    liveness: explainLiveness(node),
    teardowns: buildTeardowns(session, node, offset),
    ...cutEvents(node.document, (glance) => nodeEvents(node, glance), offset, nodeLabel(node)),
    stacks: [
      ...stack('create', node.createStack),
      ...node.farewells.flatMap(({ stack: text }) => stack('destroy', text)).slice(0, 3),
      ...stack('exception', node.processor?.failed?.stack ?? ''),
    ],
  };
}

const MEMORY_WORDS = { shared: 'SharedArrayBuffer', wasm: 'WebAssembly' } as const;

function workerDetail(worker: WorkerFacts, offset: number): EntityDetail {
  const { document, ended, scopeUrl, url, thread } = worker;
  const operations =
    thread === undefined
      ? 0
      : [...document.atomics.columns(thread.id)].reduce((sum, { length }) => sum + length, 0);
  const facts = [
    { label: 'Script', value: url === '' ? 'none' : url },
    ...(scopeUrl === '' || scopeUrl === url ? [] : [{ label: 'Runs at', value: scopeUrl }]),
    { label: 'Type', value: worker.type },
    { label: 'Made by', value: threadLabel(document, worker.parent) },
    { label: 'Observed', value: ENTERED_WORDS[worker.entered] },
    { label: 'State', value: workerState(worker) },
    { label: 'Messages', value: messageWords(worker.channel.messages) },
    ...(operations === 0 ? [] : [{ label: 'Atomic records', value: formatCount(operations) }]),
  ];
  return {
    key: worker.key,
    kind: 'worker',
    row: worker.key,
    links: [],
    findings: [],
    title: workerLabel(worker),
    facts,
    liveness: [],
    teardowns: [],
    ...cutEvents(document, (glance) => workerEvents(worker, glance), offset, workerLabel(worker)),
    stacks: [
      ...stack('create', worker.createStack),
      ...stack('terminate', ended?.stack ?? ''),
      ...stack('exception', worker.errors[0]?.stack ?? ''),
    ],
  };
}

const ENTERED_WORDS = {
  yes: 'yes',
  forbidden: 'no: the page’s Content Security Policy forbids it',
  foreign: 'no: its script cannot be loaded from here',
  limit: 'no: there are too many workers',
  'not-isolated': 'no: the page is not isolated',
} as const satisfies { readonly [E in WorkerFacts['entered']]: string };

function workerState({ scope, ended, entered, document }: WorkerFacts): string {
  if (ended?.how === 'not-loaded') return `did not load: ${ended.reason}`;
  if (ended !== undefined) return 'terminated';
  if (scope.closing !== undefined) return 'closed itself';
  if (document.goneAt !== undefined) return 'gone with its page';
  if (entered !== 'yes') return 'not known';
  return scope.started === undefined ? 'has not started so far' : 'alive';
}

/** More than these are counted, not looked at one by one. */
const MESSAGES_LOOKED_AT = 20_000;

/** `34, 2 not handled, queued for 3.4 ms at most`. */
function messageWords(messages: MessageList): string {
  const { length } = messages;
  const count = formatCount(length);
  if (length === 0 || length > MESSAGES_LOOKED_AT) return count;
  let longest = 0;
  let unhandled = 0;
  for (const { sent, received } of messages) {
    if (received === undefined) unhandled++;
    else if (sent !== undefined) longest = Math.max(longest, received.at - sent.at);
  }
  const open = unhandled === 0 ? '' : `, ${formatCount(unhandled)} not handled`;
  return `${count}${open}${longest > 0 ? `, queued for ${formatDuration(longest)} at most` : ''}`;
}

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
    row: context.key,
    links: [],
    findings: [],
    title: contextLabel(context),
    facts,
    liveness: [],
    teardowns: [],
    ...cutEvents(
      context.document,
      (glance) => contextEvents(context, glance),
      offset,
      contextLabel(context),
    ),
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
    row: documentKey(document),
    links: [],
    findings: [],
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
      ...(document.workers.size === 0
        ? []
        : [{ label: 'Workers', value: formatCount(document.workers.size) }]),
      ...document.coverage.map((value) => ({ label: 'Not observed', value })),
    ],
    liveness: [],
    teardowns: [],
    ...cutEvents(document, (glance) => documentEvents(document, glance), offset, ''),
    stacks: [],
  };
}

function cutEvents(
  document: DocumentFacts,
  eventsOf: (glance: Glance) => readonly EntityEvent[],
  offset: number,
  owner: string,
): Pick<EntityDetail, 'events' | 'eventsOmitted'> {
  const glance = new EndsGlance(document);
  const events = eventsOf(glance);
  const over = Math.max(0, events.length - MAX_EVENTS);
  const kept =
    over === 0
      ? events
      : [...events.slice(0, MAX_EVENTS / 2), ...events.slice(events.length - MAX_EVENTS / 2)];
  return {
    events: kept.map((event) => showEvent(document, offset, event, owner)),
    eventsOmitted: over + glance.passedOver,
  };
}

function stack(role: string, text: string): EntityDetail['stacks'] {
  const frames = stackFrames(text);
  return frames.length === 0 ? [] : [{ role, frames }];
}
