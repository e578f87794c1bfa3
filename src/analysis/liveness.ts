import type { NodeFacts } from './model.ts';
import { counted } from './scene.ts';

/** Why a node's processor is still alive (or is not), in plain words, strongest reason first. */
export function explainLiveness(node: NodeFacts): readonly string[] {
  const { calls, processor, context } = node;
  if (processor?.constructError) {
    return [`It never lived: its constructor threw (${processor.constructError}).`];
  }
  const failed = processor?.failed;
  if (failed !== undefined) {
    return [`It is silent for ever: process() threw (${failed.reason}).`];
  }
  const last = calls.at(calls.length - 1);
  if (last?.returned === 'threw') return ['It is silent for ever: process() threw.'];
  if (processor?.collected !== undefined) return ['It is gone: the processor was collected.'];
  if (context.closed !== undefined) {
    return ['Its context is closed: process() is not called any more.'];
  }
  const reasons: string[] = [];
  if (processor === undefined && last === undefined) {
    reasons.push('Its processor has not been constructed yet, as far as was seen.');
  }
  if (last === undefined) {
    reasons.push('process() has not been called so far.');
  } else if (last.returned === 'true') {
    reasons.push(
      'Its last process() call returned true, so the engine goes on calling it for ever.',
    );
  } else {
    const falses = calls.trailingFalse;
    const which = falses === 1 ? 'process() call' : counted(falses, 'process() call');
    reasons.push(`Its last ${which} returned false.`);
  }
  const inputs = node.wires.filter(({ direction }) => direction === 'in');
  if (inputs.length > 0) {
    const from = [...new Set(inputs.map(({ peer }) => peerLabel(node, peer)))];
    reasons.push(`Its inputs are connected (from ${from.join(', ')}), which keeps it alive.`);
  } else if (last?.returned === 'false') {
    reasons.push('Nothing is connected to its inputs, so the engine may let it go.');
  }
  const state = context.states.at(-1)?.state;
  if (state === 'suspended' || state === 'interrupted') {
    reasons.push(`Its context is ${state}: process() stands still, messages are still handled.`);
  }
  if (node.collected !== undefined) {
    reasons.push('The node object was collected; the engine alone holds the processor.');
  } else if (node.farewells.length === 0) {
    reasons.push('The page has not given the node up, as far as was seen.');
  }
  return reasons;
}

function peerLabel(node: NodeFacts, peer: NodeFacts['id']): string {
  const worklet = node.document.nodes.get(peer);
  if (worklet !== undefined) return `${worklet.processorName} #${peer}`;
  return `${node.document.neighbours.get(peer)?.type ?? 'AudioNode'} #${peer}`;
}
