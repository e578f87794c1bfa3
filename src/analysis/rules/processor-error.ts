import type { NodeFacts, Point } from '../model.ts';
import { UNSEQUENCED } from '../point.ts';
import { nodeEntity, nodeLabel, stacksOf } from '../scene.ts';
import { type Rule, SPEC } from './rule.ts';

export const processorError: Rule = {
  id: 'processor-error',
  severity: 'error',
  title: 'A processor threw and is silent from then on',
  explain:
    'The constructor of the processor or a call of process() threw. The engine never calls it again; the node stays in the graph and puts out silence. An assertion or a trap inside WebAssembly shows as this too.',
  help: 'Catch what process() may throw and return false, and listen for the node’s error event (onprocessorerror) to replace the node.',
  link: `${SPEC}#dom-audioworkletnode-onprocessorerror`,
  *find(scene) {
    for (const node of scene.nodes) {
      const error = errorOf(node);
      if (error === undefined) continue;
      const { document } = node;
      const at = scene.time(document, error.at.at);
      const event = node.errorEvents[0];
      yield {
        entity: nodeEntity(node),
        certainty: 'proven',
        count: 1,
        first: at,
        last: at,
        message: `${nodeLabel(node)}: ${error.where} threw${error.reason === '' ? '' : ` (${error.reason})`}; it is silent from then on.`,
        evidence: [
          scene.evidence(document, node.created, 'the node was created'),
          scene.evidence(document, error.at, `${error.where} threw`),
          ...(event === undefined || event === error.at
            ? []
            : [scene.evidence(document, event, 'the page got the node’s error event')]),
        ],
        stacks: stacksOf({ create: node.createStack, throw: error.stack }),
      };
    }
  },
};

interface ProcessorError {
  readonly at: Point;
  readonly where: string;
  readonly reason: string;
  readonly stack: string;
}

function errorOf(node: NodeFacts): ProcessorError | undefined {
  const { processor, calls, errorEvents } = node;
  const event = errorEvents[0];
  if (processor !== undefined && processor.constructError !== '') {
    const { constructed: at, constructError: reason, constructStack: stack } = processor;
    return { at, where: 'the constructor of its processor', reason, stack };
  }
  const where = 'process()';
  if (processor?.failed !== undefined) {
    const { reason, stack } = processor.failed;
    return { at: processor.failed, where, reason, stack };
  }
  const last = calls.trailingFalse > 0 ? undefined : calls.at(calls.length - 1);
  if (last?.returned === 'threw') {
    const thread = node.context.audioThread?.id ?? node.created.thread;
    const seq = node.document.isolated ? last.exit : UNSEQUENCED;
    const at = { at: last.at, seq, thread, tick: last.exit };
    return { at, where, reason: event?.reason ?? '', stack: '' };
  }
  if (event === undefined) return undefined;
  const unseen = calls.length === 0 ? 'the constructor of its processor' : where;
  return { at: event, where: unseen, reason: event.reason, stack: '' };
}
