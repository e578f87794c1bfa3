import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { NodeId } from '../../shared/units.ts';
import type { DocumentState } from '../document-state.ts';
import type { NodeFacts, Point } from '../model.ts';
import { insertByTime } from '../point.ts';

export function memoryGrown(
  document: DocumentState,
  { memory, from, to, shared, how, stack }: FieldsOf<'memoryGrown'>,
  point: Point,
): boolean {
  const block = document.memories.block(point.thread, memory);
  if (block === undefined || !hasRoom(document, block.growths)) return false;
  block.describe('wasm', to, undefined, '');
  insertByTime(block.growths, { ...point, from, to, shared, how, stack });
  return true;
}

export function bufferRead(
  document: DocumentState,
  { memory, bytes, node, stack }: FieldsOf<'bufferRead'>,
  point: Point,
): boolean {
  const block = document.memories.block(point.thread, memory);
  if (block === undefined || !hasRoom(document, block.bufferReads)) return false;
  insertByTime(block.bufferReads, withNode(document, point, node, { bytes, stack }));
  return true;
}

export function staleView(
  document: DocumentState,
  { memory, node, what, method, property, bytes, reach, threw, stack }: FieldsOf<'staleView'>,
  point: Point,
): boolean {
  const block = document.memories.block(point.thread, memory);
  if (block === undefined || !hasRoom(document, block.staleUses)) return false;
  const use = { what, method, property, bytes, reach, threw, stack };
  insertByTime(block.staleUses, withNode(document, point, node, use));
  return true;
}

export function wasmBlocked(
  document: DocumentState,
  { node, ...fields }: FieldsOf<'wasmBlocked'>,
  point: Point,
): boolean {
  const context = document.byThread.get(point.thread)?.facts;
  if (context === undefined || !hasRoom(document, context.blockings)) return false;
  const { what, micros, uncertainty, rendered, frame, stack } = fields;
  const blocking = { what, micros, uncertainty, rendered, frame, stack };
  insertByTime(context.blockings, withNode(document, point, node, blocking));
  return true;
}

export function instantiationBegun(
  document: DocumentState,
  { instantiation, node, frame, stack }: FieldsOf<'instantiationBegun'>,
  point: Point,
): boolean {
  const instantiations = document.byThread.get(point.thread)?.facts.instantiations;
  if (instantiations === undefined || instantiations.has(instantiation)) return false;
  if (instantiations.size >= LIMITS.eventsPerNode) return false;
  const begun = { ...point, frame };
  const fields = { begun, isOfScope: node === 0, stack, settled: undefined };
  instantiations.set(instantiation, withNode(document, point, node, fields));
  return true;
}

export function instantiationSettled(
  document: DocumentState,
  { instantiation, outcome, frame }: FieldsOf<'instantiationSettled'>,
  point: Point,
): boolean {
  const known = document.byThread.get(point.thread)?.facts.instantiations.get(instantiation);
  if (known === undefined) return false;
  known.settled ??= { ...point, outcome, frame };
  return true;
}

function hasRoom(document: DocumentState, list: readonly unknown[]): boolean {
  return document.hasRoom(list.length, LIMITS.eventsPerNode, 'growths and uses of one memory');
}

/** The page may tell of the node only later. */
function withNode<Fields extends object>(
  document: DocumentState,
  point: Point,
  node: NodeId,
  fields: Fields,
): Point & Fields & { readonly node: NodeFacts | undefined } {
  const lane = node === 0 ? undefined : document.laneOf(point.thread, node);
  return {
    ...point,
    ...fields,
    get node() {
      return lane?.node;
    },
  };
}
