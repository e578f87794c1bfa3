import type { ContextFacts, InterventionFacts, Point } from './model.ts';
import { comparePoints } from './point.ts';

/** The page hears of the device's underruns once a second at the least. */
const HEARD_LATE_MICROS = 2e6;

/**
 * Whether what the device complains of by `at` may be the doing of stress teardown, which keeps an audio
 * rendering thread busy or has it stand still. What may be ours is not held against the page.
 */
export function mayBeStress(context: ContextFacts, at: number): boolean {
  return interventionsIn(context).some(
    (each) => at >= each.at && at <= each.at + each.micros + HEARD_LATE_MICROS,
  );
}

/**
 * Whether a context that stands still at a point does so because stress teardown has suspended it: it suspends only
 * what runs, so without it the context would run, unless the page has called something on it since.
 */
export function standsByStress(context: ContextFacts, point: Point): boolean {
  const suspended = interventionsIn(context)
    .filter((each) => each.action === 'suspend' && comparePoints(each, point) <= 0)
    .at(-1);
  if (suspended === undefined) return false;
  return !context.calls.some(
    ({ called }) => comparePoints(called, suspended) > 0 && comparePoints(called, point) < 0,
  );
}

function interventionsIn(context: ContextFacts): readonly InterventionFacts[] {
  return context.document.interventions.filter(
    (each) => each.action !== 'nothing' && each.context === context,
  );
}
