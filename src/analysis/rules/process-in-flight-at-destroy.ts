import { firstFarewell } from '../farewells.ts';
import { useInFlight } from '../order.ts';
import { durationWords, nodeEntity, nodeLabel, SIGNAL_WORDS, stacksOf } from '../scene.ts';
import { EMSCRIPTEN_ISSUE, type Rule, useSeverity, useWords } from './rule.ts';

const IMMEDIATE = ['declared', 'emscripten', 'closed'] as const;

export const processInFlightAtDestroy: Rule = {
  id: 'process-in-flight-at-destroy',
  severity: 'error',
  title: 'process() was running while the node was destroyed',
  explain:
    'At the very moment the page gave the node up, a call of process() had begun and not returned. What is freed now is still in use on the audio thread. Only the shared sequence counter of an isolated page can tell; it needs no clock. An error where the call enters WebAssembly or its processor holds shared or WebAssembly memory, else a warning.',
  help: 'Wait out the call in flight before you free: hold a lock (a semaphore in shared memory) during process() and take it before destroying, or let the processor acknowledge that it has stopped.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const node of scene.parted) {
      const farewell = firstFarewell(node, IMMEDIATE);
      if (farewell === undefined) continue;
      const call = useInFlight(node, farewell, scene.thresholds);
      if (call === undefined) continue;
      const at = scene.time(node.document, farewell.at);
      const took =
        call.duration === undefined ? '' : `, which took ${durationWords(call.duration)},`;
      yield {
        entity: nodeEntity(node),
        severity: useSeverity(node),
        certainty: 'proven',
        count: 1,
        first: at,
        last: at,
        message: `${nodeLabel(node)}: ${SIGNAL_WORDS[farewell.signal]} while its process() call at frame ${call.frame}${took} was still running (order ${call.enter} < ${farewell.seq} < ${call.exit}); ${useWords(node)}.`,
        evidence: [
          scene.evidence(node.document, node.created, 'the node was created'),
          scene.callEvidence(node, call, 'the call in flight'),
          scene.farewellEvidence(node, farewell),
        ],
        stacks: stacksOf({ create: node.createStack, destroy: farewell.stack }),
      };
    }
  },
};
