import { contextLabel, nodeLabel } from '../../analysis/labels.ts';
import type { InterventionFacts } from '../../analysis/model.ts';
import { CATEGORY, type HappeningWriter } from './happenings.ts';

/** What stress teardown did: a slice as long as it lasted, an instant where it took no time. */
export function writeInterventions(out: HappeningWriter): void {
  const lanes = laneInterventions(out.document.interventions);
  for (const [lane, interventions] of lanes.entries()) {
    const track = out.tracks.stress(out.document, lane);
    for (const each of interventions) writeIntervention(out, track, each);
  }
}

function writeIntervention(out: HappeningWriter, track: number, each: InterventionFacts): void {
  const from = out.time(each.at);
  const name = `stress: ${each.action}`;
  const args = {
    seed: each.seed,
    step: each.step,
    micros: each.micros,
    node: each.node && nodeLabel(each.node),
    context: each.context && contextLabel(each.context),
    thread: out.document.threads.get(each.thread)?.name,
  };
  if (each.micros === 0) out.instant(track, from, name, CATEGORY.stress, args);
  else out.slice(track, from, out.time(each.at + each.micros), name, CATEGORY.stress, args);
}

/** In as many lanes as are needed for none to reach into another. */
export function laneInterventions(
  interventions: readonly InterventionFacts[],
): readonly (readonly InterventionFacts[])[] {
  const lanes: { until: number; readonly held: InterventionFacts[] }[] = [];
  for (const each of interventions.toSorted((a, b) => a.at - b.at)) {
    let lane = lanes.find(({ until }) => until <= each.at);
    if (lane === undefined) {
      lane = { until: 0, held: [] };
      lanes.push(lane);
    }
    lane.until = each.at + each.micros;
    lane.held.push(each);
  }
  return lanes.map(({ held }) => held);
}
