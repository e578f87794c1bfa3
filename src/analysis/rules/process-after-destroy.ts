import { firstFarewell } from '../farewells.ts';
import type { Evidence } from '../finding.ts';
import { handledAfter } from '../handled-after.ts';
import type { Destroyed, NodeFacts } from '../model.ts';
import { usesAfter } from '../order.ts';
import {
  counted,
  durationWords,
  nodeEntity,
  nodeLabel,
  type Scene,
  SIGNAL_WORDS,
  stacksOf,
} from '../scene.ts';
import { EMSCRIPTEN_ISSUE, type Rule, useSeverity, useWords } from './rule.ts';

const FINAL = ['declared', 'emscripten', 'closed', 'context-closed'] as const;

export const processAfterDestroy: Rule = {
  id: 'process-after-destroy',
  severity: 'error',
  title: 'process() ran after the node was destroyed',
  explain:
    'The page gave the node up (it declared so, called emscripten_destroy_web_audio_node(), detached it and closed its port, or closed its context), and a call that uses its memory began afterwards. Disconnecting does not stop process(): a processor that returns true is called for ever. An error where the call enters WebAssembly or its processor holds shared or WebAssembly memory, else a warning. The closing calls that return false are the shutdown itself and count for nothing.',
  help: 'Free nothing before the processor has stopped: tell it to stop by a message or a shared flag, let process() return false, and release the memory only when it has acknowledged, or after holding a lock that process() takes.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const node of scene.haunting) {
      const farewell = firstFarewell(node, FINAL);
      if (farewell === undefined) continue;
      const uses = usesAfter(node, farewell, scene.thresholds);
      if (uses === undefined) continue;
      const { document } = node;
      const first = scene.time(document, uses.first.at);
      const last = scene.time(document, uses.last.at);
      const late = Math.max(0, uses.last.at - farewell.at);
      const margin =
        uses.certainty === 'proven'
          ? ''
          : ` Order by frames: calls within ${scene.thresholds.marginFrames} frames of it are left out.`;
      yield {
        entity: nodeEntity(node),
        severity: useSeverity(node),
        certainty: uses.certainty,
        count: uses.count,
        first,
        last,
        message: `${nodeLabel(node)}: ${SIGNAL_WORDS[farewell.signal]}, yet ${counted(uses.count, 'process() call')} began after that, the last ${durationWords(late)} later; ${useWords(node)}.${margin}`,
        evidence: [
          scene.evidence(document, node.created, 'the node was created'),
          scene.farewellEvidence(node, farewell),
          scene.callEvidence(node, uses.first, 'the first call after that'),
          ...(uses.count > 1
            ? [scene.callEvidence(node, uses.last, 'the last call seen so far')]
            : []),
          ...handledEvidence(scene, node, farewell),
        ],
        stacks: stacksOf({ create: node.createStack, destroy: farewell.stack }),
      };
    }
  },
};

/** A processor that still answers its port is alive in another way. */
function handledEvidence(scene: Scene, node: NodeFacts, farewell: Destroyed): readonly Evidence[] {
  const handled = handledAfter(node, farewell);
  if (handled?.first.received === undefined) return [];
  const { count, first } = handled;
  const more = count > 1 ? `, the first of ${count}` : '';
  const text = first.preview === '' ? '' : `: ${first.preview}`;
  const what = `its processor handled a message after that${more}${text}`;
  return [scene.evidence(node.document, handled.first.received, what)];
}
