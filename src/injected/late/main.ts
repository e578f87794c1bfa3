import { MAIN_THREAD } from '../../shared/units.ts';
import type { HandOver } from '../hand-over.ts';
import type { Late } from '../late-part.ts';
import { hearAnnotations } from './annotations.ts';
import { Collector } from './collector.ts';
import type { LateObservation } from './late-observation.ts';
import { NodeEntries } from './node-entries.ts';
import { observeNodes } from './nodes.ts';
import { observePageEvents } from './page-events.ts';
import { preparePassing } from './passing.ts';
import { observePorts } from './ports.ts';
import { observeWires } from './wires.ts';

/**
 * Begins everything that no page needs before its first `addModule` has resolved. The build wraps this bundle
 * so that it evaluates no built-in of the page's, which may have replaced them by now.
 */
export function start(early: HandOver): Late {
  const { channel, realm, recorder } = early;
  const collector = new Collector(realm, recorder, channel.send);
  const observation: LateObservation = { ...early, collector, nodes: new NodeEntries() };
  const named = observeNodes(observation, observePorts(observation));
  observeWires(observation);
  observePageEvents(observation);
  return {
    annotations: hearAnnotations(observation, named),
    pass: preparePassing(observation),
    obey: (command) => collector.obey(command),
    takeOver() {
      const count = recorder.handOver((name, seq, at, fields) =>
        collector.write(name, seq, at, fields),
      );
      if (count > 0) recorder.record('lost', { thread: MAIN_THREAD, count, why: 'history-limit' });
      if (recorder.recording) collector.resume();
    },
  };
}
