import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { ContextState } from '../context-state.ts';
import type { DocumentState } from '../document-state.ts';
import { FRAME_UNSEEN, say } from '../farewells.ts';
import type { Lane } from '../lane.ts';
import type { NodeFacts, Point } from '../model.ts';
import { insertByTime } from '../point.ts';

export function nodeCreated(
  document: DocumentState,
  fields: FieldsOf<'nodeCreated'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  const lane = context?.lane(fields.ordinal);
  const { facts } = document;
  if (context === undefined || lane === undefined || lane.node !== undefined) return false;
  if (fields.node === 0 || facts.nodes.has(fields.node)) return false;
  const kept = facts.nodes.size + facts.neighbours.size;
  if (!document.hasRoom(kept, LIMITS.nodes, 'nodes')) return false;
  context.sawFrame(fields.frame);
  const node: NodeFacts = {
    id: fields.node,
    key: `${facts.index}/n${fields.node}`,
    document: facts,
    context: context.facts,
    ordinal: fields.ordinal,
    processorName: fields.processorName,
    className: fields.className,
    numberOfInputs: fields.numberOfInputs,
    numberOfOutputs: fields.numberOfOutputs,
    emscripten: fields.emscripten,
    userData: fields.userData,
    callback: fields.callback,
    memory: fields.memory,
    options: fields.options,
    created: point,
    createdFrame: fields.frame,
    createStack: fields.stack,
    wires: [],
    wireEvents: [],
    reconnections: 0,
    farewells: lane.farewells,
    portClosed: lane.portClosed,
    get messages() {
      return lane.messages;
    },
    get channel() {
      return lane.channel;
    },
    posts: lane.posts,
    errorEvents: [],
    collected: undefined,
    get processor() {
      return lane.processor;
    },
    calls: lane.calls,
  };
  lane.node = node;
  document.lanes.set(fields.node, lane);
  facts.nodes.set(fields.node, node);
  context.facts.nodes.push(node);
  context.order.constructed(lane);
  return true;
}

export function nodeRefused(
  document: DocumentState,
  fields: FieldsOf<'nodeRefused'>,
  point: Point,
): boolean {
  const context = document.contexts.get(fields.context);
  if (context === undefined) return false;
  const { processorName, contextState, reason, stack } = fields;
  const refused = { ...point, context: context.facts, processorName, contextState, reason, stack };
  const list = document.facts.refused;
  if (!document.hasRoom(list.length, LIMITS.eventsPerDocument, 'refused nodes')) return false;
  list.push(refused);
  return true;
}

export function neighbourSeen(
  document: DocumentState,
  { context, node, type }: FieldsOf<'neighbourSeen'>,
  point: Point,
): boolean {
  const { neighbours, nodes } = document.facts;
  if (node === 0 || neighbours.has(node) || nodes.has(node)) return false;
  if (!document.hasRoom(neighbours.size + nodes.size, LIMITS.nodes, 'nodes')) return false;
  const owner = document.contexts.get(context)?.facts;
  neighbours.set(node, { id: node, context: owner, type, seen: point });
  return true;
}

export function nodeCollected(
  document: DocumentState,
  { node }: FieldsOf<'nodeCollected'>,
  point: Point,
): boolean {
  if (document.facts.neighbours.has(node)) return true;
  const lane = document.lanes.get(node);
  if (lane?.node === undefined) return false;
  if (lane.node.collected !== undefined) return true;
  lane.node.collected = point;
  say(lane, 'collected', { ...point, frame: FRAME_UNSEEN, stack: '' });
  return true;
}

export function declaredDestroyed(
  document: DocumentState,
  { node, frame, stack }: FieldsOf<'declaredDestroyed'>,
  point: Point,
): boolean {
  const lane = document.laneOf(point.thread, node);
  if (lane === undefined) return false;
  const context = document.byThread.get(point.thread) ?? contextOf(document, lane);
  context?.sawFrame(frame);
  say(lane, 'declared', { ...point, frame, stack });
  return true;
}

export function processorErrorEvent(
  document: DocumentState,
  { node, reason }: FieldsOf<'processorErrorEvent'>,
  point: Point,
): boolean {
  const known = document.facts.nodes.get(node);
  if (known === undefined) return false;
  if (known.errorEvents.length < LIMITS.eventsPerNode) {
    insertByTime(known.errorEvents, { ...point, reason });
  }
  const lane = document.lanes.get(node);
  if (lane !== undefined) document.contextOf(known)?.order.failed(lane);
  return true;
}

function contextOf(document: DocumentState, lane: Lane): ContextState | undefined {
  return lane.node === undefined ? undefined : document.contextOf(lane.node);
}

const STRENGTH = ['none', 'shared', 'wasm'] as const satisfies readonly NodeFacts['memory'][];

export function memoryPassed(
  document: DocumentState,
  { node, memory }: FieldsOf<'memoryPassed'>,
): boolean {
  const known = document.facts.nodes.get(node);
  if (known === undefined) return false;
  if (STRENGTH.indexOf(memory) > STRENGTH.indexOf(known.memory)) known.memory = memory;
  return true;
}
