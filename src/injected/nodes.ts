import {
  getOwnPropertyDescriptor,
  IntrinsicFinalizationRegistry,
  IntrinsicMap,
  mapGet,
  mapSet,
  registerFinalizer,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import { constructAs, type Native } from '../base/patch.ts';
import { describeError } from '../shared/describe-error.ts';
import type { NodeId, Ordinal, Seq } from '../shared/units.ts';
import { recogniseEmscripten } from './emscripten.ts';
import type { ContextEntry, NodeEntry } from './entities.ts';
import type { Observation } from './observation.ts';
import { getterOf, interfaceOf } from './page-realm.ts';
import type { PortObserver } from './ports.ts';
import { digestValue } from './value-digest.ts';

/** Worklet nodes by the name of their processor, for annotations that name no object. */
export interface NodesByName {
  /** `name` finds the newest node of that name, `name#k` the k-th, counted from 1. */
  find(mark: string): NodeEntry | undefined;
}

/** Watches worklet nodes: construction (subclasses too), refusals, error events, collection. */
export function observeNodes(observation: Observation, ports: PortObserver): NodesByName {
  const { patches, entities, recorder, realm } = observation;
  const { natives } = entities;
  const named = new NodeNames();
  const reasonOf = takeReason();

  const collected = new IntrinsicFinalizationRegistry<NodeId>((node) =>
    recorder.record('nodeCollected', { node }),
  );

  const constructed = (
    node: AudioWorkletNode,
    context: ContextEntry,
    args: readonly unknown[],
    newTarget: Native,
    seq: Seq,
  ): void => {
    const ordinal = context.nodes++ as Ordinal;
    const entry = entities.addNode(node, context, true);
    if (!entry) return;
    const processorName = nameOf(args);
    const options = args.length > 2 ? processorOptionsOf(args[2]) : undefined;
    const digest = options === undefined ? undefined : digestValue(options);
    const glue = recogniseEmscripten(options, context.emscripten);
    if (glue.role === 'bootstrap') context.emscripten = true;
    entry.memory = glue.role === 'no' ? (digest?.memory ?? 'none') : 'wasm';
    named.add(processorName, entry);
    registerFinalizer(collected, node, entry.id);
    recorder.record(
      'nodeCreated',
      {
        context: context.id,
        node: entry.id,
        ordinal,
        processorName,
        className: classNameOf(newTarget),
        numberOfInputs: natives.numberOfInputs(node),
        numberOfOutputs: natives.numberOfOutputs(node),
        emscripten: glue.role,
        userData: glue.userData,
        callback: glue.callback,
        memory: entry.memory,
        options: digest?.preview ?? '',
        frame: entities.frameOf(context),
        stack: recorder.stack(),
      },
      seq,
    );
    ports.observe(natives.port(node), entry);
    natives.eachParameter(node, (param, name) =>
      weakMapSet(entities.params, param, { owner: entry, name }),
    );
    const failed = (event: Event): void =>
      recorder.guard(() => {
        recorder.record('processorErrorEvent', { node: entry.id, reason: reasonOf(event) });
      });
    // Chromium's event has the type `error`, the specification's is `processorerror`.
    realm.listen(node, 'error', failed);
    realm.listen(node, 'processorerror', failed);
  };

  patches.constructible(globalThis, 'AudioWorkletNode', (native, args, newTarget) => {
    const context = args.length > 0 ? weakMapGet(entities.contexts, args[0] as object) : undefined;
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
      if (context) constructed(node as AudioWorkletNode, context, args, newTarget, seq);
      else recorder.record('uncovered', { what: 'cross-realm', detail: FOREIGN_CONTEXT });
    });
    return node;
  });

  return named;
}

/** What a processor error event says: the message, and where it was thrown. */
function takeReason(): (event: Event) => string {
  const [messageOf, fileOf, lineOf] = (['message', 'filename', 'lineno'] as const).map((name) =>
    getterOf<Event, string>(interfaceOf('ErrorEvent'), name),
  );
  return (event) => {
    const file = fileOf?.(event);
    return `${messageOf?.(event)}${file ? ` (${file}:${lineOf?.(event)})` : ''}`;
  };
}

const FOREIGN_CONTEXT =
  'A worklet node was made in a context of another frame: it and its processor are not seen.';

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

/** Nodes of a document that can be found again by name. */
const MAX_KEPT = 50_000;
/** Stands where the number of the newest node of a name would: `drone#`. */
const NEWEST = '';

class NodeNames implements NodesByName {
  readonly #nodes = new IntrinsicMap<string, NodeEntry>();
  readonly #counts = new IntrinsicMap<string, number>();
  #kept = 0;

  add(name: string, entry: NodeEntry): void {
    if (++this.#kept > MAX_KEPT) return;
    const which = (mapGet(this.#counts, name) ?? 0) + 1;
    mapSet(this.#counts, name, which);
    mapSet(this.#nodes, `${name}#${NEWEST}`, entry);
    mapSet(this.#nodes, `${name}#${which}`, entry);
  }

  find(mark: string): NodeEntry | undefined {
    return mapGet(this.#nodes, `${mark}#${NEWEST}`) ?? mapGet(this.#nodes, mark);
  }
}

function nameOf(args: readonly unknown[]): string {
  const name = args.length > 1 ? args[1] : '';
  return typeof name === 'string' ? name : '(not a string)';
}

/** Read as data only; the native constructor has cloned it, so nothing in it is a `Proxy`. */
function processorOptionsOf(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return undefined;
  return getOwnPropertyDescriptor(options, 'processorOptions')?.value;
}

function classNameOf(newTarget: Native): string {
  const name: unknown = getOwnPropertyDescriptor(newTarget, 'name')?.value;
  return typeof name === 'string' && name !== '' ? name : 'AudioWorkletNode';
}
