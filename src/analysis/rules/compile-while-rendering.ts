import { nodeLabel } from '../labels.ts';
import type { BlockingFacts, ContextFacts } from '../model.ts';
import { stateAt } from '../run-state.ts';
import {
  contextEntity,
  contextLabel,
  counted,
  durationWords,
  type Scene,
  stacksOf,
} from '../scene.ts';
import type { Rule } from './rule.ts';
import { SPEC } from './rule.ts';

export const compileWhileRendering: Rule = {
  id: 'compile-while-rendering',
  severity: 'warning',
  title: 'A module was compiled on the rendering thread while it rendered',
  explain:
    'new WebAssembly.Module() or new WebAssembly.Instance() ran on the rendering thread of a running real-time context, in which processors had been called before, and took longer than a render quantum lasts, by the clock of that thread and with its uncertainty taken off: meanwhile nothing was rendered. Where no processor had been called yet it is only a hint: whether anything was to be heard is not known. What a module’s start function does counts along.',
  help: 'Compile in the page or in a worker, hand the WebAssembly.Module over in processorOptions or a message, and instantiate it with WebAssembly.instantiate(), or before the context is resumed.',
  link: `${SPEC}#rendering-loop`,
  *find(scene) {
    for (const context of scene.contexts()) {
      if (context.blockings.length === 0 || context.kind !== 'realtime') continue;
      const budget = (context.quantumFrames * 1e6) / context.sampleRate;
      const late = context.blockings.filter(
        (each) => each.micros - each.uncertainty > budget && stateAt(context, each) === 'running',
      );
      const heard = late.filter(({ rendered }) => rendered);
      const counts = heard.length > 0 ? heard : late;
      const worst = worstOf(counts);
      const [first] = counts;
      const last = counts.at(-1);
      if (worst === undefined || first === undefined || last === undefined) continue;
      yield {
        entity: contextEntity(context),
        severity: heard.length > 0 ? 'warning' : 'info',
        certainty: 'likely',
        count: counts.length,
        first: scene.time(context.document, first.at),
        last: scene.time(context.document, last.at),
        message: messageOf(context, worst, counts.length, budget),
        evidence: counts.slice(0, EVIDENCE).map((each) => evidenceOf(scene, context, each)),
        stacks: stacksOf({ compile: worst.stack, create: context.createStack }),
      };
    }
  },
};

const EVIDENCE = 4;
const WORDS = { compile: 'compiling a module', instantiate: 'instantiating a module' } as const;

function worstOf(blockings: readonly BlockingFacts[]): BlockingFacts | undefined {
  return blockings.reduce<BlockingFacts | undefined>(
    (worst, each) => (worst === undefined || each.micros > worst.micros ? each : worst),
    undefined,
  );
}

function messageOf(
  context: ContextFacts,
  worst: BlockingFacts,
  count: number,
  budget: number,
): string {
  const others = count > 1 ? `, the longest of ${counted(count, 'such time')}` : '';
  const whose = worst.node === undefined ? '' : ` for ${nodeLabel(worst.node)}`;
  return `${contextLabel(context)}: ${WORDS[worst.what]}${whose} took ${timeWords(worst)} of its rendering thread while it ran${others}; a quantum lasts ${durationWords(budget)}.`;
}

function evidenceOf(scene: Scene, context: ContextFacts, blocking: BlockingFacts) {
  const what = `${WORDS[blocking.what]} took ${timeWords(blocking)} (frame ${blocking.frame})`;
  return scene.evidence(context.document, blocking, what);
}

/** `12 ms ± 1 ms` */
function timeWords({ micros, uncertainty }: BlockingFacts): string {
  return `${durationWords(micros)} ± ${durationWords(uncertainty)}`;
}
