import * as LIMITS from '../../shared/limits.ts';
import type { FieldsOf } from '../../shared/records.ts';
import type { NodeId } from '../../shared/units.ts';
import type { DocumentState } from '../document-state.ts';
import { attach, detach, sayEmscripten } from '../farewells.ts';
import type { Lane } from '../lane.ts';
import type { NodeFacts, Point, Wire } from '../model.ts';
import type { Edge } from '../wire-table.ts';

export function connected(
  document: DocumentState,
  fields: FieldsOf<'connected'>,
  point: Point,
): boolean {
  const { source, target, param, output, input } = fields;
  const from = document.lanes.get(source);
  const to = document.lanes.get(target);
  if (from?.node === undefined && to?.node === undefined) return false;
  sawFrame(document, from ?? to, fields.frame);
  const edge = { source, target, param, output, input };
  const made = document.wires.connect(edge);
  if (made !== 'made') return made === 'same';
  for (const end of endsOf(document, edge)) {
    end.node.wires.push(end.wire);
    attach(end.lane, end.node);
    sayChange(document, end, point, 'connected');
  }
  return true;
}

export function disconnected(
  document: DocumentState,
  fields: FieldsOf<'disconnected'>,
  point: Point,
): boolean {
  const ended = document.wires.disconnect(fields);
  const source = document.lanes.get(fields.source);
  if (source?.node === undefined && ended.length === 0) {
    return document.lanes.has(fields.target) || document.facts.neighbours.has(fields.source);
  }
  sawFrame(document, source, fields.frame);
  const { frame, stack } = fields;
  for (const edge of ended) {
    for (const end of endsOf(document, edge)) {
      remove(end.node.wires, end.wire);
      sayChange(document, end, point, 'disconnected');
      const gone = end.wire.direction === attachment(end.node) && !isAttached(end.node);
      if (gone) detach(end.lane, { ...point, frame, stack });
    }
  }
  if (source?.node !== undefined && fields.what === 'all') {
    if (ended.length === 0) {
      keepChange(document, source.node, {
        ...point,
        kind: 'disconnected',
        what: 'disconnect() with nothing connected',
        attachedAfter: isAttached(source.node),
      });
    }
    sayEmscripten(source, { ...point, frame, stack });
    detach(source, { ...point, frame, stack });
  }
  return true;
}

interface End {
  readonly lane: Lane;
  readonly node: NodeFacts;
  readonly wire: Wire;
}

/** The worklet nodes at the two ends of a connection. */
function endsOf(document: DocumentState, edge: Edge): readonly End[] {
  const ends: End[] = [];
  const { param, output, input } = edge;
  const add = (id: NodeId, direction: Wire['direction'], peer: NodeId) => {
    const lane = document.lanes.get(id);
    if (lane?.node === undefined) return;
    ends.push({ lane, node: lane.node, wire: { direction, peer, param, output, input } });
  };
  add(edge.source, 'out', edge.target);
  add(edge.target, 'in', edge.source);
  return ends;
}

function remove(wires: Wire[], wire: Wire): void {
  const at = wires.findIndex(
    (each) =>
      each.direction === wire.direction &&
      each.peer === wire.peer &&
      each.param === wire.param &&
      each.output === wire.output &&
      each.input === wire.input,
  );
  if (at >= 0) wires.splice(at, 1);
}

/** Which connections keep a node attached: its outputs, or for a sink its inputs. */
function attachment(node: NodeFacts): Wire['direction'] {
  return node.numberOfOutputs > 0 ? 'out' : 'in';
}

function isAttached(node: NodeFacts): boolean {
  const direction = attachment(node);
  return node.wires.some((wire) => wire.direction === direction);
}

function sayChange(
  document: DocumentState,
  { node, wire }: End,
  point: Point,
  kind: 'connected' | 'disconnected',
): void {
  const peer = document.nodeLabel(wire.peer);
  const param = wire.param === '' ? '' : `.${wire.param}`;
  keepChange(document, node, {
    ...point,
    kind,
    what: wire.direction === 'out' ? `→ ${peer}${param}` : `← ${peer}`,
    attachedAfter: isAttached(node),
  });
}

function keepChange(
  document: DocumentState,
  { wireEvents }: NodeFacts,
  change: NodeFacts['wireEvents'][number],
): void {
  const room = document.hasRoom(wireEvents.length, LIMITS.eventsPerContext, 'changes of wires');
  if (room) wireEvents.push(change);
}

function sawFrame(document: DocumentState, lane: Lane | undefined, frame: number): void {
  if (lane?.node !== undefined) document.contextOf(lane.node)?.sawFrame(frame);
}
