import type { Destroyed, NodeFacts } from '../model.ts';
import { usesAfter } from '../order.ts';
import { comparePoints } from '../point.ts';
import { isStarting, ranBefore, stateAt } from '../run-state.ts';
import { contextLabel, counted, nodeEntity, nodeLabel, SIGNAL_WORDS, stacksOf } from '../scene.ts';
import { standsByStress } from '../stress.ts';
import { EMSCRIPTEN_ISSUE, type Rule } from './rule.ts';

export const teardownWhileSuspended: Rule = {
  id: 'teardown-while-suspended',
  severity: 'warning',
  title: 'A node destroyed in a standing context came back to life',
  explain:
    'The node was destroyed while its context did not run, so no call could see a stop flag or answer; when the context resumed, its process() was used again. Suspending is not a teardown: everything is still there when the context runs on.',
  help: 'Let the processor learn of its end through its port (messages are handled while the context is suspended), or close the context instead of resuming it.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const node of scene.haunting) {
      const farewell = farewellWhileStanding(node);
      if (farewell === undefined) continue;
      const uses = usesAfter(node, farewell, scene.thresholds);
      if (uses === undefined) continue;
      const { document, context } = node;
      const resumed = context.states.find(
        (each) => each.state === 'running' && comparePoints(each, farewell) > 0,
      );
      if (resumed === undefined) continue;
      yield {
        entity: nodeEntity(node),
        certainty: farewell.signal === 'detached' ? 'likely' : uses.certainty,
        count: uses.count,
        first: scene.time(document, uses.first.at),
        last: scene.time(document, uses.last.at),
        message: `${nodeLabel(node)}: ${SIGNAL_WORDS[farewell.signal]} while ${contextLabel(context)} was ${stateAt(context, farewell)}; after it resumed, ${counted(uses.count, 'process() call')} used the node again.`,
        evidence: [
          scene.evidence(document, node.created, 'the node was created'),
          scene.farewellEvidence(node, farewell),
          scene.evidence(document, resumed, `${contextLabel(context)} ran again`),
          scene.callEvidence(node, uses.first, 'the first call after that'),
          scene.callEvidence(node, uses.last, 'the last call seen so far'),
        ],
        stacks: stacksOf({ create: node.createStack, destroy: farewell.stack }),
      };
    }
  },
};

/** A node that was ever connected again may be in a pool: detaching it says little. */
function farewellWhileStanding(node: NodeFacts): Destroyed | undefined {
  const standing = node.farewells.filter((farewell) => {
    const { signal } = farewell;
    if (signal === 'context-closed' || signal === 'collected') return false;
    if (signal === 'detached' && node.reconnections > 0) return false;
    const state = stateAt(node.context, farewell);
    if (state !== 'suspended' && state !== 'interrupted') return false;
    if (node.context.kind === 'offline' && !ranBefore(node.context, farewell)) return false;
    return !isStarting(node.context, farewell) && !standsByStress(node.context, farewell);
  });
  return standing.find(({ signal }) => signal !== 'detached') ?? standing[0];
}
