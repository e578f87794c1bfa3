import type { Evidence } from '../finding.ts';
import type { ContextFacts, QuantumStats } from '../model.ts';
import {
  contextEntity,
  contextLabel,
  counted,
  durationWords,
  type Scene,
  stacksOf,
} from '../scene.ts';
import { mayBeStress } from '../stress.ts';
import { type Rule, SPEC } from './rule.ts';

type Second = QuantumStats['seconds'][number];

export const quantumOverrun: Rule = {
  id: 'quantum-overrun',
  severity: 'warning',
  title: 'process() takes longer than a quantum lasts',
  explain:
    'In a real-time context over one per cent of a second’s render quanta took longer in process() than they last, or the device reported underruns: listeners hear glitches. Quanta are timed in a sample, so only what the sample proves counts, or a second in which most timed quanta are late. Underruns alone are only a hint where process() never took a large part of the budget: then something else held the machine up.',
  help: 'Do less in process(): no allocation, no messages, no compilation; move work to a worker and pull its result from a ring buffer.',
  link: `${SPEC}#rendering-loop`,
  *find(scene) {
    for (const context of scene.contexts()) {
      if (context.kind !== 'realtime') continue;
      const late = context.quanta.seconds.filter((second) => isLate(second, context, scene));
      const underruns = context.underruns.filter(
        ({ events, at }) => events > 0 && !mayBeStress(context, at),
      );
      const times = [...late, ...underruns]
        .map(({ at }) => scene.time(context.document, at))
        .sort((a, b) => a - b);
      const [first] = times;
      const last = times.at(-1);
      if (first === undefined || last === undefined) continue;
      const over = sum(late.map((second) => second.over));
      const events = sum(underruns.map((underrun) => underrun.events));
      const blamed = late.length > 0 || isBusy(context, scene);
      yield {
        entity: contextEntity(context),
        severity: blamed ? 'warning' : 'info',
        certainty: underruns.length > 0 ? 'proven' : 'likely',
        count: over + events,
        first,
        last,
        message: messageOf(context, late, over, events, blamed),
        evidence: evidenceOf(scene, context, late, underruns),
        stacks: stacksOf({ create: context.createStack }),
      };
    }
  },
};

/** Either the late quanta that were timed are over the share of all, or most timed ones are late. */
function isLate({ over, timed }: Second, context: ContextFacts, scene: Scene): boolean {
  const { overrunShare, overrunQuanta } = scene.thresholds;
  if (over < overrunQuanta) return false;
  const quanta = context.sampleRate / context.quantumFrames;
  return over > quanta * overrunShare || over > timed / 2;
}

/** Whether process() took so much of some second that it may well be why the device ran dry. */
function isBusy(context: ContextFacts, scene: Scene): boolean {
  const budget = (context.quantumFrames * 1e6) / context.sampleRate;
  return context.quanta.seconds.some(
    ({ timed, totalMicros }) => totalMicros > timed * budget * scene.thresholds.busyShare,
  );
}

function messageOf(
  context: ContextFacts,
  late: readonly Second[],
  over: number,
  events: number,
  blamed: boolean,
): string {
  const words: string[] = [];
  const budget = durationWords((context.quantumFrames / context.sampleRate) * 1e6);
  if (late.length > 0) {
    const worst = durationWords(late.reduce((most, each) => Math.max(most, each.worstMicros), 0));
    words.push(
      `in ${counted(late.length, 'second')} ${over} timed quanta took longer in process() than the ${budget} they last, the worst ${worst}`,
    );
  }
  if (events > 0) words.push(`the device reported ${counted(events, 'underrun')}`);
  if (!blamed)
    words.push('process() took little of the budget, so something else held the device up');
  return `${contextLabel(context)}: ${words.join('; ')}.`;
}

function evidenceOf(
  scene: Scene,
  context: ContextFacts,
  late: readonly Second[],
  underruns: ContextFacts['underruns'],
): readonly Evidence[] {
  const { document } = context;
  const thread = context.audioThread?.name ?? 'audio rendering thread';
  const worst = late.reduce<Second | undefined>(
    (most, each) => (most === undefined || each.worstMicros > most.worstMicros ? each : most),
    undefined,
  );
  const first = underruns[0];
  const evidence: Evidence[] = [];
  if (worst !== undefined) {
    evidence.push({
      at: scene.time(document, worst.at),
      thread,
      what: `second ${worst.second} of context time: ${worst.over} of ${worst.timed} timed quanta over budget, the worst ${durationWords(worst.worstMicros)}`,
    });
  }
  if (first !== undefined) {
    evidence.push(scene.evidence(document, first, `${counted(first.events, 'underrun')} reported`));
  }
  return evidence;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
