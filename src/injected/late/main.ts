import { IntrinsicMap } from '../../base/intrinsics.ts';
import { numberMemories } from '../../hooks/memory-numbers.ts';
import { ledgerOf } from '../../shared/block-ledger.ts';
import { stackOfError } from '../../shared/error-stack.ts';
import type { Settings } from '../../shared/settings.ts';
import { MAIN_THREAD } from '../../shared/units.ts';
import type { HandOver } from '../hand-over.ts';
import type { Late } from '../late-part.ts';
import { hearAnnotations } from './annotations.ts';
import { observeMainAtomics } from './atomics.ts';
import { Collector } from './collector.ts';
import { hearCompilations } from './compilations.ts';
import { observePageGrowth } from './growth.ts';
import type { LateObservation } from './late-observation.ts';
import { NodeEntries } from './node-entries.ts';
import { observeNodes } from './nodes.ts';
import { observePageEvents } from './page-events.ts';
import { preparePassing } from './passing.ts';
import { observePorts } from './ports.ts';
import { loadRewriter, type Rewriter } from './rewriter.ts';
import { Stress } from './stress.ts';
import { observeWires } from './wires.ts';
import { observeWorkerThreads } from './worker-threads.ts';

/** Stands in no frame, so that the stack of a fault keeps ours. */
const NOWHERE = '\n';

/**
 * Begins everything that no page needs before its first `addModule` has resolved. The build wraps this bundle
 * so that it evaluates no built-in of the page's, which may have replaced them by now.
 */
export function start(early: HandOver): Late {
  const { channel, memories, realm, recorder } = early;
  recorder.stackOf = (error) => `\n${stackOfError(error, NOWHERE)}`;
  const numbered = numberMemories(memories);
  const collector = new Collector(realm, recorder, channel.send);
  const unheard: Omit<LateObservation, 'atomics'> = {
    ...early,
    collector,
    nodes: new NodeEntries(),
    stress: { seed: 0 },
    ledger: ledgerOf(MAIN_THREAD, numbered.numberOf),
    heaps: {
      level: 'ledger',
      blocks: undefined,
      name: undefined,
      map: undefined,
      forms: undefined,
      hasOriginals: false,
      checks: undefined,
      unchecked: new IntrinsicMap(),
      quarantineBytes: 0,
      rewriteFor: undefined,
    },
    natives: { notify: undefined, waitAsync: undefined },
    threads: new IntrinsicMap(),
    heardEnds: new IntrinsicMap(),
  };
  const { observer: atomics, replace: replaceAtomic } = observeMainAtomics(unheard, memories);
  const observation: LateObservation = { ...unheard, atomics };
  const named = observeNodes(observation, observePorts(observation));
  observeWires(observation);
  observePageGrowth(observation, { ...numbered, replaceAtomic });
  observePageEvents(observation);
  hearCompilations(observation);
  const workers = observeWorkerThreads(observation);
  let annotations = hearAnnotations(observation, named);
  let isConfigured = false;
  let stress: Stress | undefined;
  let rewriter: Rewriter | undefined;
  /** What was said first holds: a document is stressed from its first context on, or never. */
  const configure = ({ stress: seed, memory, quarantine }: Settings): void => {
    if (!isConfigured && memory !== 'ledger') {
      observation.heaps.quarantineBytes = quarantine * 2 ** 20;
      rewriter = loadRewriter(observation, memory);
    }
    if (!isConfigured && seed > 0) {
      observation.stress.seed = seed;
      stress = new Stress(observation, seed);
      annotations = stress.hearBefore(annotations, named);
    }
    if (!isConfigured) workers.decided();
    isConfigured = true;
    if (stress) stress.isOn = seed === observation.stress.seed;
  };
  const pass = preparePassing(observation);
  return {
    ...workers,
    get annotations() {
      return annotations;
    },
    get isReady() {
      return isConfigured && rewriter?.isReady !== false;
    },
    pass(context, entry, name, add, done) {
      const go = (): void => {
        recorder.guard(() => pass(context, entry, name));
        done();
      };
      if (rewriter) rewriter.addTo(add, go);
      else go();
    },
    obey(command) {
      if (command.kind === 'configure') configure(command.settings);
      collector.obey(command);
    },
    takeOver() {
      const count = recorder.handOver((name, seq, at, fields) =>
        collector.write(name, seq, at, fields),
      );
      if (count > 0) recorder.record('lost', { thread: MAIN_THREAD, count, why: 'history-limit' });
      if (recorder.recording) collector.resume();
    },
  };
}
