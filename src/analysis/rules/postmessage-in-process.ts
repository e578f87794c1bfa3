import type { Frames, Micros } from '../../shared/units.ts';
import { counted, nodeEntity, nodeLabel, stacksOf } from '../scene.ts';
import { type Rule, SPEC } from './rule.ts';

export const postmessageInProcess: Rule = {
  id: 'postmessage-in-process',
  severity: 'info',
  title: 'process() posts messages quantum after quantum',
  explain:
    'process() calls port.postMessage() in call after call. Each message is serialised and allocated on the real-time thread, which garbage collection may then hold up.',
  help: 'Post once in many quanta, or write into a SharedArrayBuffer that the page reads.',
  link: `${SPEC}#AudioWorkletProcessor`,
  *find(scene) {
    for (const node of scene.nodes) {
      const { posts, context, document } = node;
      if (posts.longestRun < scene.thresholds.postingCalls) continue;
      const end = posts.runFrame + (posts.longestRun - 1) * context.quantumFrames;
      const from = context.clock.timeOf(posts.runFrame) ?? node.created.at;
      const to = context.clock.timeOf(end as Frames) ?? (document.lastAt as Micros);
      const thread = context.audioThread?.id ?? node.created.thread;
      const begin = { ...node.created, at: from, thread };
      yield {
        entity: nodeEntity(node),
        certainty: 'proven',
        count: posts.count,
        first: scene.time(document, from),
        last: scene.time(document, to),
        message: `${nodeLabel(node)} posted ${counted(posts.count, 'message')} from inside process(), ${posts.longestRun} calls in a row each at least one.`,
        evidence: [
          scene.evidence(document, node.created, 'the node was created'),
          scene.evidence(
            document,
            begin,
            `the run of posting calls began (frame ${posts.runFrame})`,
          ),
        ],
        stacks: stacksOf({ create: node.createStack }),
      };
    }
  },
};
