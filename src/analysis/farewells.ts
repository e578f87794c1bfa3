import * as LIMITS from '../shared/limits.ts';
import type { Frames } from '../shared/units.ts';
import type { Lane } from './lane.ts';
import {
  DESTROY_SIGNALS,
  type Destroyed,
  type DestroySignal,
  type NodeFacts,
  type Point,
} from './model.ts';
import { comparePoints, insertPoint } from './point.ts';

/**
 * How a page gives a node up, derived from what it did (problem.md, Words). Only records of the main
 * thread and explicit declarations come here, so the outcome does not depend on other threads.
 */

/** Where and when something was done that may be a farewell. */
export interface Parting extends Point {
  readonly frame: Frames;
  readonly stack: string;
}

const EMSCRIPTEN_DESTROY = 'emscripten_destroy_web_audio_node';
export const FRAME_UNSEEN = -1 as Frames;

export function say(lane: Lane, signal: DestroySignal, parting: Parting): void {
  if (lane.farewells.length >= LIMITS.eventsPerNode) return;
  const { at, seq, thread, tick, frame, stack } = parting;
  insertPoint(lane.farewells, { at, seq, thread, tick, signal, frame, stack });
}

/** The glue's own function shows in the stack of the `disconnect()` it makes. */
export function sayEmscripten(lane: Lane, parting: Parting): void {
  if (parting.stack.includes(EMSCRIPTEN_DESTROY)) say(lane, 'emscripten', parting);
}

/** Its last connection went, or `disconnect()` was called. Completes `closed` if the port is shut. */
export function detach(lane: Lane, parting: Parting): void {
  if (lane.detached) return;
  lane.detached = true;
  if (lane.portClosedByNode) say(lane, 'closed', parting);
  say(lane, 'detached', parting);
}

/** It was connected: what detaching had meant is withdrawn. */
export function attach(lane: Lane, node: NodeFacts): void {
  if (!lane.detached) return;
  lane.detached = false;
  node.reconnections++;
  const kept = lane.farewells.filter(({ signal }) => signal !== 'detached' && signal !== 'closed');
  lane.farewells.splice(0, lane.farewells.length, ...kept);
}

/** The page closed its side of the port. Completes `closed` if the node is detached. */
export function closePort(lane: Lane, parting: Parting): void {
  if (lane.portClosedByNode) return;
  lane.portClosedByNode = true;
  if (lane.detached) say(lane, 'closed', parting);
}

/** The first farewell of one of these signals; the stronger one where two are the same event. */
export function firstFarewell(
  node: NodeFacts,
  signals: readonly DestroySignal[],
): Destroyed | undefined {
  let first: Destroyed | undefined;
  for (const farewell of node.farewells) {
    if (!signals.includes(farewell.signal)) continue;
    const order = first === undefined ? -1 : comparePoints(farewell, first);
    if (order < 0 || (order === 0 && first !== undefined && isStronger(farewell, first))) {
      first = farewell;
    }
  }
  return first;
}

function isStronger(a: Destroyed, b: Destroyed): boolean {
  return DESTROY_SIGNALS.indexOf(a.signal) < DESTROY_SIGNALS.indexOf(b.signal);
}
