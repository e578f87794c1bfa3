import type { Frames, Micros, Seq } from '../shared/units.ts';
import type { Certainty } from './finding.ts';
import type { Call, NodeFacts, Point } from './model.ts';
import type { Thresholds } from './thresholds.ts';

/** A point of the page, with the frame it saw where it looked. */
export type Moment = Point & { readonly frame?: Frames };

export interface CallsAfter {
  /** Index of the first call that began after the moment; the number of calls when none did. */
  readonly index: number;
  readonly certainty: Certainty;
}

/**
 * Which calls began after something the page did. With the shared counter that is a comparison of
 * integers. Without it the frames decide, with a margin, and the answer is likely.
 */
export function callsAfter(node: NodeFacts, moment: Moment, thresholds: Thresholds): CallsAfter {
  const { calls, document, context } = node;
  if (document.isolated && moment.seq > 0) {
    return { index: calls.firstEnteredAfter(moment.seq as Seq), certainty: 'proven' };
  }
  if (moment.frame !== undefined && moment.frame >= 0) {
    const frame = moment.frame + thresholds.marginFrames;
    return { index: calls.firstFromFrame(frame as Frames), certainty: 'likely' };
  }
  const margin = thresholds.marginSeconds * (context.kind === 'realtime' ? 1e6 : 0);
  return { index: calls.firstFromTime((moment.at + margin) as Micros), certainty: 'likely' };
}

/**
 * How many of the last `within` calls are a processor's own shutdown and so no *use*: those answering
 * `false` after it had once answered otherwise, or else at most one or two.
 */
export function closingCalls(node: NodeFacts, within: number, thresholds: Thresholds): number {
  const { trailingFalse, length } = node.calls;
  const closing = Math.min(trailingFalse, within);
  if (trailingFalse < length || closing <= thresholds.closingCalls) return closing;
  return 0;
}

export interface Uses {
  readonly count: number;
  readonly first: Call;
  readonly last: Call;
  readonly certainty: Certainty;
}

/** The uses that began after a moment; undefined when there was none. */
export function usesAfter(
  node: NodeFacts,
  moment: Moment,
  thresholds: Thresholds,
): Uses | undefined {
  const { index, certainty } = callsAfter(node, moment, thresholds);
  const after = node.calls.length - index;
  const count = after - closingCalls(node, after, thresholds);
  const first = node.calls.at(index);
  const last = node.calls.at(index + count - 1);
  if (count <= 0 || first === undefined || last === undefined) return undefined;
  return { count, first: notBefore(first, moment), last: notBefore(last, moment), certainty };
}

/** A call is dated by its frame, but a thread renders in bursts: one that came after a moment was not before it. */
function notBefore(call: Call, { at }: Point): Call {
  return call.at < at ? { ...call, at } : call;
}

/**
 * Whether a use may have begun after any farewell of the node. Cheap, and never wrongly false: a page
 * that makes a node a note has thousands of which nothing needs to be asked any more.
 */
export function mayHaunt(node: NodeFacts, thresholds: Thresholds): boolean {
  const [first] = node.farewells;
  if (first === undefined || node.calls.length === 0) return false;
  if (!node.document.isolated || first.seq === 0) return true;
  const after = node.calls.length - node.calls.firstEnteredAfter(first.seq);
  return after > closingCalls(node, after, thresholds);
}

/** The use that had begun and not returned at a moment, such as a farewell. Only the shared counter can tell. */
export function useInFlight(
  node: NodeFacts,
  moment: Point,
  thresholds: Thresholds,
): Call | undefined {
  if (!node.document.isolated || moment.seq === 0) return undefined;
  const call = node.calls.inFlightAt(moment.seq);
  if (call === undefined) return undefined;
  const within = node.calls.length - call.index;
  return closingCalls(node, within, thresholds) === within ? undefined : call;
}

/** Whether the page's own records may be missing after a point. */
export function mayHaveLostRecords(node: Pick<NodeFacts, 'document'>, since: Point): boolean {
  const { losses } = node.document;
  return losses.some(
    (loss) => loss.at >= since.at && (loss.lostThread === 0 || loss.why === 'paused'),
  );
}

/** Whether calls of this node's thread may be missing anywhere in its life. */
export function mayHaveLostCalls(node: NodeFacts): boolean {
  const { document, context, created } = node;
  if (document.incomplete) return true;
  const thread = context.audioThread?.id;
  return document.losses.some(
    (loss) => loss.at >= created.at && (loss.lostThread === thread || loss.why === 'paused'),
  );
}
