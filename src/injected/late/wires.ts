import { apply, toStringTag, weakMapGet } from '../../base/intrinsics.ts';
import { dataProperty } from '../../shared/describe-error.ts';
import type { NodeId } from '../../shared/units.ts';
import type { LateObservation } from './late-observation.ts';
import type { NodeEntry } from './node-entries.ts';

const NOWHERE = 0 as NodeId;

interface Target {
  readonly node: NodeId;
  /** Names the AudioParam; empty where the target is a node. */
  readonly param: string;
}

/**
 * Watches `connect` and `disconnect` in every overload. A native node gets an id when it is first wired
 * to a worklet node; wires between two nodes that both have one are recorded too, so that the chain
 * around a worklet can be told.
 */
export function observeWires({ stubs, entities, nodes, recorder }: LateObservation): void {
  const targetOf = (value: unknown): { entry: NodeEntry | undefined; param: string } => {
    const param = weakMapGet(nodes.params, value as object);
    return param
      ? { entry: param.owner, param: param.name }
      : { entry: nodes.of(value), param: '' };
  };

  /** Gives a native node (or an AudioParam of one) an id. */
  const neighbour = (value: object, beside: NodeEntry): NodeEntry | undefined => {
    const entry = nodes.add(value as AudioNode, beside.context, false);
    const type = dataProperty(value, toStringTag);
    if (entry)
      recorder.record('neighbourSeen', { context: beside.context.id, node: entry.id, type });
    return entry;
  };

  const ends = (self: object, value: object): { source: NodeId; target: Target } | undefined => {
    let source = nodes.of(self);
    const { entry, param } = targetOf(value);
    let target = entry;
    if (!source && target?.isWorklet) source = neighbour(self, target);
    if (!target && source?.isWorklet) target = neighbour(value, source);
    if (!source?.isWorklet && !target?.isWorklet) return undefined;
    return source && target && { source: source.id, target: { node: target.id, param } };
  };

  stubs.connect.trap = (native, self, args) => {
    const seq = recorder.next();
    const result = apply(native, self, args);
    recorder.guard(() => {
      const wire = ends(self as object, args[0] as object);
      if (!wire) return;
      const { source, target } = wire;
      const context = (nodes.of(self) as NodeEntry).context;
      recorder.record(
        'connected',
        {
          source,
          target: target.node,
          param: target.param,
          output: indexAt(args, 1),
          input: indexAt(args, 2),
          frame: entities.frameOf(context),
        },
        seq,
      );
    });
    return result;
  };

  stubs.disconnect.trap = (native, self, args) => {
    const result = apply(native, self, args);
    const source = nodes.of(self);
    if (!source) return result;
    recorder.guard(() => {
      const named = args.length > 0 && typeof args[0] === 'object' && args[0] !== null;
      const { entry, param } = named ? targetOf(args[0]) : { entry: undefined, param: '' };
      if (named && (!entry || !(entry.isWorklet || source.isWorklet))) return;
      recorder.record('disconnected', {
        source: source.id,
        what: overloadOf(args, named),
        target: entry?.id ?? NOWHERE,
        param,
        output: indexAt(args, named ? 1 : 0),
        input: indexAt(args, 2),
        frame: entities.frameOf(source.context),
        stack: recorder.stack(),
      });
    });
    return result;
  };
}

function overloadOf(args: readonly unknown[], named: boolean) {
  if (args.length === 0) return 'all';
  if (!named) return 'output';
  return args.length === 1 ? 'target' : args.length === 2 ? 'target-output' : 'target-output-input';
}

/** An output or input number as the native call took it; conversions of objects are not repeated. */
function indexAt(args: readonly unknown[], at: number): number {
  const value = args.length > at ? args[at] : 0;
  return typeof value === 'number' || typeof value === 'string' ? +value || 0 : 0;
}
