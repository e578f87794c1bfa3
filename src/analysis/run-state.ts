import type { ContextMethod, ContextState } from '../shared/records.ts';
import type { ContextFacts, Point } from './model.ts';
import { comparePoints } from './point.ts';

/** What the resolution of a call says of the state; the `statechange` event follows it. */
const STATE_BY_METHOD = {
  suspend: 'suspended',
  resume: 'running',
  close: 'closed',
  startRendering: undefined,
} as const satisfies { readonly [M in ContextMethod]: ContextState | undefined };

/** The state of a context at a point, as its page had seen it by then. */
export function stateAt(context: ContextFacts, point: Point): ContextState {
  let state: ContextState = 'suspended';
  let since: Point | undefined;
  for (const each of context.states) {
    if (comparePoints(each, point) > 0) break;
    state = each.state;
    since = each;
  }
  for (const { method, settled } of context.calls) {
    const told = STATE_BY_METHOD[method];
    if (told === undefined || settled?.outcome !== 'resolved') continue;
    if (comparePoints(settled, point) > 0) continue;
    if (since !== undefined && comparePoints(settled, since) < 0) continue;
    state = told;
    since = settled;
  }
  return state;
}

export function stateNow(context: ContextFacts): ContextState {
  if (context.closed !== undefined) return 'closed';
  return context.states.at(-1)?.state ?? 'suspended';
}

/** Whether a call that starts the context was under way: then nobody can tell whether it ran. */
export function isStarting(context: ContextFacts, point: Point): boolean {
  return context.calls.some(
    ({ method, called, settled }) =>
      (method === 'resume' || method === 'startRendering') &&
      comparePoints(called, point) < 0 &&
      (settled === undefined || comparePoints(settled, point) > 0),
  );
}

/** Whether the context rendered anything at all, as far as was seen. */
export function everRan(context: ContextFacts): boolean {
  return context.lastFrame > 0 || context.states.some(({ state }) => state === 'running');
}

/** Whether the context ran at some time before a point. */
export function ranBefore(context: ContextFacts, point: Point): boolean {
  return context.states.some(
    (each) => comparePoints(each, point) <= 0 && (each.state === 'running' || each.frame > 0),
  );
}
