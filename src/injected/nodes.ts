import { weakMapGet } from '../base/intrinsics.ts';
import { constructAs, type Native } from '../base/patch.ts';
import { describeError } from '../shared/describe-error.ts';
import type { Seq } from '../shared/units.ts';
import type { ContextEntry } from './entities.ts';
import type { Observation } from './observation.ts';

/** What the late part does with a node that was constructed. `seq` is from before. */
export type NodeConstructed = (
  node: AudioWorkletNode,
  context: ContextEntry,
  args: readonly unknown[],
  newTarget: Native,
  seq: Seq,
) => void;

export interface NodeConstruction {
  readonly native: Native;
  constructed: NodeConstructed | undefined;
}

/** Watches how worklet nodes are constructed, subclasses too, and refused. */
export function observeNodeConstruction(observation: Observation): NodeConstruction {
  const { patches, entities, recorder } = observation;
  const replaced = patches.constructible(
    globalThis,
    'AudioWorkletNode',
    (native, args, newTarget) => {
      const context =
        args.length > 0 ? weakMapGet(entities.contexts, args[0] as object) : undefined;
      const seq = recorder.next();
      let node: object;
      try {
        node = constructAs(native, args, newTarget);
      } catch (error) {
        recorder.guard(() => {
          if (context) recordRefusal(observation, context, nameOf(args), error);
        });
        throw error;
      }
      recorder.guard(() => {
        if (!context) recorder.record('uncovered', { what: 'cross-realm', detail: '' });
        else construction.constructed?.(node as AudioWorkletNode, context, args, newTarget, seq);
      });
      return node;
    },
  );
  const construction: NodeConstruction = {
    native: replaced?.native as Native,
    constructed: undefined,
  };
  return construction;
}

function recordRefusal(
  { recorder, entities }: Observation,
  context: ContextEntry,
  processorName: string,
  error: unknown,
): void {
  recorder.record('nodeRefused', {
    context: context.id,
    processorName,
    contextState: entities.stateOf(context),
    reason: describeError(error),
    stack: recorder.stack(),
  });
}

/** The name of the processor among the arguments of a construction. */
export function nameOf(args: readonly unknown[]): string {
  const name = args.length > 1 ? args[1] : '';
  return typeof name === 'string' ? name : '(not a string)';
}
