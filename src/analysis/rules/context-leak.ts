import type { ContextFacts } from '../model.ts';
import { mayHaveLostRecords } from '../order.ts';
import { contextEntity, contextLabel, stacksOf } from '../scene.ts';
import { type Rule, SPEC } from './rule.ts';

/** Contexts named one by one. */
const MAX_EVIDENCE = 20;

export const contextLeak: Rule = {
  id: 'context-leak',
  severity: 'warning',
  title: 'Real-time contexts pile up',
  explain:
    'More than five real-time contexts of one document are neither closed nor collected. Each holds an audio device stream and a rendering thread; a context that is only dropped lives on while anything in it may sound.',
  help: 'Share one AudioContext, or close() each when you are done with it.',
  link: `${SPEC}#AudioContext`,
  *find(scene) {
    for (const document of scene.documents) {
      const open = [...document.contexts.values()].filter(isOpen);
      const over = open[scene.thresholds.openContexts];
      const oldest = open[0];
      const newest = open.at(-1);
      if (over === undefined || oldest === undefined || newest === undefined) continue;
      if (mayHaveLostRecords({ document }, oldest.created)) continue;
      yield {
        entity: contextEntity(over),
        certainty: 'proven',
        count: open.length,
        first: scene.time(document, over.created.at),
        last: scene.time(document, newest.created.at),
        message: `${open.length} real-time contexts are open at once; ${contextLabel(over)} was the first over the limit of ${scene.thresholds.openContexts}.`,
        evidence: open
          .slice(0, MAX_EVIDENCE)
          .map((context) =>
            scene.evidence(document, context.created, `${contextLabel(context)} was created`),
          ),
        stacks: stacksOf({ create: over.createStack, 'first created': oldest.createStack }),
      };
    }
  },
};

function isOpen({ kind, closed, collected, calls }: ContextFacts): boolean {
  if (kind !== 'realtime' || closed !== undefined || collected !== undefined) return false;
  return !calls.some(({ method, settled }) => method === 'close' && settled === undefined);
}
