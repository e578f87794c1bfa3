import type { Frames } from '../../shared/units.ts';
import { firstFarewell } from '../farewells.ts';
import { callsAfter, mayHaveLostRecords } from '../order.ts';
import { counted, durationWords, nodeEntity, nodeLabel, stacksOf } from '../scene.ts';
import { type Rule, SPEC } from './rule.ts';

/** Calls that stand still for longer than this have ended, whatever they answered last. */
const SILENT_SECONDS = 0.5;

export const zombieProcessor: Rule = {
  id: 'zombie-processor',
  severity: 'warning',
  title: 'A detached processor goes on running',
  explain:
    'The node has been detached for over a second of running context time, its process() is still called and still answers true: it costs time in every quantum and is never collected. Only a hint where the node was ever connected again, as pools do.',
  help: 'Let process() return false when the processor has nothing left to do: post it a stop message when the node is let go, or return whether any input is connected.',
  link: `${SPEC}#AudioWorkletProcessor`,
  *find(scene) {
    for (const node of scene.haunting) {
      const { calls, context, document } = node;
      if (calls.length === 0 || calls.trailingFalse > 0) continue;
      const farewell = firstFarewell(node, ['detached']);
      if (farewell === undefined || mayHaveLostRecords(node, farewell)) continue;
      const last = calls.at(calls.length - 1);
      if (last === undefined || last.returned !== 'true') continue;
      const { index, certainty } = callsAfter(node, farewell, scene.thresholds);
      const first = calls.at(index);
      if (first === undefined) continue;
      const since = Math.min(first.frame, Math.max(farewell.frame, 0)) as Frames;
      const ran = (last.frame - since) / context.sampleRate;
      const silent = (context.lastFrame - last.frame) / context.sampleRate;
      if (ran <= scene.thresholds.zombieSeconds || silent > SILENT_SECONDS) continue;
      const pooled = node.reconnections > 0;
      const count = calls.length - index;
      yield {
        entity: nodeEntity(node),
        severity: pooled ? 'info' : 'warning',
        certainty: certainty === 'proven' && !pooled ? 'proven' : 'likely',
        count,
        first: scene.time(document, first.at),
        last: scene.time(document, last.at),
        message: `${nodeLabel(node)} was detached ${durationWords(ran * 1e6)} of context time ago, yet its process() was called ${counted(count, 'time')} since and still returns true.${pooled ? ' It was connected again before, so it may be waiting in a pool.' : ''}`,
        evidence: [
          scene.evidence(document, node.created, 'the node was created'),
          scene.farewellEvidence(node, farewell),
          scene.callEvidence(node, first, 'the first call after that'),
          scene.callEvidence(node, last, 'the last call seen so far'),
        ],
        stacks: stacksOf({ create: node.createStack, destroy: farewell.stack }),
      };
    }
  },
};
