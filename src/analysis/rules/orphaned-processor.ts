import { firstFarewell } from '../farewells.ts';
import { usesAfter } from '../order.ts';
import { counted, nodeEntity, nodeLabel, stacksOf } from '../scene.ts';
import { type Rule, SPEC } from './rule.ts';

export const orphanedProcessor: Rule = {
  id: 'orphaned-processor',
  severity: 'warning',
  title: 'A processor outlives its node',
  explain:
    'The AudioWorkletNode object was garbage-collected and its processor is still called: nothing in the page can reach it any more, to stop it or to hear from it. Chromium never does that to a processor that answers true; other engines may.',
  help: 'Keep a reference to the node for as long as its processor runs, and end the processor by a message before you let the node go.',
  link: `${SPEC}#AudioWorkletNode`,
  *find(scene) {
    for (const node of scene.haunting) {
      if (node.collected === undefined) continue;
      const farewell = firstFarewell(node, ['collected']);
      if (farewell === undefined) continue;
      const uses = usesAfter(node, farewell, scene.thresholds);
      if (uses === undefined) continue;
      yield {
        entity: nodeEntity(node),
        certainty: uses.certainty,
        count: uses.count,
        first: scene.time(node.document, uses.first.at),
        last: scene.time(node.document, uses.last.at),
        message: `${nodeLabel(node)}: the node object was garbage-collected, yet ${counted(uses.count, 'process() call')} of its processor began after that.`,
        evidence: [
          scene.evidence(node.document, node.created, 'the node was created'),
          scene.farewellEvidence(node, farewell),
          scene.callEvidence(node, uses.first, 'the first call after that'),
          scene.callEvidence(node, uses.last, 'the last call seen so far'),
        ],
        stacks: stacksOf({ create: node.createStack }),
      };
    }
  },
};
