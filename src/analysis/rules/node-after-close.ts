import type { ContextFacts, Point } from '../model.ts';
import { comparePoints } from '../point.ts';
import { contextEntity, contextLabel, counted, type Scene, stacksOf } from '../scene.ts';
import { type Rule, SPEC } from './rule.ts';

interface Attempt extends Point {
  readonly processorName: string;
  readonly stack: string;
}

export const nodeAfterClose: Rule = {
  id: 'node-after-close',
  severity: 'warning',
  title: 'A node was constructed in a closed context',
  explain:
    'new AudioWorkletNode was called with a context that is closed. Chromium refuses with an InvalidStateError; elsewhere the node is made and never called. Some code still holds a context that another part has closed.',
  help: 'Ask context.state before making nodes, or let the owner of the context tell its users that it is closed.',
  link: `${SPEC}#dom-audiocontext-close`,
  *find(scene) {
    for (const [context, attempts] of attemptsByContext(scene)) {
      const first = attempts[0];
      const last = attempts.at(-1);
      if (first === undefined || last === undefined) continue;
      const { document, closed } = context;
      yield {
        entity: contextEntity(context),
        certainty: 'proven',
        count: attempts.length,
        first: scene.time(document, first.at),
        last: scene.time(document, last.at),
        message: `${contextLabel(context)} was closed when the page constructed ${counted(attempts.length, 'AudioWorkletNode')} in it (${first.processorName}).`,
        evidence: [
          ...(closed === undefined
            ? []
            : [scene.evidence(document, closed, `close() of ${contextLabel(context)} resolved`)]),
          scene.evidence(document, first, `new AudioWorkletNode(…, '${first.processorName}')`),
        ],
        stacks: stacksOf({ create: first.stack, context: context.createStack }),
      };
    }
  },
};

function attemptsByContext(scene: Scene): ReadonlyMap<ContextFacts, readonly Attempt[]> {
  const attempts = new Map<ContextFacts, Attempt[]>();
  const add = (context: ContextFacts, attempt: Attempt) => {
    const known = attempts.get(context);
    if (known === undefined) attempts.set(context, [attempt]);
    else known.push(attempt);
  };
  for (const document of scene.documents) {
    for (const refused of document.refused) {
      if (refused.contextState === 'closed') add(refused.context, refused);
    }
    for (const context of document.contexts.values()) {
      if (context.closed === undefined) continue;
      for (const { created, processorName, createStack, emscripten } of context.nodes) {
        if (emscripten === 'bootstrap' || comparePoints(created, context.closed) <= 0) continue;
        add(context, { ...created, processorName, stack: createStack });
      }
    }
  }
  return attempts;
}
