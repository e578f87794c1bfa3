import type { DestroySignal } from '../model.ts';
import { counted, nodeEntity, nodeLabel, SIGNAL_WORDS, stacksOf } from '../scene.ts';
import { EMSCRIPTEN_ISSUE, type Rule } from './rule.ts';

const EXPLICIT: readonly DestroySignal[] = ['declared', 'emscripten'];

export const doubleDestroy: Rule = {
  id: 'double-destroy',
  severity: 'warning',
  title: 'A node was destroyed twice',
  explain:
    'The same explicit signal — a declaration, or emscripten_destroy_web_audio_node() — was given twice for one node. Two owners believe that they free it. Tidy sequences such as disconnect(), port.close(), context.close() are one farewell and are left alone.',
  help: 'Give each node one owner, and forget its handle when it is destroyed.',
  link: EMSCRIPTEN_ISSUE,
  *find(scene) {
    for (const node of scene.parted) {
      if (node.farewells.length < 2) continue;
      for (const signal of EXPLICIT) {
        const given = node.farewells.filter((farewell) => farewell.signal === signal);
        const [first, second] = given;
        const last = given.at(-1);
        if (first === undefined || second === undefined || last === undefined) continue;
        yield {
          entity: nodeEntity(node),
          certainty: 'proven',
          count: given.length - 1,
          first: scene.time(node.document, second.at),
          last: scene.time(node.document, last.at),
          message: `${nodeLabel(node)}: ${SIGNAL_WORDS[signal]} ${counted(given.length, 'time')}.`,
          evidence: [
            scene.evidence(node.document, node.created, 'the node was created'),
            scene.farewellEvidence(node, first),
            scene.farewellEvidence(node, second),
          ],
          stacks: stacksOf({
            create: node.createStack,
            destroy: first.stack,
            'destroy again': second.stack,
          }),
        };
        break;
      }
    }
  },
};
