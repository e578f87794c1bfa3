import type { InstantiationFacts, NodeFacts } from '../model.ts';
import { comparePoints } from '../point.ts';
import { counted, durationWords, nodeEntity, nodeLabel, stacksOf } from '../scene.ts';
import type { Rule } from './rule.ts';
import { SPEC } from './rule.ts';

export const calledBeforeReady: Rule = {
  id: 'called-before-ready',
  severity: 'info',
  title: 'A processor was called before its WebAssembly instance was there',
  explain:
    'WebAssembly.instantiate() was called by a processor, most often in its constructor, or in the scope of its module, and process() was called before that promise had settled. addModule() does not wait for promises inside the scope, nor does the engine for a processor’s. That is right as long as process() looks whether its instance is there, and otherwise throws or renders silence.',
  help: 'Instantiate synchronously before the context runs, or hand over a compiled module; or have the processor post that it is ready, and connect the node only then.',
  link: `${SPEC}#dom-worklet-addmodule`,
  *find(scene) {
    for (const node of scene.nodes) {
      if (node.calls.length === 0) continue;
      const early = earliestOf(node);
      if (early === undefined) continue;
      const { document } = node;
      const { instantiation, count, from } = early;
      const first = node.calls.at(from);
      const last = node.calls.at(from + count - 1);
      if (first === undefined || last === undefined) continue;
      const { begun, settled, isOfScope, stack } = instantiation;
      const who = isOfScope ? 'its scope' : 'it';
      const took =
        settled === undefined
          ? 'was still pending at the end'
          : `settled ${durationWords(settled.at - begun.at)} later`;
      yield {
        entity: nodeEntity(node),
        certainty: document.isolated ? 'proven' : 'likely',
        count,
        first: scene.time(document, first.at),
        last: scene.time(document, last.at),
        message: `${nodeLabel(node)} was called ${counted(count, 'time')} before the instantiation that ${who} had begun was over: it ${took}.`,
        evidence: [
          scene.evidence(document, begun, 'WebAssembly.instantiate() was called'),
          scene.callEvidence(node, first, 'process() was called'),
          ...(settled === undefined
            ? []
            : [scene.evidence(document, settled, `its promise was ${settled.outcome}`)]),
        ],
        stacks: stacksOf({ instantiate: stack, create: node.createStack }),
      };
    }
  },
};

interface Early {
  readonly instantiation: InstantiationFacts;
  readonly from: number;
  readonly count: number;
}

/** The instantiation during which the processor was called most often. */
function earliestOf(node: NodeFacts): Early | undefined {
  let most: Early | undefined;
  for (const instantiation of node.context.instantiations.values()) {
    const { begun, settled, isOfScope } = instantiation;
    if (!isOfScope && instantiation.node !== node) continue;
    const constructed = node.processor?.constructed;
    // A processor of an older module of the scope has nothing to do with what a later one begins.
    if (isOfScope && (constructed === undefined || comparePoints(constructed, begun) < 0)) continue;
    const from = callsBefore(node, begun);
    const count = (settled === undefined ? node.calls.length : callsBefore(node, settled)) - from;
    if (count > (most?.count ?? 0)) most = { instantiation, from, count };
  }
  return most;
}

/** How many calls began before a record of their own thread. */
function callsBefore({ calls, document }: NodeFacts, { seq, frame }: InstantiationFacts['begun']) {
  return document.isolated ? calls.firstEnteredAfter(seq) : calls.firstFromFrame(frame);
}
