import { firstFarewell } from '../farewells.ts';
import type { DestroySignal, NodeFacts } from '../model.ts';
import { mayHaveLostCalls } from '../order.ts';
import { everRan, stateNow } from '../run-state.ts';
import { durationWords, nodeEntity, nodeLabel, SIGNAL_WORDS, stacksOf } from '../scene.ts';
import type { Thresholds } from '../thresholds.ts';
import { type Rule, SPEC } from './rule.ts';

const PLAIN: readonly DestroySignal[] = ['declared', 'emscripten', 'closed', 'context-closed'];
/** The page may have meant something else. */
const GUESSED: readonly DestroySignal[] = ['collected', 'detached'];

export const neverProcessed: Rule = {
  id: 'never-processed',
  severity: 'warning',
  title: 'A node was destroyed without ever having been called',
  explain:
    'The context of the node ran, but its process() was never called before the page gave the node up: its output leads nowhere, its context was suspended in time, or its processor was never constructed. Whatever waits for its process() — an acknowledgement, a control block that the worklet is to free — waits for ever.',
  help: 'Do not wait for the next process() call in a teardown: answer from port.onmessage, which is handled while the context is suspended too, and free on the main thread when the context cannot run any more.',
  link: `${SPEC}#AudioWorkletProcessor`,
  *find(scene) {
    for (const node of scene.parted) {
      if (node.calls.length > 0) continue;
      const farewell = firstFarewell(node, PLAIN) ?? firstFarewell(node, GUESSED);
      if (farewell === undefined || !isSettled(node, scene.thresholds)) continue;
      const { context, document, processor } = node;
      const at = scene.time(document, farewell.at);
      const ran = Math.max(0, context.lastFrame - node.createdFrame) / context.sampleRate;
      const how =
        ran > 0
          ? `although its context ran for ${durationWords(ran * 1e6)} since it was created`
          : 'although its context had run before';
      yield {
        entity: nodeEntity(node),
        certainty: GUESSED.includes(farewell.signal) ? 'likely' : 'proven',
        count: 1,
        first: at,
        last: at,
        message: `${nodeLabel(node)}: ${SIGNAL_WORDS[farewell.signal]}, and its process() was never called, ${how}.${processor === undefined ? ' Its processor was never constructed.' : ''}`,
        evidence: [
          scene.evidence(document, node.created, 'the node was created'),
          ...(processor === undefined
            ? []
            : [scene.evidence(document, processor.constructed, 'its processor was constructed')]),
          scene.farewellEvidence(node, farewell),
        ],
        stacks: stacksOf({ create: node.createStack, destroy: farewell.stack }),
      };
    }
  },
};

/**
 * Whether a first call can no longer be on its way: the context ran long enough without one, or ran
 * and stands still. A processor that threw in its constructor is another rule's.
 */
function isSettled(node: NodeFacts, thresholds: Thresholds): boolean {
  const { context, processor, errorEvents } = node;
  if (context.audioThread === undefined || mayHaveLostCalls(node)) return false;
  if (errorEvents.length > 0 || (processor !== undefined && processor.constructError !== '')) {
    return false;
  }
  const ran = (context.lastFrame - node.createdFrame) / context.sampleRate;
  if (ran > thresholds.neverProcessedSeconds) return true;
  return stateNow(context) !== 'running' && everRan(context);
}
